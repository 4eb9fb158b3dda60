"""A For You page whose cards are in the process to 100, 90 and 50 %: pages by chance from feeds that together hold all
videos, with a card cache of that share of all cards. What is shown is the share that was really hit, from the metrics.
"""

import re
from typing import Final

from perf.curves.point import Curve, Point
from perf.paths.asked import FOR_YOU
from perf.servers.rounds import Side, one_round, warm
from perf.servers.spread import spread
from perf.servers.stage import Server, Stage

SHARES: Final = (4.0, 0.9, 0.5)  # of what all cards take; the first is more than enough
BESIDE_BYTES: Final = 200  # of each card held, beside its own: found by trying
SECONDS: Final = 4
COUNTED: Final = re.compile(rb'^kinora_cards_total\{where="(process|redis)"\} ([0-9.e+]+)$', re.MULTILINE)


def curve(stage: Stage) -> Curve:
    spread(stage)
    people = stage.people()
    cards = stage.keys_like("card:*")
    sizes = stage.redis_many([("STRLEN", key) for key in cards])
    whole = sum(size + BESIDE_BYTES for size in sizes if isinstance(size, int))
    points = []
    for share in SHARES:
        server = stage.server("product", f"hits-{share}", KINORA_CARD_CACHE_BYTES=str(int(whole * share)))
        warm(Side(server, FOR_YOU, stage.tokens, len(people)))
        side = Side(server, FOR_YOU, stage.tokens, len(people), by_chance=True)
        before = _counted(server)
        cost = one_round(stage, side, seconds=SECONDS)
        after = _counted(server)
        process, redis = (after[where] - before[where] for where in ("process", "redis"))
        points.append(Point(f"{process / (process + redis):.0%}", cost))
        stage.stop(f"hits-{share}")
    return Curve("cards found in the process", points)


def _counted(server: Server) -> dict[str, float]:
    return {where.decode(): float(count) for where, count in COUNTED.findall(server.get("/metrics"))}
