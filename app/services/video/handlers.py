"""What follows from facts about videos: jobs, verdicts, clean-up, fresh cards."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from app.cards.hydrate import BATCH, Hydrator
from app.cards.renew import AuthorCards
from app.core import events
from app.core.clock import Clock
from app.core.errors import KinoraError, NotFound
from app.core.events import Event
from app.ports.blobs import Blobs
from app.ports.jobs import Jobs
from app.ports.progress import Progress
from app.ports.videos import Video, Videos
from app.services.video import lifecycle, moderation, save
from app.services.video.actions import TRANSCODE
from app.services.video.uploads import master_key
from app.work.pieces import BUDGET_S, Turn

log = logging.getLogger(__name__)

_OF_AUTHORS: Final = frozenset({"user.changed", "user.suspended", "user.restored"})


class QueueTranscode:
    """`video.uploaded` → a job. The transcode itself never runs inside a poll."""

    GROUP = "transcode-queue"

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            if event.type == "video.uploaded":
                cause = events.cause(event, self.GROUP)
                await self._jobs.queue(TRANSCODE, event.data["video_id"], cause=cause, now_ms=self._clock())


class Moderate:
    """`video.uploaded` → a verdict on its words, as moderation's own fact."""

    GROUP = "moderation"

    def __init__(self, videos: Videos, clock: Clock) -> None:
        self._videos = videos
        self._clock = clock

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            if event.type == "video.uploaded":
                await self._judge(event)

    async def _judge(self, event: Event) -> None:
        now_ms = self._clock()

        def step(stored: Video) -> lifecycle.Step | None:
            if stored.moderation_status != "pending" or stored.status == "deleted":
                return None
            return lifecycle.moderated(stored, *moderation.judge(stored), now_ms)

        try:
            await save.change(self._videos, event.data["video_id"], step, cause=events.cause(event, self.GROUP))
        except NotFound:
            return  # never stored, or restored from a backup without it: nothing to judge


class RenewCards:
    """`feed.update` → the card as the record now says, also where the write's own attempt did not reach the cache."""

    GROUP = "cards"

    def __init__(self, hydrator: Hydrator, cards: AuthorCards, progress: Progress, budget_s: float = BUDGET_S) -> None:
        self._hydrator = hydrator
        self._cards = cards
        self._progress = progress
        self._budget_s = budget_s

    async def __call__(self, batch: Sequence[Event]) -> None:
        turn = Turn(self._progress, self._budget_s)
        touched = list(dict.fromkeys(event.data["video_id"] for event in batch if "video_id" in event.data))
        for start in range(0, len(touched), BATCH):
            await self._hydrator.rebuild(touched[start : start + BATCH], must_store=True)
        first: dict[str, Event] = {}
        for event in batch:
            if event.type in _OF_AUTHORS:
                first.setdefault(event.data["user_id"], event)  # its turns stand for those of all after it
        for user_id, event in first.items():
            await turn.work(events.cause(event, self.GROUP), partial(self._cards.renew, user_id))


class RemoveFiles:
    """`video.deleted` → neither master nor renditions are left."""

    GROUP = "files"

    def __init__(self, blobs: Blobs, jobs: Jobs) -> None:
        self._blobs = blobs
        self._jobs = jobs

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            if event.type == "video.deleted":
                video_id = event.data["video_id"]
                await self._jobs.cancel(TRANSCODE, video_id)
                await self._blobs.seal(master_key(video_id))  # a PUT that is still under way must not bring it back
                await self._blobs.delete_prefix(master_key(video_id))
                await self._blobs.delete_prefix(f"media/{video_id}")


class Sweeps:
    """Ticks that heal what a lost message or a passing hour left behind."""

    def __init__(self, videos: Videos, jobs: Jobs, clock: Clock) -> None:
        self._videos = videos
        self._jobs = jobs
        self._clock = clock

    async def publish_due(self) -> None:
        """Scheduled videos whose hour has come."""
        now_ms = self._clock()
        for video in await self._videos.due(now_ms, 100):
            try:
                await save.change(self._videos, video.video_id, lambda stored: lifecycle.due(stored, now_ms))
            except KinoraError:
                log.exception("sweep", extra={"video_id": video.video_id})

    async def queue_lost(self) -> None:
        """Videos in processing that no job stands for: they get one."""
        now_ms = self._clock()
        for video in await self._videos.stalled("processing", now_ms - 60_000, 100):
            if video.media is None:
                cause = f"{video.video_id}/{video.version}/sweep"
                await self._jobs.queue(TRANSCODE, video.video_id, cause=cause, now_ms=now_ms)
