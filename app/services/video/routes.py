"""/api/v1/videos (one video) and /api/v1/music."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import JSONBody

from app.cards.schemas import VideoCard, VideoItems
from app.core.events import Receipt
from app.http.idempotency import once
from app.http.paging import Cursor, Id, Limit
from app.http.viewer import CurrentViewer, Visitor
from app.ports.blobs import PartClaim
from app.ports.videos import Video, Videos
from app.services.video.actions import VideoActions
from app.services.video.reads import VideoReads
from app.services.video.schemas import (
    Complete,
    DownloadAnswer,
    MusicAnswer,
    Patch,
    StatusAnswer,
    UploadAnswer,
    UploadRequest,
    UploadState,
)
from app.services.video.uploads import Seal, Uploads, status_of


def routes(uploads: Uploads, actions: VideoActions, reads: VideoReads, videos: Videos) -> Router:
    """The router."""

    @post("/videos/upload", status_code=200, opt={"limit": "upload"})
    async def start(
        request: Request[Any, Any, Any], viewer: CurrentViewer, data: JSONBody[UploadRequest]
    ) -> Response[UploadAnswer]:
        """Starts an upload: a record, and where to send the file."""

        async def create(seal: Seal) -> UploadAnswer:
            return await uploads.start(viewer, data, seal)

        return await once(request, viewer.user_id, data, 200, videos.find_receipt, create)

    @get("/videos/{video_id:str}/upload")
    async def state(viewer: CurrentViewer, video_id: Id) -> UploadState:
        """What of an upload has arrived, and addresses for the rest."""
        return await uploads.state(viewer, video_id)

    @post("/videos/{video_id:str}/complete", status_code=202)
    async def complete(
        request: Request[Any, Any, Any], viewer: CurrentViewer, video_id: Id, data: JSONBody[Complete]
    ) -> Response[StatusAnswer]:
        """Says that the whole file was sent."""
        claims = [PartClaim(part.number, part.etag, part.checksum_sha256) for part in data.parts or ()]

        async def create(seal: Seal) -> StatusAnswer:
            def receipt(video: Video) -> Receipt | None:
                return seal(status_of(video, 0))

            return status_of(await uploads.complete(viewer, video_id, claims, receipt), 0)

        return await once(request, viewer.user_id, data, 202, videos.find_receipt, create)

    @get("/videos/{video_id:str}/status")
    async def status(viewer: CurrentViewer, video_id: Id) -> StatusAnswer:
        """Where one's own video stands."""
        return await reads.status(viewer, video_id)

    @post("/videos/{video_id:str}/retry", status_code=202)
    async def retry(viewer: CurrentViewer, video_id: Id) -> StatusAnswer:
        """Processes a failed video again."""
        return status_of(await actions.retry(viewer, video_id), 0)

    @get("/videos/{video_id:str}")
    async def read(visitor: Visitor, video_id: Id) -> VideoCard:
        """One video."""
        return await reads.video(visitor, video_id)

    @patch("/videos/{video_id:str}")
    async def change(viewer: CurrentViewer, video_id: Id, data: JSONBody[Patch]) -> VideoCard:
        """Changes one's own video."""
        return await actions.patch(viewer, video_id, data)

    @delete("/videos/{video_id:str}", status_code=204)
    async def remove(viewer: CurrentViewer, video_id: Id) -> None:
        """Deletes one's own video."""
        await actions.delete(viewer, video_id)

    @get("/videos/{video_id:str}/download")
    async def download(visitor: Visitor, video_id: Id) -> DownloadAnswer:
        """Where the watermarked file is."""
        return await reads.download(visitor, video_id)

    @get("/music/{music_id:str}")
    async def music(music_id: Id) -> MusicAnswer:
        """One piece of music."""
        return MusicAnswer(**msgspec.structs.asdict(await reads.music(music_id)))

    @get("/music/{music_id:str}/videos")
    async def music_videos(visitor: Visitor, music_id: Id, cursor: Cursor = None, limit: Limit = 20) -> VideoItems:
        """Public videos with this music."""
        return await reads.music_videos(visitor, music_id, cursor, limit)

    handlers = [start, state, complete, status, retry, read, change, remove, download, music, music_videos]
    return Router("/api/v1", route_handlers=handlers, tags=["videos"])
