"""Likes, saves and shares of videos. The row is the truth; counts are kept beside it in the same write."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from app.core.cursors import Keyset
from app.core.events import Event
from app.ports.graph import Toggled

Reaction = Literal["like", "save"]


class RecentReactions(msgspec.Struct, frozen=True):
    """Ids of reacted-to videos, exact for every video whose id is above `since_id` ("" = exact for all)."""

    video_ids: frozenset[str]
    since_id: str


class ReactionCounts(msgspec.Struct, frozen=True):
    """Exact totals of a video; `version` grows with every change, so the larger one is the newer one."""

    likes: int = 0
    saves: int = 0
    comments: int = 0
    shares: int = 0
    version: int = 0


class Reactions(Protocol):
    async def toggle(
        self,
        reaction: Reaction,
        user_id: str,
        video_id: str,
        on: bool,
        *,
        op_seq: int | None,
        now_ms: int,
        events: Sequence[Event] = (),
    ) -> Toggled:
        """Sets or clears a like or a save; `count` is the video's, exact and including this write."""

    async def share(self, event: Event, user_id: str, video_id: str, channel: str) -> int:
        """Stores one share under the event's id (a repeat changes nothing); returns the video's share count."""

    async def mine(self, reaction: Reaction, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        """Videos the user liked or saved, by (when, video_id), newest first."""

    async def recent(self, reaction: Reaction, user_id: str, limit: int) -> RecentReactions:
        """The `limit` newest videos (by video id) the user reacted to."""

    async def reacted(self, reaction: Reaction, user_id: str, video_ids: Sequence[str]) -> frozenset[str]:
        """Which of at most 200 videos the user reacted to; one partition."""

    async def counts(self, video_ids: Sequence[str]) -> dict[str, ReactionCounts]:
        """Exact totals of at most 200 videos (absent means zero)."""

    async def add_total_likes(self, author_id: str, delta: int, *, cause: str) -> None:
        """Moves the likes an author received in all; an applied `cause` changes nothing."""

    async def total_likes(self, author_ids: Sequence[str]) -> dict[str, int]:
        """Likes received by at most 200 authors (absent means 0)."""
