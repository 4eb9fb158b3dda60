"""What a suspension does to feeds that are kept long: the author's videos leave them, and come back in their places.

It looks at the author as they are now, not at what the event says, so that repeated and overtaken events lead to the
same end. A page asks the cards in any case: what stays here, For You's half hour, is skipped when it is read.
"""

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import Final

from app.core import events
from app.core.clock import LATEST_MS, Clock
from app.core.cursors import Keyset
from app.core.events import Event
from app.ports.feeds import KEEP, Feeds
from app.ports.graph import Graph
from app.ports.progress import Progress
from app.ports.tiers import Tiers
from app.ports.users import Users
from app.ports.videos import Videos
from app.work.pieces import Turn

PAGE: Final = 200  # followers between two marks of progress
AT_ONCE: Final = 20  # of their feeds, with up to 500 videos each


class KeepSuspended:
    """`user.suspended`, `user.restored` → the author's shared list, and their followers' built Following feeds."""

    GROUP = "suspensions"

    def __init__(
        self,
        feeds: Feeds,
        graph: Graph,
        videos: Videos,
        users: Users,
        tiers: Tiers,
        progress: Progress,
        clock: Clock,
        page: int = PAGE,
    ) -> None:
        self._feeds = feeds
        self._graph = graph
        self._videos = videos
        self._users = users
        self._tiers = tiers
        self._progress = progress
        self._clock = clock
        self._page = page

    async def __call__(self, batch: Sequence[Event]) -> None:
        turn = Turn(self._progress)
        for event in batch:
            if event.type in {"user.suspended", "user.restored"}:
                piece = partial(self._piece, event.data["user_id"])
                await turn.work(events.cause(event, self.GROUP), piece)

    async def _piece(self, author_id: str, after: Keyset | None) -> Keyset | None:
        author = await self._users.get(author_id)
        if author is None:
            return None
        hidden = author.suspended_at is not None
        if after is None:
            await self._share(author_id, hidden)
            if (await self._tiers.standing(author_id)).tier == "pull":
                return None  # nothing was pushed lately; older feeds keep theirs, as after a deletion
        rows = await self._graph.follower_batch(author_id, after.id if after else "", self._page)
        await self._match(author_id, [follower for follower, _ in rows], hidden)
        return Keyset(0, rows[-1][0]) if len(rows) == self._page else None

    async def _share(self, author_id: str, hidden: bool) -> None:
        """An empty list while suspended, so that no reader makes one of what nobody may see."""
        if hidden:
            await self._feeds.build("creator", author_id, os.urandom(8).hex(), [])
        else:
            await self._feeds.drop("creator", author_id)

    async def _match(self, author_id: str, followers: Sequence[str], hidden: bool) -> None:
        slices = await self._feeds.read_many("following", followers, upper=LATEST_MS, after=None, limit=1)
        built = [follower for follower, found in zip(followers, slices, strict=True) if found is not None]
        if not built:
            return
        keep = KEEP["following"]
        (entries,) = await self._videos.newest_by_authors([author_id], self._clock(), keep)
        video_ids, whole = [video_id for _, video_id in entries], len(entries) < keep
        for first in range(0, len(built), AT_ONCE):
            some = built[first : first + AT_ONCE]
            if hidden:
                await asyncio.gather(*(self._feeds.remove("following", user_id, video_ids) for user_id in some))
            else:
                await asyncio.gather(*(self._feeds.add("following", user_id, entries, whole=whole) for user_id in some))
