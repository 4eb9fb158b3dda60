"""The processing worker: one leased job at a time, from the stored master to live renditions.

It may be killed at any point. Everything is made under the attempt's own path and goes live by one conditional write
of the record; an attempt that lost its lease or its video leaves no files, and what a killed one left behind goes with
the next attempt.
"""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from app.core.clock import DAY_MS, Clock
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
from app.work.pacing import pause

log = logging.getLogger(__name__)

BEATS: Final = 5  # heartbeats in the time of one lease
IDLE_S: Final = 0.5
GRACE_S: Final = 5.0  # for the job in hand when the worker is asked to stop
ATTEMPTS: Final = 5  # from this one on an attempt that fails is the last
CLAIMS: Final = 100  # whatever ended them, the death of the worker included: the video may be what kills it
RETRY_MS: Final = (2_000, 10_000, 30_000, 120_000)
STALE_WORK_MS: Final = DAY_MS  # longer than any job runs
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
        lease_ms: int,
        clock: Clock,
    ) -> None:
        self._videos = videos
        self._users = users
        self._jobs = jobs
        self._blobs = blobs
        self._media = media
        self._work_root = work_root
        self._owner = owner
        self._lease_ms = lease_ms
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop`; a job that does not end within `GRACE_S` of it is given back, for another to take."""
        while not stop.is_set():
            try:
                job = await self._jobs.claim(TRANSCODE, self._owner, self._lease_ms)
            except Unavailable:
                job = None
            if job is None:
                await pause(stop, IDLE_S)
            else:
                await self._work_until(stop, job)

    async def work(self, job: Job) -> None:
        """One job, to its end or back into the queue; never raises for what one video or store did."""
        began_ms = self._clock()
        try:
            outcome = await self._work(job)
        except LostLease:
            outcome = "abandoned"
        except MediaRejected as refusal:
            outcome = await self._give_up(job, Failure(refusal.code, refusal.sentence))
        except Exception as error:  # the worker outlives whatever one video brings about
            log.warning("processing", exc_info=error, extra={"video_id": job.subject, "attempt": job.attempt})
            outcome = await self._again(job, error)
        PROCESSING.labels(outcome).observe((self._clock() - began_ms) / 1000)

    async def sweep(self) -> None:
        """Removes working folders whose job was never taken up again."""
        await asyncio.to_thread(_remove_older, self._work_root, self._clock() - STALE_WORK_MS)

    async def _work_until(self, stop: asyncio.Event, job: Job) -> None:
        work = asyncio.create_task(self.work(job))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({work}, timeout=GRACE_S)
        finally:
            stopping.cancel()
            work.cancel()
            await asyncio.wait({work, stopping})
        if not work.cancelled():
            return work.result()
        try:
            await self._jobs.retry_later(job, 0, "The worker was stopped.")
        except KinoraError:
            log.warning("giving back", exc_info=True, extra={"video_id": job.subject})  # the lease runs out
        return None

    async def _work(self, job: Job) -> str:
        found = await self._videos.get(job.subject)
        if found is None or found.video.status != "processing" or found.video.media is not None:
            # Done by an attempt that died before it could say so, or deleted.
            await self._tidy(job, found.video.media if found and found.video.status != "deleted" else None)
            await self._jobs.finish(job)
            return "repeated"
        if job.attempt > CLAIMS:
            raise MediaFailed(f"claimed {job.attempt} times")
        author = await self._users.get(found.video.user_id)
        if author is None:
            raise NotFound("There is no such author.")
        await asyncio.to_thread(_remove, self._work_root.glob(f"{job.subject}-*"))
        with tempfile.TemporaryDirectory(prefix=f"{job.subject}-", dir=self._work_root) as folder:
            made = await self._beating(job, found.video, author.username, Path(folder))
            media = _version(_attempt(job, job.fence), made)
            try:
                await self._store(job, media, Path(folder) / "out", made)
                await self._publish(job, media, made)
            except LostLease:
                await self._blobs.delete_prefix(_prefix(job, media.attempt))
                raise
            # After any other error the record may have been written all the same: the next attempt looks.
        await self._tidy(job, media)
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
                done, _ = await asyncio.wait({render}, timeout=self._lease_ms / 1000 / BEATS)
                if done:
                    return render.result()
                try:
                    await self._keep(job, percent)
                except Unavailable as error:  # then nobody else can claim it either; a later beat tells whose it is
                    log.info("a heartbeat was missed: %s", error.detail, extra={"video_id": video.video_id})
        finally:
            render.cancel()
            await asyncio.gather(render, return_exceptions=True)

    async def _keep(self, job: Job, percent: int) -> None:
        if not await self._jobs.heartbeat(job, self._lease_ms, percent):
            raise LostLease

    async def _render(self, video: Video, handle: str, folder: Path, progress: Callable[[int], None]) -> MediaSet:
        source, out = folder / "source", folder / "out"
        out.mkdir()
        await self._blobs.fetch(master_key(video.video_id), source)
        return await self._media.render(
            source, out, handle=handle, poster_at_ms=video.upload.thumbnail_at_ms, progress=progress
        )

    async def _store(self, job: Job, media: MediaVersion, out: Path, made: MediaSet) -> None:
        storing = asyncio.ensure_future(self._blobs.store_tree(_prefix(job, media.attempt), out, made.files))
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            await asyncio.wait({storing})  # its thread can't be stopped, and the folder it reads is about to go
            raise

    async def _publish(self, job: Job, media: MediaVersion, made: MediaSet) -> None:
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step:
            if stored.status != "processing" or stored.media is not None:
                raise LostLease
            return lifecycle.processed(stored, media, made.duration_ms, made.probe.width, made.probe.height, now_ms)

        await self._keep(job, 99)
        await save.change(self._videos, job.subject, step)

    async def _tidy(self, job: Job, live: MediaVersion | None) -> None:
        """Removes what this job's attempts stored, but for the one that is live."""
        for fence in range(1, job.fence + 1):
            attempt = _attempt(job, fence)
            if live is None or attempt != live.attempt:
                await self._blobs.delete_prefix(_prefix(job, attempt))

    async def _give_up(self, job: Job, failure: Failure) -> str:
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            given_up = stored.status == "processing" and stored.media is None
            return lifecycle.failed(stored, failure, now_ms) if given_up else None

        try:
            await self._keep(job, 99)  # only who holds the job may judge the video
            saved = await save.change(self._videos, job.subject, step)
            await self._tidy(job, saved.media)
            await self._jobs.finish(job)
        except LostLease:
            return "abandoned"
        except KinoraError:
            log.exception("giving up", extra={"video_id": job.subject})  # the lease runs out: tried again
        return "failed"

    async def _again(self, job: Job, error: Exception) -> str:
        # "Not now" is no failure of the video's: it waits for as long as the store is away.
        if job.attempt >= ATTEMPTS and not isinstance(error, Unavailable):
            return await self._give_up(job, _GIVEN_UP)
        delay_ms = RETRY_MS[min(job.attempt, len(RETRY_MS)) - 1]
        try:
            await self._jobs.retry_later(job, delay_ms, str(error)[:500])
        except KinoraError:
            log.exception("retry", extra={"video_id": job.subject})  # the lease runs out: the same in the end
        return "again"


def _attempt(job: Job, fence: int) -> str:
    """No two attempts share a name, those of different jobs for one video included."""
    return f"a{fence}-{job.job_id[-8:]}"


def _prefix(job: Job, attempt: str) -> str:
    return f"media/{job.subject}/{attempt}"


def _version(attempt: str, made: MediaSet) -> MediaVersion:
    return MediaVersion(
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


def _remove_older(root: Path, before_ms: int) -> None:
    _remove(path for path in root.iterdir() if path.lstat().st_mtime_ns < before_ms * 1_000_000)


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it too
