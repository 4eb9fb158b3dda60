"""Fan-out: from a fact about a video to the built feeds of its author's followers.

An event is stamped once with its author's tier and epoch, and is carried out as stamped however often it is delivered:
a creator who crosses a limit meanwhile changes nothing about it. What it does follows from the record as it is now,
not from the event, so that events may come in any order. Feeds are hints: a page decides when it is read.
"""

import time
from collections.abc import Sequence
from typing import Final

from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.events import Event
from app.core.metrics import FANOUT_DELIVERIES, FANOUT_FOLLOWERS, FANOUT_LAG, FANOUT_WORK
from app.ports.active import ActiveUsers
from app.ports.feeds import Feeds
from app.ports.graph import Graph
from app.ports.tiers import Stamp, Tiers
from app.ports.videos import Video, Videos
from app.services.feed.tiers import Tiering

PAGE: Final = 2_000  # followers between two marks of progress
PAGES: Final = 5_000
BUDGET_S: Final = 2.0  # then others have their turn, and the event comes again and goes on where it was

_FACTS: Final = frozenset({"video.published", "video.visibility_changed", "video.deleted"})


class FanOut:
    """Facts about who may see a video → built feeds and the author's shared list."""

    GROUP = "fan-out"

    def __init__(
        self,
        feeds: Feeds,
        graph: Graph,
        videos: Videos,
        tiers: Tiers,
        tiering: Tiering,
        active: ActiveUsers,
        clock: Clock,
        page: int = PAGE,
    ) -> None:
        self._feeds = feeds
        self._graph = graph
        self._videos = videos
        self._tiers = tiers
        self._tiering = tiering
        self._active = active
        self._clock = clock
        self._page = page

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            if event.type in _FACTS:
                await self._spread(event)

    async def _spread(self, event: Event) -> None:
        found = await self._videos.get(event.data["video_id"])
        if found is None or found.video.published_at is None:
            return
        video = found.video
        await self._tiering.settle(video.user_id)
        stamp = await self._tiers.stamp(event.event_id, video.video_id, video.user_id, self._clock())
        if stamp.done:
            return
        began_s = time.monotonic()
        try:
            await self._share(video)
            # What a pulled creator takes back is left in older feeds: it costs a page one look at a card.
            after_id = stamp.after_id if stamp.tier == "pull" else await self._pages(event, video, stamp)
        finally:
            FANOUT_WORK.labels(stamp.tier).inc(time.monotonic() - began_s)
        await self._tiers.advance(event.event_id, after_id, done=True)
        FANOUT_LAG.labels(stamp.tier).observe(max(0, self._clock() - event.occurred_at) / 1000)

    async def _share(self, video: Video) -> None:
        """The author's shared list, if there is one."""
        if _shown(video):
            await self._feeds.push("creator", video.user_id.encode(), [0], video.video_id, video.published_at or 0)
        else:
            await self._feeds.withdraw("creator", [video.user_id], video.video_id)

    async def _pages(self, event: Event, video: Video, stamp: Stamp) -> str:
        """Goes through the followers from where it was left; returns the last one. Unavailable when time is up."""
        after_id = stamp.after_id
        deadline_s = time.monotonic() + BUDGET_S
        for _ in range(PAGES):
            rows = await self._graph.follower_batch(video.user_id, after_id, self._page)
            if rows:
                await self._deliver(event, video, stamp, rows)
                after_id = rows[-1][0]
            if len(rows) < self._page:
                return after_id
            await self._tiers.advance(event.event_id, after_id, done=False)
            if time.monotonic() > deadline_s:
                break
        raise Unavailable("A fan-out goes on in its next turn.")

    async def _deliver(self, event: Event, video: Video, stamp: Stamp, rows: Sequence[tuple[str, int]]) -> None:
        followers = [user_id for user_id, _ in rows]
        FANOUT_FOLLOWERS.labels(stamp.tier).inc(len(rows))
        if not _shown(video):
            for kind in ("following", "feed"):
                await self._feeds.withdraw(kind, followers, video.video_id)
            return
        joined, numbers = "".join(followers).encode("ascii"), [number for _, number in rows]
        active = await self._active.bitmap(self._clock()) if stamp.tier == "selective" else None
        published_at = video.published_at or 0
        added = await self._feeds.push("following", joined, numbers, video.video_id, published_at, active)
        added += await self._feeds.push("feed", joined, numbers, video.video_id, event.occurred_at, active)
        FANOUT_DELIVERIES.labels(stamp.tier).inc(added)


def _shown(video: Video) -> bool:
    return video.status == "active" and video.visibility != "private"
