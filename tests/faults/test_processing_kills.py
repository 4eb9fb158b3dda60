"""kill -9 of the worker at any point of processing: every video ends published, once, and never by half."""

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.adapters.postgres.pool import open_pool
from app.adapters.postgres.videos import PostgresVideos
from app.core.clock import system_ms
from app.core.errors import Unavailable
from app.core.events import Event, Receipt
from app.ports.jobs import Job, Jobs
from app.ports.videos import Video
from app.services.video.actions import TRANSCODE
from app.services.video.processing import Processor
from app.stores import open_stores
from tests.factories import sign_up
from tests.factories_media import FFMPEG, plain
from tests.faults.journeys import active, check_once, check_playable, clip, never_half_published, upload
from tests.faults.running import Kinora, json, until

TOOLS_END_S = 5.0


async def kill_worker(kinora: Kinora) -> None:
    """And all its tools end by themselves."""
    kinora.kill("worker")
    await until(lambda: not kinora.tools(), "no tool outlives the worker", patience_s=TOOLS_END_S)


async def attempt_begins(kinora: Kinora) -> None:
    before = set(kinora.work_root.iterdir())
    await until(lambda: set(kinora.work_root.iterdir()) - before, "an attempt begins", every_s=0.002)


async def tree_appears(kinora: Kinora) -> None:
    """The moment between the files and the record that makes them live."""
    media = kinora.settings.data.blobs / "media"
    before = set(media.glob("*/*"))
    await until(lambda: set(media.glob("*/*")) - before, "an attempt's files are stored", every_s=0.0005)


async def survive(kinora: Kinora, folder: Path, kills: int, seed: int) -> None:
    """As many kills, one in each of as many equal spans of the time that processing takes when nobody disturbs it;
    the last one as the files are stored."""
    rng = random.Random(seed)
    author, follower = await sign_up(kinora.client, "author"), await sign_up(kinora.client, "follower")
    await kinora.client.post(f"/api/v1/users/{author.user_id}/follow", headers=follower.headers)
    begins = asyncio.create_task(attempt_begins(kinora))
    calm = await upload(kinora.client, author, clip(folder, 0, seconds=1.0))
    await begins
    began_s = time.monotonic()
    await active(kinora.client, author, calm)
    whole_s = time.monotonic() - began_s

    video_ids = [calm]
    watches = []
    for number in range(kills):
        begins = asyncio.create_task((tree_appears if number == kills - 1 else attempt_begins)(kinora))
        video_ids.append(await upload(kinora.client, author, clip(folder, 1 + number, seconds=1.0)))
        watches.append(asyncio.create_task(never_half_published(kinora.client, author, video_ids[-1])))
        await begins
        if number < kills - 1:
            await asyncio.sleep(whole_s * (number + rng.random()) / (kills - 1))  # the moment of the blow
        await kill_worker(kinora)
        kinora.start("worker")

    for video_id in video_ids:
        await active(kinora.client, author, video_id)
        await check_playable(kinora.client, author, video_id)
        await check_once(kinora, video_id)
    await asyncio.gather(*watches)

    async def feed() -> list[str]:
        answer = json(await kinora.client.get("/api/v1/feed/following?limit=50", headers=follower.headers))
        return sorted(card["video_id"] for card in answer["videos"])

    async def whole() -> bool:
        return await feed() == sorted(video_ids)

    await until(whole, "the follower has each video once")


