"""Measures a For You page with nothing in any cache, rebuilt from SQL: CPU of the process for the whole request behind
the HTTP server, against its statements by bare asyncpg, and the commands that keep what was found, raw.
"""

from typing import Final

from perf.paths import recorded
from perf.readings import Reading
from perf.servers.stage import Stage

PEOPLE: Final = 20


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    timed = recorded.measure(stage, stage.people()[:PEOPLE], _forget_all, rounds, planted)
    title = f"For You from SQL ÷ its {timed.statements:.0f} statements and {timed.redis_trips:.0f} trips raw"
    return Reading("rebuild", title, timed.ratio, timed.own_us, timed.raw_us)


def _forget_all(stage: Stage) -> None:
    stage.redis_many([("SELECT", recorded.DB), ("FLUSHDB",)])
