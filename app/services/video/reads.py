"""One video and what belongs to it, for whoever may see it.

The record is read, not the cache: a video that was hidden a moment ago is gone from here at once.
"""

from typing import Final

from app.cards import present
from app.cards.access import Access
from app.cards.page import Pages
from app.cards.schemas import VideoCard, VideoItems
from app.core import ids, media_urls
from app.core.clock import DAY_MS, Clock
from app.core.cursors import Cursors, Keyset
from app.core.errors import NotFound
from app.http.viewer import Viewer
from app.ports.jobs import Jobs
from app.ports.music import Music, Musics
from app.ports.videos import Videos
from app.services.video.schemas import DownloadAnswer, StatusAnswer
from app.services.video.uploads import Uploads, status_of

_MUSIC_LIST: Final = "music-videos"


class VideoReads:
    """The reads of single videos and of music."""

    def __init__(
        self,
        access: Access,
        videos: Videos,
        musics: Musics,
        jobs: Jobs,
        uploads: Uploads,
        pages: Pages,
        cursors: Cursors,
        media_secret: bytes,
        clock: Clock,
    ) -> None:
        self._access = access
        self._videos = videos
        self._musics = musics
        self._jobs = jobs
        self._uploads = uploads
        self._pages = pages
        self._cursors = cursors
        self._secret = media_secret
        self._clock = clock

    async def video(self, viewer: Viewer | None, video_id: str) -> VideoCard:
        """The video as this viewer sees it; its author sees it in every state."""
        record, state = await self._access.visible(viewer.user_id if viewer else None, video_id)
        made = await self._pages.hydrator.of_author([record])
        if video_id not in made:
            raise NotFound("There is no such video.")
        return await self._pages.one(made[video_id], state)

    async def status(self, viewer: Viewer, video_id: str) -> StatusAnswer:
        """Where the viewer's own video stands."""
        video = await self._uploads.own(viewer, video_id)
        running = await self._jobs.progress("transcode", video_id) if video.status == "processing" else None
        return status_of(video, video.progress if running is None else running)

    async def download(self, viewer: Viewer | None, video_id: str) -> DownloadAnswer:
        """Where the watermarked file is; the address is signed and short-lived for anything not public."""
        record, _ = await self._access.visible(viewer.user_id if viewer else None, video_id)
        video = record.video
        if video.media is None:
            raise NotFound("There is no file to download yet.")
        now_ms = self._clock()
        visibility = video.visibility if video.status == "active" else "private"
        base = present.media_base(self._secret, visibility, video_id, video.media.version, now_ms)
        return DownloadAnswer(f"{base}/{video.media.download}", media_urls.expires_at(now_ms))

    async def music(self, music_id: str) -> Music:
        """One piece of music."""
        found = await self._musics.get_many([music_id]) if ids.is_id(music_id, "mus") else {}
        if music_id not in found:
            raise NotFound("There is no such piece of music.")
        return found[music_id]

    async def music_videos(self, viewer: Viewer | None, music_id: str, cursor: str | None, limit: int) -> VideoItems:
        """Public videos with this music, newest first."""
        await self.music(music_id)
        now_ms = self._clock()
        name = viewer.user_id if viewer else ""
        kind = f"{_MUSIC_LIST}:{music_id}"
        after = self._cursors.open(cursor, kind, name, now_ms, Keyset) if cursor is not None else None
        state = await self._pages.hydrator.viewer(name or None)

        async def skeleton(position: Keyset | None, count: int) -> list[tuple[Keyset, str]]:
            rows = await self._videos.by_music(music_id, position, count)
            return [(Keyset(at, video_id), video_id) for at, video_id in rows]

        filled = await self._pages.fill(state, skeleton, after, limit)
        next_cursor = None
        if filled.more and filled.after is not None:
            next_cursor = self._cursors.seal(kind, name, now_ms + DAY_MS, filled.after)
        return VideoItems(await self._pages.render(filled.items, state), next_cursor, filled.more)