async def test_a_video_deleted_in_mid_processing_leaves_no_files(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    begins = asyncio.create_task(attempt_begins(kinora))
    video_id = await upload(kinora.client, author, clip(tmp_path, 0, seconds=10.0))
    await begins

    assert (await kinora.client.delete(f"/api/v1/videos/{video_id}", headers=author.headers)).status_code == 204

    blobs = kinora.settings.data.blobs

    def left() -> list[Path]:
        roots = (blobs / "media", blobs / "uploads", blobs / ".parts", kinora.work_root)
        return [path for root in roots for path in root.glob(f"{video_id}*")]

    await until(lambda: not left() and not kinora.tools(), "nothing is left of it")


class LosesAnAnswer(PostgresVideos):
    """The video store, on a line that breaks between its first write and the answer to it."""

    lost = False

    async def save(
        self,
        video: Video,
        *,
        events: Sequence[Event] = (),
        cause: str | None = None,
        receipt: Receipt | None = None,
    ) -> Video:
        saved = await super().save(video, events=events, cause=cause, receipt=receipt)
        if not self.lost:
            self.lost = True
            raise Unavailable("The line is dead.")
        return saved


async def test_a_publication_whose_answer_was_lost_stays_whole(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    assert await kinora.terminate("worker") == 0
    video_id = await upload(kinora.client, author, clip(tmp_path, 0, seconds=1.0))
    async with open_stores(kinora.settings) as stores:
        pool = await open_pool(kinora.settings.videos_url, size=2)
        videos = LosesAnAnswer(pool)
        processor = Processor(
            videos, stores.users, stores.jobs, stores.blobs, stores.media, stores.work_root, "here", 60_000, system_ms
        )
        await stores.jobs.queue(TRANSCODE, video_id, cause=video_id, now_ms=system_ms())
        for _ in range(2):  # the attempt that is not answered, and the next one
            job = await claimed(stores.jobs, video_id)
            await processor.work(job)
        await pool.close()
    assert videos.lost
    kinora.start("worker")
    await active(kinora.client, author, video_id)
    await check_playable(kinora.client, author, video_id)
    facts = "SELECT count(*) FROM video.outbox WHERE key = $1 AND type IN ('video.processed', 'video.published')"
    assert await kinora.database.fetchval(facts, video_id) == 2


async def claimed(jobs: Jobs, video_id: str) -> Job:
    """The video's job, as soon as it is due."""
    found: list[Job] = []

    async def claim() -> bool:
        job = await jobs.claim(TRANSCODE, "here", 60_000)
        found.extend([job] if job is not None else [])
        return job is not None

    await until(claim, f"the job of {video_id} is due")
    assert found[0].subject == video_id
    return found[0]


async def test_every_video_is_published_once_whenever_the_worker_is_killed(kinora: Kinora, tmp_path: Path) -> None:
    await survive(kinora, tmp_path, kills=2, seed=1)


@pytest.mark.long
async def test_ten_kills_at_random_points(kinora: Kinora, tmp_path: Path) -> None:
    await survive(kinora, tmp_path, kills=10, seed=2)


@pytest.mark.long
async def test_an_encoder_dies_with_its_worker(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    slow = plain(tmp_path / "slow.mp4", size="720x1280", seconds=15.0).read_bytes()  # much longer than it has to end
    video_id = await upload(kinora.client, author, slow)
    await until(lambda: kinora.tools(FFMPEG), "the encoder is at work")

    kinora.kill("worker")

    await until(lambda: not kinora.tools(), "no tool outlives the worker", patience_s=1.0)
    assert (await kinora.client.delete(f"/api/v1/videos/{video_id}", headers=author.headers)).status_code == 204
    kinora.start("worker")


@pytest.mark.long
async def test_a_stopped_worker_gives_its_job_to_whoever_comes_next(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    begins = asyncio.create_task(attempt_begins(kinora))
    slow = plain(tmp_path / "slow.mp4", size="1080x1920", seconds=20.0).read_bytes()  # takes longer than the grace
    video_id = await upload(kinora.client, author, slow)
    await begins

    try:
        assert await kinora.terminate("worker") == 0
        assert kinora.tools() == []
        assert list(kinora.work_root.glob(f"{video_id}-*")) == []
        free = "SELECT lease_until IS NULL AND due_at <= now() AND done_at IS NULL FROM work.jobs WHERE subject = $1"
        assert await kinora.database.fetchval(free, video_id) is True
    finally:
        kinora.start("worker")
    await active(kinora.client, author, video_id)
    await check_once(kinora, video_id)
