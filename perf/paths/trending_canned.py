"""Measures Trending without a token: CPU of the server's processes a request, against a constant answer of as many
bytes by the same process through the same door: parser, limit, metrics, access log and trace are paid for by both.
"""

from perf.paths.asked import TRENDING
from perf.readings import Reading
from perf.servers.apps import CANNED
from perf.servers.rounds import Side, compare, middle
from perf.servers.stage import Stage


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    body = stage.folder / "trending.body"
    body.write_bytes(stage.server("product").get(TRENDING))
    more = {"PERF_PLANT": TRENDING} if planted else {}
    server = stage.server("doors", "doors-planted" if planted else "", PERF_BODY=str(body), **more)
    pair = compare(stage, Side(server, TRENDING, None), Side(server, CANNED, None), rounds)
    return Reading(
        "trending-canned",
        f"Trending ÷ {body.stat().st_size / 1000:.0f} KB canned through the same door",
        pair.ratio(lambda cost: cost.cpu_us),
        middle(pair.measured).cpu_us,
        middle(pair.against).cpu_us,
    )
