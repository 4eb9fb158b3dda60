"""Measures the hot reads of the process in front (`kinora edge`): CPU of that process a request, For You (a hit) and
Trending, each against a constant answer of as many bytes by the same process: parser, limit, metrics, access log and
trace are paid for by both.
"""

from perf.paths.asked import FOR_YOU, TRENDING, for_you
from perf.readings import Reading
from perf.servers.apps import CANNED
from perf.servers.rounds import Side, compare, middle
from perf.servers.stage import Stage


def measure_for_you(stage: Stage, rounds: int, planted: bool) -> Reading:
    asking = for_you(stage, planted=False)
    body = asking.server.get(FOR_YOU, stage.token())
    return _measure(stage, "for-you-edge", "For You, a hit", asking, body, rounds, planted)


def measure_trending(stage: Stage, rounds: int, planted: bool) -> Reading:
    asking = Side(stage.server("product"), TRENDING, None)
    return _measure(stage, "trending-edge", "Trending", asking, asking.server.get(TRENDING), rounds, planted)


def _measure(stage: Stage, name: str, title: str, asking: Side, body: bytes, rounds: int, planted: bool) -> Reading:
    """`asking` is what is asked, of the application behind."""
    path = stage.folder / f"{name}.body"
    path.write_bytes(body)
    plant = {"PERF_PLANT": asking.path} if planted else {}
    front = stage.edge(f"{name}-planted" if planted else name, asking.server, PERF_BODY=str(path), **plant)
    measured = Side(front, asking.path, asking.tokens, asking.people)
    pair = compare(stage, measured, Side(front, CANNED, None), rounds)
    return Reading(
        name,
        f"{title}, by the process in front ÷ {len(body) / 1000:.0f} KB canned by it",
        pair.ratio(lambda cost: cost.cpu_us),
        middle(pair.measured).cpu_us,
        middle(pair.against).cpu_us,
    )
