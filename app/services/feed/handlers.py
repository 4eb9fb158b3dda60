"""What facts do to the trending ledger."""

from collections.abc import Sequence
from typing import Any

from app.core.events import Event
from app.ports.trending import Delta, Ledger
from app.ports.videos import Video, Videos


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
    if event.key == event.data.get("author_id"):  # nobody makes their own video trend
        return None
    if event.type == "video.viewed":
        return {"views": 1} if event.data.get("counted") else None
    return {"video.liked": {"likes": 1}, "video.unliked": {"likes": -1}, "video.shared": {"shares": 1}}.get(event.type)


def _delta(event: Event, video: Video, weights: dict[str, int]) -> Delta:
    region: Any = event.data.get("region")
    scopes = ("global", video.category, *([region] if region else []))
    published_at = video.published_at or video.created_at
    return Delta(
        event_id=event.event_id,
        video_id=video.video_id,
        published_at=min(published_at, event.occurred_at),
        scopes=scopes,
        views=weights.get("views", 0),
        likes=weights.get("likes", 0),
        shares=weights.get("shares", 0),
        actor=event.key,
        at=event.occurred_at,
    )
