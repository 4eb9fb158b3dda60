"""The two rules by which Trending may rank: `documented-1`, and `velocity-1` (`app.core.velocity`)."""

from array import array
from typing import Protocol

import msgspec

from app.core import velocity
from app.core.clock import HOUR_MS
from app.core.config import TrendingRule
from app.ports.trending import Ledger, Standing
from hotpath import trending as kernel
from hotpath.pure import trending as documented

Entries = list[tuple[str, int]]
"""(video id, score), best first."""


class Term(msgspec.Struct, frozen=True):
    """One line of why a video has its score."""

    name: str
    value: str
    note: str = ""


class Rule(Protocol):
    """`name` is versioned: a change of the rule is another name."""

    name: str

    async def best(self, scope: str, now_ms: int, limit: int) -> Entries:
        """The best of a scope, hidden ones among them."""

    async def scopes(self, now_ms: int) -> list[str]:
        """Scopes of which something is on the list."""

    def terms(self, standing: Standing, now_ms: int) -> list[Term]:
        """What a video's score is made of; `score` and `rank` are the last two."""


class Documented:
    """1000 a view, 500 a like, 2000 a share; less 50 an hour and 50 a tick."""

    name = "documented-1"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def best(self, scope: str, now_ms: int, limit: int) -> Entries:
        rows = await self._ledger.leaders(scope, kernel.threshold(now_ms), limit)
        places, scores = kernel.top(array("q", rows.points), array("q", rows.published), now_ms, limit)
        return [(rows.video_ids[place], score) for place, score in zip(places, scores, strict=True)]

    async def scopes(self, now_ms: int) -> list[str]:
        return await self._ledger.scopes(kernel.threshold(now_ms))

    def terms(self, standing: Standing, now_ms: int) -> list[Term]:
        since_ms = min(max(standing.published_at, 0), now_ms)
        counted = (
            ("views", standing.views, documented.POINTS_PER_VIEW),
            ("likes", standing.likes, documented.POINTS_PER_LIKE),
            ("shares", standing.shares, documented.POINTS_PER_SHARE),
        )
        score = documented.score(standing.views, standing.likes, standing.shares, standing.published_at, now_ms)
        ticks = now_ms // documented.TICK_MS - since_ms // documented.TICK_MS
        return [
            *(Term(name, str(count), f"x {points}") for name, count, points in counted),
            Term("points", str(sum(count * points for _, count, points in counted))),
            Term("age", f"{(now_ms - since_ms) / HOUR_MS:.3f}", "h     x -50"),
            Term("ticks", str(ticks), "of 5 min x -50"),
            Term("score", str(score)),
            Term("rank", str(standing.above + 1)),
        ]


class Velocity:
    """Growth of what trusted viewers do, over what is usual for the video."""

    name = "velocity-1"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def best(self, scope: str, now_ms: int, limit: int) -> Entries:
        rows = await self._ledger.hottest(scope, velocity.threshold(now_ms), limit)
        columns = zip(rows.video_ids, rows.heats, rows.bases, strict=True)
        scored = [(video_id, velocity.score(heat, base, now_ms)) for video_id, heat, base in columns]
        return sorted(scored, key=lambda entry: (entry[1], entry[0]), reverse=True)

    async def scopes(self, now_ms: int) -> list[str]:
        return await self._ledger.hot_scopes(velocity.threshold(now_ms))

    def terms(self, standing: Standing, now_ms: int) -> list[Term]:
        heat = velocity.at(standing.heat, now_ms)
        base = velocity.at(standing.base, now_ms, velocity.BASE_HALF_LIFE_MS)
        score = velocity.score(standing.heat, standing.base, now_ms)
        weights = f"view {velocity.VIEW}, like {velocity.LIKE}, share {velocity.SHARE}; each once a trusted viewer"
        return [
            Term("heat", f"{heat:.3f}", f"half-life 2 h: {weights}"),
            Term("base", f"{base:.3f}", "half-life 24 h: what is usual for this video"),
            Term("growth", f"{velocity.growth(heat, base):.3f}", "12 x heat / base"),
            Term("score", str(score), f"{velocity.POINTS} x heat x growth"),
            Term("rank", str(standing.hotter + 1), "by heat"),
        ]


def rule_of(name: TrendingRule, ledger: Ledger) -> Rule:
    """The rule of this name."""
    return Velocity(ledger) if name == "velocity" else Documented(ledger)
