"""A For You page from one API process and from two, on one core: what several cost, each with caches of its own."""

from typing import Final

import msgspec

from perf.curves.point import Curve, Point
from perf.paths.asked import for_you
from perf.servers.rounds import one_round, warm
from perf.servers.stage import Stage

PROCESSES: Final = (1, 2)


def curve(stage: Stage) -> Curve:
    side = for_you(stage, planted=False)
    points = []
    for count in PROCESSES:
        name = f"processes-{count}"
        server = stage.server("product", name, KINORA_API_PROCESSES=str(count))
        each = msgspec.structs.replace(side, server=server, people=side.people * count)
        warm(each)
        points.append(Point(f"{count}", one_round(stage, each)))
        stage.stop(name)
    return Curve("API processes", points)
