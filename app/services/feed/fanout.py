"""Fan-out: from a fact about a video to the built feeds of its author's followers.

An event is stamped once with its author's tier and epoch, and is carried out as stamped however often it is delivered:
a creator who crosses a limit meanwhile changes nothing about it. What it does follows from the record as it is now,
not from the event, so that events may come in any order. Feeds are hints: a page decides when it is read.

A long fan-out holds nobody up: its event counts as handled after a turn, and the rest goes on beside the events
(`FanOut.go_on`), from the durable stamp.
"""

import time
from collections.abc import Sequence
from typing import Final

from app.core import ids
from app.core.clock import Clock
from app.core.events import Event
from app.core.metrics import FANOUT_DELIVERIES, FANOUT_FOLLOWERS, FANOUT_LAG, FANOUT_WORK
from app.ports.active import ActiveUsers
from app.ports.feeds import Feeds
from app.ports.graph import Graph
from app.ports.tiers import Stamp, Tiers
from app.ports.videos import Video, VideoAndCounts, Videos
from app.services.feed.tiers import Tiering

PAGE: Final = 2_000  # followers between two marks of progress
PAGES: Final = 5_000
AT_ONCE: Final = 200  # records in one trip
TURN_S: Final = 0.25  # for the events of a batch together, beyond a page each; then for each long fan-out in turn
REST_S: Final = 10.0  # for one call of `go_on`
REST_AT_ONCE: Final = 100  # long fan-outs that take turns
FRESH_MS: Final = 2_000  # since the stamp: the event's own turn may still be under way

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
        turn_s: float = TURN_S,
    ) -> None:
        self._feeds = feeds
        self._graph = graph
        self._videos = videos
        self._tiers = tiers
        self._tiering = tiering
        self._active = active
        self._clock = clock
        self._page = page
        self._turn_s = turn_s

    async def __call__(self, batch: Sequence[Event]) -> None:
        deadline_s = time.monotonic() + self._turn_s
        facts = [event for event in batch if event.type in _FACTS]
        records: dict[str, VideoAndCounts] = {}
        for first in range(0, len(facts), AT_ONCE):
            video_ids = {event.data["video_id"] for event in facts[first : first + AT_ONCE]}
            records |= await self._videos.get_many(list(video_ids))
        for event in facts:
            found = records.get(event.data["video_id"])
            if found is not None and found.video.published_at is not None:
                await self._begin(event, found.video, deadline_s)

    async def go_on(self) -> None:
        """Long fan-outs, each in turn, until none is left or time is up: what is left then waits for the next call.
        By one process at a time."""
        until_s = time.monotonic() + REST_S
        while rest := await self._tiers.unfinished(self._clock() - FRESH_MS, REST_AT_ONCE):
            for event_id, video_id, stamp in rest:
                if time.monotonic() > until_s:
                    return
                found = await self._videos.get(video_id)
                if found is None:
                    await self._tiers.advance(event_id, "", done=True)
                else:
                    await self._spread(event_id, found.video, stamp, time.monotonic() + self._turn_s)

    async def _begin(self, event: Event, video: Video, deadline_s: float) -> None:
        await self._tiering.settle(video.user_id)
        stamp = await self._tiers.stamp(event.event_id, video.video_id, video.user_id, self._clock())
        if not stamp.done:
            await self._share(video)
            await self._spread(event.event_id, video, stamp, deadline_s)

    async def _spread(self, event_id: str, video: Video, stamp: Stamp, deadline_s: float) -> None:
        """From follower to follower until the deadline, at least one page."""
        began_s = time.monotonic()
        occurred_at = ids.made_at_ms(event_id)
        try:
            # What a pulled creator takes back is left in older feeds: it costs a page one look at a card.
            done = stamp.tier == "pull" or await self._pages(event_id, occurred_at, video, stamp, deadline_s)
        finally:
            FANOUT_WORK.labels(stamp.tier).inc(time.monotonic() - began_s)
        if done:
            await self._tiers.advance(event_id, "", done=True)
            FANOUT_LAG.labels(stamp.tier).observe(max(0, self._clock() - occurred_at) / 1000)

    async def _share(self, video: Video) -> None:
        """The author's shared list, if there is one."""
        if _shown(video):
            await self._feeds.push("creator", video.user_id.encode(), [0], video.video_id, video.published_at or 0)
        else:
            await self._feeds.withdraw("creator", [video.user_id], video.video_id)

    async def _pages(self, event_id: str, occurred_at: int, video: Video, stamp: Stamp, deadline_s: float) -> bool:
        """Goes through the followers from where it was left; whether all are done."""
        after_id = stamp.after_id
        for _ in range(PAGES):
            rows = await self._graph.follower_batch(video.user_id, after_id, self._page)
            if rows:
                await self._deliver(occurred_at, video, stamp, rows)
                after_id = rows[-1][0]
            if len(rows) < self._page:
                return True
            await self._tiers.advance(event_id, after_id, done=False)
            if time.monotonic() > deadline_s:
                break
        return False

    async def _deliver(self, occurred_at: int, video: Video, stamp: Stamp, rows: Sequence[tuple[str, int]]) -> None:
        followers = [user_id for user_id, _ in rows]
        FANOUT_FOLLOWERS.labels(stamp.tier).inc(len(rows))
        if not _shown(video):
            await self._feeds.withdraw("following", followers, video.video_id)
            if video.status == "deleted":
                await self._feeds.withdraw("feed", followers, video.video_id)
            # What is only hidden keeps its place in For You, where pages judge it: were it taken out and given back, it
            # would stand elsewhere, and come twice to who was served it before.
            return
        joined, numbers = "".join(followers).encode("ascii"), [number for _, number in rows]
        active = await self._active.bitmap(self._clock()) if stamp.tier == "selective" else None
        published_at = video.published_at or 0
        added = await self._feeds.push("following", joined, numbers, video.video_id, published_at, active)
        added += await self._feeds.push("feed", joined, numbers, video.video_id, occurred_at, active)
        FANOUT_DELIVERIES.labels(stamp.tier).inc(added)


def _shown(video: Video) -> bool:
    return video.status == "active" and video.visibility != "private"
