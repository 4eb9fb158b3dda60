"""Trending keeps two things: a durable ledger of counts per scope, and the list that is served from a cache.

A scope is `global`, a region (ISO 3166, upper case) or a category (lower-case slug).
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Delta(msgspec.Struct, frozen=True):
    """What one event adds: any of the three may be negative (an unlike). `actor` is who did it, a user or what stands
    for an anonymous visitor; `at` is when, in ms (one in the future counts as now). `weight` is what it adds to the
    heat (`app.core.velocity`) if it is the actor's first of its kind on the video: the ledger counts no second."""

    event_id: str
    video_id: str
    published_at: int
    scopes: tuple[str, ...]
    views: int = 0
    likes: int = 0
    shares: int = 0
    actor: str = ""
    at: int = 0
    weight: int = 0


class Contribution(msgspec.Struct, frozen=True):
    """What one event added, as it is kept for 90 days. `cause` is event/group; `weight` went into the heat at
    `weighed_at` (an unlike's is its like's); `retracted`: it was taken out again."""

    cause: str
    actor: str
    views: int
    likes: int
    shares: int
    scopes: tuple[str, ...]
    at: int
    retracted: bool
    weight: int = 0
    weighed_at: int = 0


class Standing(msgspec.Struct, frozen=True):
    """A video's row in a scope; `above` counts the rows that rank higher by the documented rule, `hotter` those of more
    heat (at most 10,000 are counted). Heat and base are kept as their log2; None: nothing that weighs."""

    views: int
    likes: int
    shares: int
    published_at: int
    above: int
    heat: float | None = None
    base: float | None = None
    hotter: int = 0


class LedgerColumns(msgspec.Struct, frozen=True):
    """Parallel columns: id i, its points (1000·views + 500·likes + 2000·shares) and its publishing time in ms."""

    video_ids: list[str]
    points: list[int]
    published: list[int]


class HeatColumns(msgspec.Struct, frozen=True):
    """Parallel columns: id i, and the log2 of its heat and of its base."""

    video_ids: list[str]
    heats: list[float]
    bases: list[float]


class Ledger(Protocol):
    """What is added or retracted counts from the next `fold` on, for every other method."""

    async def add(self, deltas: Sequence[Delta], group: str) -> None:
        """Notes at most 500 deltas in one atomic write, each event at most once; changes no row that another write
        may want. An unlike takes out what the actor's latest like put in, where it was put."""

    async def fold(self) -> int:
        """Moves what was noted into the ledger: one change a (scope, video), however much was noted. One fold at a
        time; how many rows changed."""

    async def hottest(self, scope: str, heat_from: float, limit: int) -> HeatColumns:
        """The rows of most heat, at or above the bound (a log2)."""

    async def hot_scopes(self, heat_from: float) -> list[str]:
        """Scopes that have a row at or above the bound (at most 1,000)."""

    async def leaders(self, scope: str, rank_key_from: int, limit: int) -> LedgerColumns:
        """The rows with the largest time-independent rank key (`hotpath.trending.rank_key`) at or above the bound."""

    async def scopes(self, rank_key_from: int) -> list[str]:
        """Scopes that have a row at or above the bound (at most 1,000)."""

    async def standing(self, video_id: str, scope: str) -> Standing | None:
        """The video's row, or None if nothing was ever added to it there."""

    async def contributions(self, video_id: str, scope: str, limit: int) -> list[Contribution]:
        """What was added to the video in the scope, the newest first, retracted ones too."""

    async def retract(self, actor: str, limit: int) -> tuple[int, frozenset[str]]:
        """Notes the taking out of every scope of what at most 500 of the actor's events added; how many, and the
        scopes. Zero once all is out. What the actor does later counts again, except the taking back of a like that
        is out already."""

    async def prune(self, before_ms: int) -> None:
        """Forgets contributions that are older (at most a million); the ledger keeps its sums."""


class TrendingLists(Protocol):
    """The served lists: at most 100 (video id, score) each, with a TTL of five minutes."""

    async def replace(self, scope: str, entries: Sequence[tuple[str, int]], ttl_s: int) -> None:
        """Puts the whole list in place at once; an empty one is remembered as empty."""

    async def read(self, scope: str) -> list[tuple[str, int]] | None:
        """Best first; None if there is no list (never built, or lost)."""

    async def best(self, scopes: Sequence[str]) -> list[list[str]]:
        """The video ids alone of several lists in one trip, best first, as asked; none where there is no list."""
