"""Measures a For You page whose feed is not built (a miss), everything else being in the caches: CPU of the process for
the whole request behind the HTTP server, against the same commands and statements asked raw.
"""

from typing import Final

from perf.paths import recorded
from perf.readings import Reading
from perf.servers.stage import Stage

PEOPLE: Final = 40


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    timed = recorded.measure(stage, stage.people()[:PEOPLE], _forget_feeds, rounds, planted)
    title = f"For You, a miss ÷ its {timed.redis_trips:.0f} trips and {timed.statements:.0f} statements raw"
    return Reading("miss", title, timed.ratio, timed.own_us, timed.raw_us)


def _forget_feeds(stage: Stage) -> None:
    """And the places of what is explored: once all had theirs, later builds would be told less than those recorded."""
    feeds = [("DEL", f"feed:{user_id}") for user_id in stage.user_ids(PEOPLE)]
    unplaced = ("ZUNIONSTORE", "explore", 1, "explore", "WEIGHTS", 0)
    stage.redis_many([("SELECT", recorded.DB), *feeds, unplaced])
