"""Measures what a For You page that is in the caches costs Valkey (its own accounting, INFO cpu), against what the
documented layout costs it for the same page: 44 commands, 20 of them HGETALL.
"""

from perf.paths.asked import against_documented
from perf.readings import Reading
from perf.servers.rounds import middle
from perf.servers.stage import Stage


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    pair = against_documented(stage, rounds, planted)
    return Reading(
        "redis-documented",
        "Valkey, a For You hit ÷ the documented layout",
        pair.ratio(lambda cost: cost.redis_us),
        middle(pair.measured).redis_us,
        middle(pair.against).redis_us,
    )
