"""One figure of a whole path a file: each opens by saying what it measures, against what, and under which load.

Each `measure` takes the stage, the rounds, and whether the product is to work through each request twice.
"""

from collections.abc import Callable

from perf.paths import (
    around,
    edge,
    for_you_canned,
    for_you_documented,
    memory,
    miss,
    rebuild,
    redis_documented,
    redis_page,
    trending_canned,
)
from perf.readings import Reading
from perf.servers.stage import Stage

Measure = Callable[[Stage, int, bool], Reading]

PATHS: dict[str, Measure] = {
    "for-you-canned": for_you_canned.measure,
    "for-you-documented": for_you_documented.measure,
    "redis-documented": redis_documented.measure,
    "redis-page": redis_page.measure,
    "trending-canned": trending_canned.measure,
    "for-you-edge": edge.measure_for_you,
    "trending-edge": edge.measure_trending,
    "miss": miss.measure,
    "rebuild": rebuild.measure,
    "around": around.measure,
    "memory": memory.measure,
}
GATED = (
    "for-you-canned",
    "for-you-documented",
    "redis-documented",
    "trending-canned",
    "for-you-edge",
    "trending-edge",
    "miss",
    "rebuild",
)
"""Those that the gate holds: ratios within one run. Times and bytes alone are for `make perf`."""
