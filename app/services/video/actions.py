"""What an author does to a video that exists: change, retry, delete."""

from typing import Any, Final

import msgspec

from app.cards.hydrate import Hydrator
from app.cards.schemas import VideoCard
from app.core import text
from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import Conflict, Invalid
from app.http.viewer import Viewer
from app.ports.jobs import Jobs
from app.ports.videos import Video, Videos
from app.services.video import lifecycle, save, words
from app.services.video.reads import VideoReads
from app.services.video.schemas import Patch
from app.services.video.uploads import Uploads

TRANSCODE: Final = "transcode"


class VideoActions:
    """The writes of an author, each visible on every surface of this process before it is answered."""

    def __init__(
        self,
        videos: Videos,
        jobs: Jobs,
        uploads: Uploads,
        hydrator: Hydrator,
        reads: VideoReads,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._videos = videos
        self._jobs = jobs
        self._uploads = uploads
        self._hydrator = hydrator
        self._reads = reads
        self._settings = settings
        self._clock = clock

    async def patch(self, viewer: Viewer, video_id: str, wish: Patch) -> VideoCard:
        """The changed video, as its author sees it."""
        await self._uploads.own(viewer, video_id)
        wanted = _changes(wish)
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            changes = dict(wanted)
            if wish.thumbnail_index is not msgspec.UNSET:
                if stored.media is None:
                    raise Invalid("/thumbnail_index", "not_processed", "There are no thumbnails to choose from yet.")
                changes["media"] = msgspec.structs.replace(stored.media, poster=wish.thumbnail_index)
            return lifecycle.changed(stored, changes, now_ms) if changes else None

        video = await save.change(self._videos, video_id, step)
        await self._hydrator.rebuild([video_id])
        return await self._reads.video(viewer, video.video_id)

    async def retry(self, viewer: Viewer, video_id: str) -> Video:
        """Processes a failed video once more from the stored file."""
        video = await self._uploads.own(viewer, video_id)
        if video.status == "processing":
            return video
        if video.status != "failed" or video.uploaded_at is None:
            raise Conflict("Only a video whose processing failed can be retried.", code="not_failed")
        held = await self._videos.reserved_bytes(viewer.user_id)
        if held + video.upload.size_bytes > self._settings.quota_bytes:
            raise Conflict("Your videos fill the space you have.", code="quota_exceeded")
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            return lifecycle.retried(stored, now_ms) if stored.status == "failed" else None

        return await save.change(self._videos, video_id, step)

    async def delete(self, viewer: Viewer, video_id: str) -> None:
        """Takes a video away from everybody at once; its files follow by the event."""
        await self._uploads.own(viewer, video_id)
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            return lifecycle.deleted(stored, now_ms) if stored.status != "deleted" else None

        await save.change(self._videos, video_id, step)
        await self._hydrator.rebuild([video_id])
        await self._jobs.cancel(TRANSCODE, video_id)


def _changes(wish: Patch) -> dict[str, Any]:
    """The wish as columns, cleaned; fields left out are absent."""
    cleaners: dict[str, Any] = {
        "title": words.title,
        "description": words.description,
        "category": lambda value: text.slug(value, "/category"),
        "hashtags": words.hashtags,
        "effects": words.effects,
        "location": words.location,
    }
    changes: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(wish).items():
        if value is not msgspec.UNSET and name != "thumbnail_index":
            clean = cleaners.get(name)
            changes[name] = clean(value) if clean else value
    words.refuse_flagged(words.said_by(changes))
    return changes
