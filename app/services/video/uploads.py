"""The start and the end of an upload: a place to send the file to, and the moment it has arrived."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from app.core import ids, text
from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import Conflict, Invalid, KinoraError, NotFound, TooLarge
from app.core.events import Receipt
from app.http.viewer import Viewer
from app.ports.blobs import Blobs, Part, PartClaim, SignedPut
from app.ports.music import Musics
from app.ports.videos import Failure, UploadPlan, Video, Videos
from app.services.video import lifecycle, plan, save, words
from app.services.video.schemas import (
    PartAddress,
    Parts,
    PartState,
    StatusAnswer,
    UploadAnswer,
    UploadRequest,
    UploadState,
)

log = logging.getLogger(__name__)

_BAD_FILE: Final = frozenset({"unsupported", "size_mismatch"})
SWEEP_AFTER_MS: Final = 15_000  # a record that lies still for so long is looked at
SWEPT: Final = 1_000  # in one round
RENEW_MS: Final = 5 * 60_000  # addresses are made anew when less of their time is left
Seal = Callable[[msgspec.Struct], Receipt | None]


def master_key(video_id: str) -> str:
    """Where an upload lies."""
    return f"uploads/{video_id}"


class Uploads:
    """Everything up to the moment a file is whole."""

    def __init__(self, videos: Videos, musics: Musics, blobs: Blobs, settings: Settings, clock: Clock) -> None:
        self._videos = videos
        self._musics = musics
        self._blobs = blobs
        self._settings = settings
        self._clock = clock

    async def start(self, viewer: Viewer, wish: UploadRequest, seal: Seal) -> UploadAnswer:
        """A record in `uploading` and an address for its file. Conflict `quota_exceeded` without room."""
        now_ms = self._clock()
        video = await self._record(viewer, wish, now_ms)
        answer = self._answer(video)
        await self._videos.create(video, quota_bytes=self._settings.quota_bytes, receipt=seal(answer))
        return answer

    async def state(self, viewer: Viewer, video_id: str) -> UploadState:
        """What has arrived, and fresh addresses for the rest: how an upload is resumed."""
        video = await self.own(viewer, video_id)
        if video.status == "uploading" and await self._blobs.size(master_key(video_id)) is not None:
            await self.arrived(master_key(video_id))  # whole, but whoever took it in died before it could say so
            video = await self.own(viewer, video_id)
        if video.status != "uploading":
            return UploadState(video.status, None, video.upload.expires_at, None, {}, [])
        video = await self._renewed(video)
        parts = plan.part_plan(video.upload.size_bytes, self._settings.upload_part_bytes)
        arrived = {part.number: part for part in await self._blobs.parts(master_key(video_id))} if parts else {}
        put = self._put(video)
        return UploadState(
            video.status,
            parts.part_size_bytes if parts else None,
            video.upload.expires_at,
            put.url,
            put.headers,
            [self._part_state(video, parts, number, arrived) for number in range(1, parts.count + 1)] if parts else [],
        )

    async def complete(
        self, viewer: Viewer, video_id: str, claims: Sequence[PartClaim], seal: Callable[[Video], Receipt | None]
    ) -> Video:
        """The client says it is done. Asked again it answers the same; Invalid if the file is not what it should be."""
        video = await self.own(viewer, video_id)
        if video.status == "failed" and video.failure and video.failure.code in _BAD_FILE:
            raise Invalid("/parts", video.failure.code, video.failure.detail)
        if video.status != "uploading":
            return video
        if claims:
            await self._assemble(video, claims)
        return await self._arrived(video, seal)

    async def arrived(self, key: str) -> None:
        """A whole object is there: the upload completes by itself. A file that is no video ends as `failed`."""
        video_id = key.removeprefix("uploads/")
        found = await self._videos.get(video_id)
        if found is None or found.video.status != "uploading":
            return
        with contextlib.suppress(Invalid):  # the record says `failed`, and why
            await self._arrived(found.video, lambda _video: None)

    async def own(self, viewer: Viewer, video_id: str) -> Video:
        """The viewer's own record; NotFound for anybody else's."""
        found = await self._videos.get(video_id) if ids.is_id(video_id, "vid") else None
        if found is None or found.video.user_id != viewer.user_id or found.video.status == "deleted":
            raise NotFound("There is no such video.")
        return found.video

    async def sweep(self) -> None:
        """Completes uploads whose notification was lost, ends those that were abandoned. Bounded per round."""
        now_ms = self._clock()
        for video in await self._videos.stalled("uploading", now_ms - SWEEP_AFTER_MS, SWEPT):
            try:
                if await self._blobs.size(master_key(video.video_id)) is not None:
                    await self.arrived(master_key(video.video_id))
                elif video.updated_at + self._settings.upload_abandoned_after_s * 1000 < now_ms:
                    await self._blobs.seal(master_key(video.video_id))
                    await self._fail(video.video_id, Failure("abandoned", "The file never arrived; upload it again."))
            except KinoraError:
                log.exception("sweep", extra={"video_id": video.video_id})

    async def _assemble(self, video: Video, claims: Sequence[PartClaim]) -> None:
        key = master_key(video.video_id)
        parts = plan.part_plan(video.upload.size_bytes, self._settings.upload_part_bytes)
        if parts is None:
            raise Invalid("/parts", "no_parts", "This upload has no parts.")
        try:
            plan.check_claims(parts, claims, await self._blobs.parts(key))
            await self._blobs.assemble(key, claims)
        except Invalid:
            # The parts go with their assembly, which another call may have made, and died before it could say so.
            if await self._blobs.size(key) is None:
                raise

    async def _arrived(self, video: Video, seal: Callable[[Video], Receipt | None]) -> Video:
        key = master_key(video.video_id)
        size_bytes = await self._blobs.size(key)
        if size_bytes is None:
            raise Invalid("/parts", "not_arrived", "The file has not arrived yet.")
        await self._blobs.seal(key)  # first: what is looked at now, and processed later, never changes
        try:
            plan.check_size(video.upload.size_bytes, size_bytes)
            content_type = plan.check_type(await self._blobs.head(key, plan.SNIFF_BYTES))
        except Invalid as error:
            await self._fail(video.video_id, Failure(error.errors[0].code, error.errors[0].detail))
            raise
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            return lifecycle.uploaded(stored, content_type, now_ms) if stored.status == "uploading" else None

        preview = lifecycle.uploaded(video, content_type, now_ms)[0]
        return await save.change(self._videos, video.video_id, step, receipt=seal(preview))

    async def _fail(self, video_id: str, failure: Failure) -> None:
        """Ends an upload that can't become a video; its bytes go, and none can come any more."""
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            return lifecycle.failed(stored, failure, now_ms) if stored.status == "uploading" else None

        await save.change(self._videos, video_id, step)
        await self._blobs.delete_prefix(master_key(video_id))

    async def _record(self, viewer: Viewer, wish: UploadRequest, now_ms: int) -> Video:
        if wish.file_size_bytes > self._settings.upload_max_bytes:
            raise TooLarge(f"A file has at most {self._settings.upload_max_bytes} bytes.")
        music_id = words.music_id(wish.music_id)
        if music_id and music_id not in await self._musics.get_many([music_id]):
            raise Invalid("/music_id", "unknown_music", "There is no such piece of music.")
        parts = plan.part_plan(wish.file_size_bytes, self._settings.upload_part_bytes)
        video = Video(
            video_id=ids.new("vid", now_ms),
            user_id=viewer.user_id,
            created_at=now_ms,
            updated_at=now_ms,
            visibility=wish.visibility,
            publish_at=wish.publish_at,
            title=words.title(wish.title),
            description=words.description(wish.description),
            category=text.slug(wish.category, "/category"),
            hashtags=words.hashtags(wish.hashtags),
            music_id=music_id,
            effects=words.effects(wish.effects),
            allow_comments=wish.allow_comments,
            allow_duet=wish.allow_duet,
            allow_stitch=wish.allow_stitch,
            location=words.location(wish.location),
            duration_ms=round(wish.duration_sec * 1000),
            width=wish.width,
            height=wish.height,
            reserved_bytes=wish.file_size_bytes,
            upload=UploadPlan(
                size_bytes=wish.file_size_bytes,
                content_type=wish.content_type,
                expires_at=now_ms + self._settings.upload_url_ttl_s * 1000,
                part_size_bytes=parts.part_size_bytes if parts else None,
                parts=parts.count if parts else 0,
                thumbnail_at_ms=wish.thumbnail_at_ms,
            ),
        )
        words.refuse_flagged(words.said_by(msgspec.structs.asdict(video)))
        return video

    async def _renewed(self, video: Video) -> Video:
        now_ms = self._clock()
        if video.upload.expires_at - RENEW_MS > now_ms:
            return video
        expires_at = now_ms + self._settings.upload_url_ttl_s * 1000

        def step(stored: Video) -> lifecycle.Step | None:
            if stored.status != "uploading":
                raise Conflict("This upload has just ended.")
            upload = msgspec.structs.replace(stored.upload, expires_at=expires_at)
            return msgspec.structs.replace(stored, upload=upload, updated_at=now_ms), []

        return await save.change(self._videos, video.video_id, step)

    def _put(self, video: Video) -> SignedPut:
        upload = video.upload
        return self._blobs.sign_put(
            master_key(video.video_id), upload.size_bytes, upload.content_type, upload.expires_at
        )

    def _part_state(self, video: Video, parts: plan.PartPlan, number: int, arrived: dict[int, Part]) -> PartState:
        size_bytes = parts.size_of(number)
        part = arrived.get(number)
        if part is not None and part.size_bytes == size_bytes:
            return PartState(number, size_bytes, part.etag, None)
        return PartState(number, size_bytes, None, self._part_url(video, number, size_bytes))

    def _part_url(self, video: Video, number: int, size_bytes: int) -> str:
        return self._blobs.sign_part(master_key(video.video_id), number, size_bytes, video.upload.expires_at).url

    def _answer(self, video: Video) -> UploadAnswer:
        put = self._put(video)
        parts = plan.part_plan(video.upload.size_bytes, self._settings.upload_part_bytes)
        offered = None
        if parts:
            numbers = range(1, parts.count + 1)
            addresses = [
                PartAddress(number, self._part_url(video, number, parts.size_of(number))) for number in numbers
            ]
            offered = Parts(parts.part_size_bytes, addresses)
        return UploadAnswer(video.video_id, put.url, video.upload.expires_at, video.status, put.headers, offered)


def status_of(video: Video, progress: int) -> StatusAnswer:
    """A record's status as clients read it."""
    percent = 100 if video.status == "active" else progress
    return StatusAnswer(video.video_id, video.status, video.moderation_status, percent, video.failure)
