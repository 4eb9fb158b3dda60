"""The processing worker: one leased job at a time, from the stored master to live renditions.

It may be killed at any point. Everything is made under the attempt's own path and goes live by one conditional write
of the record; an attempt that lost its lease or its video leaves no files.
"""

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.core.clock import Clock
from app.core.errors import KinoraError, NotFound, Unavailable
from app.core.metrics import PROCESSING
from app.ports.blobs import Blobs
from app.ports.jobs import Job, Jobs
from app.ports.media import Media, MediaFailed, MediaRejected, MediaSet
from app.ports.users import Users
from app.ports.videos import Failure, MediaVersion, Video, Videos
from app.services.video import lifecycle, save
from app.services.video.actions import TRANSCODE
from app.services.video.uploads import master_key

log = logging.getLogger(__name__)

LEASE_MS: Final = 15_000
BEAT_S: Final = 3.0
IDLE_S: Final = 0.5
ATTEMPTS: Final = 5
RETRY_MS: Final = (2_000, 10_000, 30_000, 120_000)
_GIVEN_UP: Final = Failure("processing_failed", "We could not process this video. Try again, or upload it anew.")


class LostLease(Exception):
    """Another worker has this job, or the video is gone: stop at once."""


class Processor:
    """Claims transcoding jobs and works them off."""

    def __init__(
        self,
        videos: Videos,
        users: Users,
        jobs: Jobs,
        blobs: Blobs,
        media: Media,
        work_root: Path,
        owner: str,
        clock: Clock,
    ) -> None:
        self._videos = videos
        self._users = users
        self._jobs = jobs
        self._blobs = blobs
        self._media = media
        self._work_root = work_root
        self._owner = owner
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop`; a job in hand is finished or its lease left to run out."""
        while not stop.is_set():
            try:
                job = await self._jobs.claim(TRANSCODE, self._owner, LEASE_MS)
            except Unavailable:
                job = None
            if job is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), IDLE_S)
                continue
            await self.work(job)

    async def work(self, job: Job) -> None:
        """One job, to its end or back into the queue; never raises for what one video or store did."""
        began_ms = self._clock()
        try:
            outcome = await self._work(job)
        except (LostLease, NotFound):
            outcome = "abandoned"
        except MediaRejected as refusal:
            outcome = await self._give_up(job, Failure(refusal.code, refusal.sentence))
        except (KinoraError, MediaFailed, OSError) as error:
            log.warning("processing", exc_info=error, extra={"video_id": job.subject, "attempt": job.attempt})
            outcome = await self._again(job, error)
        PROCESSING.labels(outcome).observe((self._clock() - began_ms) / 1000)

    async def _work(self, job: Job) -> str:
        found = await self._videos.get(job.subject)
        if found is None or found.video.status != "processing" or found.video.media is not None:
            await self._jobs.finish(job)  # done by an attempt that died before it could say so, or deleted
            return "repeated"
        author = await self._users.get(found.video.user_id)
        if author is None:
            raise NotFound("There is no such author.")
        attempt = f"a{job.fence}"
        prefix = f"media/{job.subject}/{attempt}"
        with tempfile.TemporaryDirectory(prefix=f"{job.subject}-", dir=self._work_root) as folder:
            try:
                made = await self._beating(job, found.video, author.username, Path(folder))
                await self._blobs.store_tree(prefix, Path(folder) / "out", made.files)
                await self._publish(job, made, attempt)
            except BaseException:
                await self._blobs.delete_prefix(prefix)
                raise
        for older in range(1, job.fence):
            await self._blobs.delete_prefix(f"media/{job.subject}/a{older}")
        await self._jobs.finish(job)
        return "processed"

    async def _beating(self, job: Job, video: Video, handle: str, folder: Path) -> MediaSet:
        """Renders while a heartbeat keeps the lease and shows progress; a lost lease stops the rendering."""
        percent = 0

        def note(value: int) -> None:
            nonlocal percent
            percent = min(99, value)

        render = asyncio.create_task(self._render(video, handle, folder, note))
        try:
            while True:
                done, _ = await asyncio.wait({render}, timeout=BEAT_S)
                if done:
                    return render.result()
                if not await self._jobs.heartbeat(job, LEASE_MS, percent):
                    raise LostLease
        finally:
            render.cancel()
            await asyncio.gather(render, return_exceptions=True)

    async def _render(self, video: Video, handle: str, folder: Path, progress: Callable[[int], None]) -> MediaSet:
        source, out = folder / "source", folder / "out"
        out.mkdir()
        await self._blobs.fetch(master_key(video.video_id), source)
        return await self._media.render(
            source, out, handle=handle, poster_at_ms=video.upload.thumbnail_at_ms, progress=progress
        )

    async def _publish(self, job: Job, made: MediaSet, attempt: str) -> None:
        now_ms = self._clock()
        media = MediaVersion(
            attempt=attempt,
            epoch=0,
            renditions=tuple(rendition.name for rendition in made.renditions),
            thumbnails=made.thumbnails,
            poster=made.poster,
            sprite=made.sprite,
            sprite_vtt=made.sprite_vtt,
            download=made.download,
            master=made.master,
            dash=made.dash,
            size_bytes=sum(made.files.values()),
        )

        def step(stored: Video) -> lifecycle.Step:
            if stored.status != "processing" or stored.media is not None:
                raise LostLease
            return lifecycle.processed(stored, media, made.duration_ms, made.probe.width, made.probe.height, now_ms)

        if not await self._jobs.heartbeat(job, LEASE_MS, 99):
            raise LostLease
        await save.change(self._videos, job.subject, step)

    async def _give_up(self, job: Job, failure: Failure) -> str:
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            return lifecycle.failed(stored, failure, now_ms) if stored.status == "processing" else None

        try:
            await save.change(self._videos, job.subject, step)
            await self._jobs.finish(job)
        except NotFound:
            await self._jobs.finish(job)
        except KinoraError:
            log.exception("giving up", extra={"video_id": job.subject})  # the lease runs out: tried again
        return "failed"

    async def _again(self, job: Job, error: Exception) -> str:
        if job.attempt >= ATTEMPTS:
            return await self._give_up(job, _GIVEN_UP)
        delay_ms = RETRY_MS[min(job.attempt, len(RETRY_MS)) - 1]
        try:
            await self._jobs.retry_later(job, delay_ms, str(error)[:500])
        except KinoraError:
            log.exception("retry", extra={"video_id": job.subject})  # the lease runs out: the same in the end
        return "again"
