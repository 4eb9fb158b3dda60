"""What follows, blocks and mutes do to feeds and tiers.

Both handlers look at the edge as it is now, not at what the event says: repeated, late and overtaken events lead to the
same end.
"""

from collections.abc import Sequence
from typing import Final

from app.core.clock import Clock
from app.core.events import Event
from app.ports.feeds import KEEP, Feeds
from app.ports.graph import Graph
from app.ports.videos import Videos
from app.services.feed.tiers import Tiering

_BOTH_WAYS: Final = frozenset({"user.blocked", "user.unblocked"})
_EDGES: Final = _BOTH_WAYS | {"user.followed", "user.unfollowed", "user.muted", "user.unmuted"}


class KeepFollowing:
    """Edges → a built Following feed gains or loses one author's videos, bounded by its own end."""

    GROUP = "following"

    def __init__(self, feeds: Feeds, graph: Graph, videos: Videos, clock: Clock) -> None:
        self._feeds = feeds
        self._graph = graph
        self._videos = videos
        self._clock = clock

    async def __call__(self, batch: Sequence[Event]) -> None:
        pairs: dict[tuple[str, str], None] = {}
        for event in batch:
            if event.type in _EDGES:
                one, other = event.data["user_id"], event.data["other_id"]
                pairs[one, other] = None
                if event.type in _BOTH_WAYS:
                    pairs[other, one] = None
        for user_id, author_id in pairs:
            await self._match(user_id, author_id)

    async def _match(self, user_id: str, author_id: str) -> None:
        keep = KEEP["following"]
        relation = (await self._graph.relations(user_id, [author_id]))[author_id]
        (entries,) = await self._videos.newest_by_authors([author_id], self._clock(), keep)
        barred = relation.blocked or relation.blocked_by
        if relation.following and not (barred or relation.muted):
            await self._feeds.add("following", user_id, entries, whole=len(entries) < keep)
            return
        await self._feeds.remove("following", user_id, [video_id for _, video_id in entries])
        if barred or relation.muted:
            # As a whole: who reads on is known by how far they came in it, while single videos would come twice to
            # them where the barrier falls again.
            await self._feeds.drop("feed", user_id)


class SettleTiers:
    """Followers come and go → a creator crosses a limit as soon as it is passed, not at their next video."""

    GROUP = "tiers"

    def __init__(self, tiering: Tiering) -> None:
        self._tiering = tiering

    async def __call__(self, batch: Sequence[Event]) -> None:
        for user_id in dict.fromkeys(
            e.data["other_id"] for e in batch if e.type in {"user.followed", "user.unfollowed"}
        ):
            await self._tiering.settle(user_id)
