"""Trending keeps two things: a durable ledger of counts per scope, and the list that is served from a cache.

A scope is `global`, a region (ISO 3166, upper case) or a category (lower-case slug).
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Delta(msgspec.Struct, frozen=True):
    """What one event adds: any of the three may be negative (an unlike)."""

    event_id: str
    video_id: str
    published_at: int
    scopes: tuple[str, ...]
    views: int = 0
    likes: int = 0
    shares: int = 0


class LedgerColumns(msgspec.Struct, frozen=True):
    """Parallel columns: id i, its points (1000·views + 500·likes + 2000·shares) and its publishing time in ms."""

    video_ids: list[str]
    points: list[int]
    published: list[int]


class Ledger(Protocol):
    async def add(self, deltas: Sequence[Delta], group: str) -> None:
        """Applies at most 500 deltas in one atomic write, one row per (scope, video), each event at most once."""

    async def leaders(self, scope: str, rank_key_from: int, limit: int) -> LedgerColumns:
        """The rows with the largest time-independent rank key (`hotpath.rank_key`) at or above the bound."""

    async def scopes(self, rank_key_from: int) -> list[str]:
        """Scopes that have a row at or above the bound (at most 1,000)."""


class TrendingLists(Protocol):
    """The served lists: at most 100 (video id, score) each, with a TTL of five minutes."""

    async def replace(self, scope: str, entries: Sequence[tuple[str, int]], ttl_s: int) -> None:
        """Puts the whole list in place at once; an empty one is remembered as empty."""

    async def read(self, scope: str) -> list[tuple[str, int]] | None:
        """Best first; None if there is no list (never built, or lost)."""
