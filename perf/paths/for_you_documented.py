"""Measures a For You page that is in the caches: CPU of the server's processes a request, against plain Litestar and
redis-py under the same granian on the document's Redis layout (`perf.servers.documented`).

The pages of both are compared first, card by card.
"""

from perf.paths.asked import against_documented
from perf.readings import Reading
from perf.servers.rounds import middle
from perf.servers.stage import Stage


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    pair = against_documented(stage, rounds, planted)
    return Reading(
        "for-you-documented",
        "For You, a hit ÷ Litestar, redis-py, documented layout",
        pair.ratio(lambda cost: cost.cpu_us),
        middle(pair.measured).cpu_us,
        middle(pair.against).cpu_us,
    )
