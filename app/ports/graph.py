"""Who follows, blocks and mutes whom. The forward edge is the truth; the reverse one is written with it."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from app.core.cursors import Keyset
from app.core.events import Event

Edge = Literal["follow", "block", "mute"]

EDGES_LIMIT = 10_000  # of each kind, from one person: bounds a viewer's blob and a following feed's sources


class Toggled(msgspec.Struct, frozen=True):
    """`changed` is False for a repeat or an older `op_seq`; `count` is exact and includes this write."""

    changed: bool
    count: int


class Relation(msgspec.Struct, frozen=True):
    following: bool = False
    followed_by: bool = False
    blocked: bool = False  # by the viewer
    blocked_by: bool = False
    muted: bool = False


class FollowCounts(msgspec.Struct, frozen=True):
    followers: int = 0
    following: int = 0


class Circle(msgspec.Struct, frozen=True):
    """Everyone a viewer's pages must know of: ids, each set whole."""

    following: frozenset[str]
    friends: frozenset[str]  # mutual follows
    blocked: frozenset[str]  # in either direction
    muted: frozenset[str]


class Graph(Protocol):
    async def toggle(
        self,
        edge: Edge,
        user_id: str,
        other_id: str,
        on: bool,
        *,
        op_seq: int | None,
        now_ms: int,
        events: Sequence[Event] = (),
    ) -> Toggled:
        """Sets or clears an edge. `count`: followers of `other_id` for follow, else how many `user_id` blocks or
        mutes. A block also ends follows in both directions, with a `user.unfollowed` event for each. Conflict
        `follow_limit`, `block_limit`, `mute_limit` at EDGES_LIMIT; Conflict `blocked` for a follow while either
        blocks the other."""

    async def followers(self, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        """Followers by (followed at, user_id), newest first."""

    async def following(self, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        """Whom the user follows, by (followed at, user_id), newest first."""

    async def follower_batch(self, user_id: str, after_id: str, limit: int) -> list[tuple[str, int]]:
        """(user_id, user_no) of at most 10,000 followers with an id above `after_id`, ascending: fan-out's pages."""

    async def counts(self, user_ids: Sequence[str]) -> dict[str, FollowCounts]:
        """Exact counts of at most 200 users (absent means none)."""

    async def relations(self, viewer_id: str, other_ids: Sequence[str]) -> dict[str, Relation]:
        """How the viewer stands to each of at most 200 others; reads only the viewer's partition."""

    async def circle(self, user_id: str) -> Circle:
        """The viewer's whole circle; reads only the viewer's partition."""
