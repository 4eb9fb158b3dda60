"""What facts do to the trending ledger."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from app.core import velocity
from app.core.clock import Clock
from app.core.events import Event
from app.ports.trending import Delta, Ledger
from app.ports.videos import Video, Videos


class Weighed(msgspec.Struct, frozen=True):
    """What a fact counts by the documented rule, and weighs by velocity if it is a trusted actor's."""

    views: int = 0
    likes: int = 0
    shares: int = 0
    weight: int = 0


_VIEW: Final = Weighed(views=1, weight=velocity.VIEW)
_FACTS: Final = {
    "video.liked": Weighed(likes=1, weight=velocity.LIKE),
    "video.unliked": Weighed(likes=-1),  # takes out what the like weighed
    "video.shared": Weighed(shares=1, weight=velocity.SHARE),
}


class CountTrending:
    """Views, likes and shares → the ledger, noted in one write a batch."""

    GROUP = "trending"

    def __init__(self, ledger: Ledger, videos: Videos, trusted_after_ms: int, clock: Clock) -> None:
        self._ledger = ledger
        self._videos = videos
        self._trusted_after_ms = trusted_after_ms
        self._clock = clock

    async def __call__(self, batch: Sequence[Event]) -> None:
        counted = [(event, weighed) for event in batch if (weighed := _weighed(event)) is not None]
        if not counted:
            return
        records = await self._videos.get_many(list({event.data["video_id"] for event, _ in counted}))
        deltas = [
            self._delta(event, records[event.data["video_id"]].video, weighed)
            for event, weighed in counted
            if event.data["video_id"] in records
        ]
        await self._ledger.add(deltas, self.GROUP)

    def _delta(self, event: Event, video: Video, weighed: Weighed) -> Delta:
        region: Any = event.data.get("region")
        at_ms = min(event.occurred_at, self._clock())  # nobody is older for coming from the future
        published_at = video.published_at or video.created_at
        return Delta(
            event_id=event.event_id,
            video_id=video.video_id,
            published_at=min(published_at, at_ms),
            scopes=("global", video.category, *([region] if region else [])),
            views=weighed.views,
            likes=weighed.likes,
            shares=weighed.shares,
            actor=event.key,
            at=at_ms,
            weight=weighed.weight if velocity.trusted(event.key, at_ms, self._trusted_after_ms) else 0,
        )


def _weighed(event: Event) -> Weighed | None:
    if event.key == event.data.get("author_id"):  # nobody makes their own video trend
        return None
    if event.type == "video.viewed":
        return _VIEW if event.data.get("counted") else None
    return _FACTS.get(event.type)
