"""A For You page while cards change: 1, 100 and 10,000 a second, drawn from all of them, each heard by the process that
holds it and read again when a page needs it.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from perf.curves.point import Curve, Point
from perf.paths.asked import for_you
from perf.servers.rounds import one_round, warm
from perf.servers.stage import Stage

PER_S: Final = (0, 1, 100, 10_000)
STEP_S: Final = 0.02
CARDS: Final = 5_000  # that change, drawn anew for each curve
SEED: Final = 20_260_101


def curve(stage: Stage) -> Curve:
    side = for_you(stage, planted=False)
    warm(side)
    cards = _some(stage)
    points = []
    for per_s in PER_S:
        with _changing(stage, cards, per_s):
            points.append(Point(f"{per_s}/s", one_round(stage, side)))
    return Curve("card changes", points)


def _some(stage: Stage) -> list[tuple[bytes, bytes]]:
    """Keys of cards, and what they hold: written again, they are changes to whoever holds them."""
    dice = random.Random(SEED)
    keys = stage.keys_like("card:*")
    chosen = dice.sample(keys, min(CARDS, len(keys)))
    held = stage.redis_many([("GET", key) for key in chosen])
    return [(key, card) for key, card in zip(chosen, held, strict=True) if isinstance(card, bytes)]


@contextmanager
def _changing(stage: Stage, cards: list[tuple[bytes, bytes]], per_s: int) -> Iterator[None]:
    over = threading.Event()

    def change() -> None:
        began_s, changed = time.monotonic(), 0
        while not over.wait(STEP_S):
            due = int((time.monotonic() - began_s) * per_s) - changed
            batch = [cards[(changed + place) % len(cards)] for place in range(due)]
            if batch:
                stage.redis_many([("SET", key, card, "KEEPTTL") for key, card in batch])
            changed += due

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
