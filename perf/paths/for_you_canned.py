"""Measures a For You page that is in the caches (a hit): CPU of the server's processes a request, against the same
granian answering the same number of constant bytes by raw ASGI, without a limit, metrics or a log.

Many people ask in turn over 64 connections; every answer must be a 200.
"""

from perf.paths.asked import FOR_YOU, canned, for_you
from perf.readings import Reading
from perf.servers.rounds import Side, compare, middle
from perf.servers.stage import Stage


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    side = for_you(stage, planted)
    body = side.server.get(FOR_YOU, stage.token())
    floor = Side(canned(stage, "canned-page", body), FOR_YOU, side.tokens)
    pair = compare(stage, side, floor, rounds)
    return Reading(
        "for-you-canned",
        f"For You, a hit ÷ {len(body) / 1000:.0f} KB canned by raw ASGI",
        pair.ratio(lambda cost: cost.cpu_us),
        middle(pair.measured).cpu_us,
        middle(pair.against).cpu_us,
    )
