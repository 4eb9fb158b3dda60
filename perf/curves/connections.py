"""A For You page over 1 to 1,000 connections, all of them busy all the time."""

from typing import Final

from perf.curves.point import Curve, Point
from perf.paths.asked import for_you
from perf.servers.rounds import one_round, warm
from perf.servers.stage import Stage

CONNECTIONS: Final = (1, 8, 64, 250, 1000)


def curve(stage: Stage) -> Curve:
    side = for_you(stage, planted=False)
    warm(side)
    points = [Point(f"{count}", one_round(stage, side, count)) for count in CONNECTIONS]
    return Curve("connections", points)
