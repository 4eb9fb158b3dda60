"""A For You page while cards change: 1, 100 and 10,000 a second, each heard by the process that holds it and read again
when a page needs it. What is shown is how many changed a second indeed; Valkey's share has the writes in it.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from perf.curves.point import Curve, Point
from perf.paths.asked import for_you
from perf.servers.rounds import one_round, warm
from perf.servers.stage import Stage

PER_S: Final = (0, 1, 100, 10_000)
STEP_S: Final = 0.02
CARDS: Final = 5_000  # that change, drawn once from all
SEED: Final = 20_260_101


def curve(stage: Stage) -> Curve:
    side = for_you(stage, planted=False)
    warm(side)
    cards = _some(stage)
    points = []
    for per_s in PER_S:
        with _changing(stage, cards, per_s) as changed:
            began_s, before = time.monotonic(), changed["cards"]
            cost = one_round(stage, side)
            came_to = (changed["cards"] - before) / (time.monotonic() - began_s)
        points.append(Point(f"{came_to:.0f}/s", cost))
    return Curve("card changes", points)


def _some(stage: Stage) -> list[tuple[bytes, bytes]]:
    """Keys of cards, and what they hold: written again, they are changes to whoever holds them."""
    dice = random.Random(SEED)
    keys = stage.keys_like("card:*")
    chosen = dice.sample(keys, min(CARDS, len(keys)))
    held = stage.redis_many([("GET", key) for key in chosen])
    return [(key, card) for key, card in zip(chosen, held, strict=True) if isinstance(card, bytes)]


@contextmanager
def _changing(stage: Stage, cards: list[tuple[bytes, bytes]], per_s: int) -> Iterator[Counter[str]]:
    """Changes that many a second, or as many as it can; what is given counts them."""
    over, changed = threading.Event(), Counter(cards=0)

    def change() -> None:
        began_s = time.monotonic()
        while not over.wait(STEP_S):
            due = int((time.monotonic() - began_s) * per_s) - changed["cards"]
            batch = [cards[(changed["cards"] + place) % len(cards)] for place in range(due)]
            if batch:
                stage.redis_many([("SET", key, card, "KEEPTTL") for key, card in batch])
            changed["cards"] += due

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield changed
    finally:
        over.set()
        thread.join()
