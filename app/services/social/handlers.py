"""What follows from interactions: counts on cards, likes received, viewers' blobs."""

from collections.abc import Sequence
from typing import Final

from app.cards.hydrate import BATCH, Hydrator
from app.core import events
from app.core.events import Event
from app.ports.activity import Activity
from app.ports.cards import Viewers
from app.ports.reactions import Reactions
from app.ports.videos import Videos

_COUNTED: Final = frozenset(
    {"video.liked", "video.unliked", "video.saved", "video.unsaved", "video.shared"}
    | {"comment.created", "comment.deleted"}
)


class CopyCounts:
    """Copies exact totals to the records and renews their cards, once a batch for each video.

    Totals are absolute and carry a version, so that repeats and overtaking change nothing.
    """

    GROUP = "counts"

    def __init__(self, reactions: Reactions, activity: Activity, videos: Videos, hydrator: Hydrator) -> None:
        self._reactions = reactions
        self._activity = activity
        self._videos = videos
        self._hydrator = hydrator

    async def __call__(self, batch: Sequence[Event]) -> None:
        touched = list(dict.fromkeys(e.data["video_id"] for e in batch if e.type in _COUNTED))
        viewed = list(dict.fromkeys(e.data["video_id"] for e in batch if _counted_view(e)))
        changed: set[str] = set()
        for start in range(0, len(touched), BATCH):
            changed |= await self._copy_reactions(touched[start : start + BATCH])
        for start in range(0, len(viewed), BATCH):
            changed |= await self._copy_views(viewed[start : start + BATCH])
        renewed = sorted(changed)
        for start in range(0, len(renewed), BATCH):
            await self._hydrator.rebuild(renewed[start : start + BATCH])

    async def _copy_reactions(self, video_ids: list[str]) -> set[str]:
        totals = await self._reactions.counts(video_ids)
        changed = set()
        for video_id, total in totals.items():
            numbers = {
                "likes": total.likes,
                "saves": total.saves,
                "comments": total.comments,
                "shares": total.shares,
            }
            if await self._videos.set_counts(video_id, "reactions", numbers, total.version):
                changed.add(video_id)
        return changed

    async def _copy_views(self, video_ids: list[str]) -> set[str]:
        changed = set()
        for video_id, (views, version) in (await self._activity.view_counts(video_ids)).items():
            if await self._videos.set_counts(video_id, "views", {"views": views}, version):
                changed.add(video_id)
        return changed


class TotalLikes:
    """Moves what an author's profile shows as likes received."""

    GROUP = "total-likes"

    def __init__(self, reactions: Reactions) -> None:
        self._reactions = reactions

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            delta = {"video.liked": 1, "video.unliked": -1}.get(event.type)
            if delta is not None:
                cause = events.cause(event, self.GROUP)
                await self._reactions.add_total_likes(event.data["author_id"], delta, cause=cause)


class ForgetViewers:
    """Forgets the blobs that a write could not reach, because the cache was away at that moment."""

    GROUP = "viewers"

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    async def __call__(self, batch: Sequence[Event]) -> None:
        people: dict[str, None] = {}
        for event in batch:
            if event.type.startswith(("video.liked", "video.unliked", "video.saved", "video.unsaved")):
                people[event.data["user_id"]] = None
            elif event.type.startswith("user.") and "other_id" in event.data:
                people |= {event.data["user_id"]: None, event.data["other_id"]: None}
        if people:
            await self._viewers.changed(list(people))


def _counted_view(event: Event) -> bool:
    return event.type == "video.viewed" and bool(event.data.get("counted"))
