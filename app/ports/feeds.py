"""Built feeds in the cache: `feed:{user_id}` (For You) and `following:{user_id}`.

A built feed is a sorted set with one marker member `!{generation}` at score -1; so an empty built feed differs from
an absent one, and nothing can be pushed into an absent one. Scores never change once written.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Kind = Literal["feed", "following"]
KEEP = {"feed": 200, "following": 500}
TTL_S = {"feed": 30 * 60, "following": 7 * 24 * 3600}


class FeedSlice(msgspec.Struct, frozen=True):
    """Entries are (score, video_id), best first by (score desc, video_id desc)."""

    generation: str
    entries: list[tuple[int, str]]


class Feeds(Protocol):
    async def read(
        self, kind: Kind, user_id: str, *, upper: int, after: tuple[int, str] | None, limit: int
    ) -> FeedSlice | None:
        """At most `limit` entries with a score ≤ `upper`, after the given (score, id) if any; None if not built."""

    async def build(self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]]) -> None:
        """Replaces the feed as a whole, marker included, with the kind's TTL."""

    async def extend(self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]]) -> bool:
        """Adds entries below the present ones if the feed is still of this generation; never extends the TTL."""

    async def push(self, kind: Kind, followers: bytes, user_nos: Sequence[int], video_id: str, score: int) -> int:
        """Adds one video to the built feeds among `followers` (n ids of 30 bytes, joined); trims to the kind's
        size; returns how many feeds had it added. One guarded call per at most 500 keys."""

    async def remove(self, kind: Kind, user_id: str, video_ids: Sequence[str]) -> None:
        """Takes videos out of one feed."""

    async def drop(self, kind: Kind, user_id: str) -> None:
        """Forgets a feed: the next read rebuilds it."""

    async def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        """Keeps the paging state of a login session (`page=N` continues from it)."""

    async def recall(self, kind: Kind, session_id: str) -> bytes | None:
        """The paging state, or None."""
