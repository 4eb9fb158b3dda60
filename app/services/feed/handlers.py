"""What facts do to feeds and to the trending ledger. Feeds are hints: what a page shows is decided when it is read."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from app.core.events import Event
from app.ports.feeds import Feeds
from app.ports.graph import Graph
from app.ports.trending import Delta, Ledger
from app.ports.videos import Video, Videos

log = logging.getLogger(__name__)

FOLLOWERS_AT_ONCE: Final = 10_000
BATCHES: Final = 1000  # ten million followers; beyond that a creator's videos are pulled


class FanOut:
    """`video.published` → the built feeds of the author's followers; a change of whom one follows → a rebuild."""

    GROUP = "fan-out"

    def __init__(self, feeds: Feeds, graph: Graph) -> None:
        self._feeds = feeds
        self._graph = graph

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            data = event.data
            if event.type == "video.published" or (
                event.type == "video.visibility_changed" and data["visibility"] != "private"
            ):
                await self._push(data["user_id"], data["video_id"], data["published_at"], event.occurred_at)
            elif event.type in {"user.followed", "user.unfollowed"}:
                await self._feeds.drop("following", data["user_id"])

    async def _push(self, author_id: str, video_id: str, published_at: int, now_ms: int) -> None:
        after = ""
        for _ in range(BATCHES):
            rows = await self._graph.follower_batch(author_id, after, FOLLOWERS_AT_ONCE)
            if rows:
                ids = "".join(user_id for user_id, _ in rows).encode("ascii")
                numbers = [number for _, number in rows]
                await self._feeds.push("following", ids, numbers, video_id, published_at)
                await self._feeds.push("feed", ids, numbers, video_id, now_ms)
            if len(rows) < FOLLOWERS_AT_ONCE:
                return
            after = rows[-1][0]
        log.warning("fan-out stopped", extra={"author_id": author_id, "video_id": video_id})


class CountTrending:
    """Views, likes and shares → the ledger, one write a batch."""

    GROUP = "trending"

    def __init__(self, ledger: Ledger, videos: Videos) -> None:
        self._ledger = ledger
        self._videos = videos

    async def __call__(self, batch: Sequence[Event]) -> None:
        counted = [(event, weights) for event in batch if (weights := _weights(event)) is not None]
        if not counted:
            return
        records = await self._videos.get_many(list({event.data["video_id"] for event, _ in counted}))
        deltas = [
            _delta(event, records[event.data["video_id"]].video, weights)
            for event, weights in counted
            if event.data["video_id"] in records
        ]
        await self._ledger.add(deltas, self.GROUP)


def _weights(event: Event) -> dict[str, int] | None:
    if event.type == "video.viewed":
        return {"views": 1} if event.data.get("counted") else None
    return {"video.liked": {"likes": 1}, "video.unliked": {"likes": -1}, "video.shared": {"shares": 1}}.get(event.type)


def _delta(event: Event, video: Video, weights: dict[str, int]) -> Delta:
    region: Any = event.data.get("region")
    scopes = ("global", video.category, *([region] if region else []))
    published_at = video.published_at or video.created_at
    return Delta(event.event_id, video.video_id, min(published_at, event.occurred_at), scopes, **weights)
