"""What follows from facts about videos, with the handlers given their events by hand, repeats included."""

import httpx

from app import features
from app.core import events, ids
from app.core.clock import system_ms
from app.core.config import Settings
from app.features import Features
from app.services.video.actions import TRANSCODE
from app.services.video.handlers import Moderate, QueueTranscode, RemoveFiles, RenewCards, Sweeps
from app.stores import Stores
from tests.api.happenings import Happenings
from tests.api.uploading import begin, body_of, clip, status, uploaded
from tests.factories import make_video, record, sign_up

HOUR_MS = 3_600_000


async def test_an_upload_queues_one_job_and_gets_one_verdict(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author = await sign_up(client)
    video_id = await uploaded(client, author)
    facts = await happenings.of(video_id)
    queue, moderate = QueueTranscode(stores.jobs, system_ms), Moderate(stores.videos, system_ms)
    before = await stores.jobs.depth(TRANSCODE)

    for _ in range(3):
        await queue(facts)
        await moderate(facts)

    assert await stores.jobs.depth(TRANSCODE) == before + 1
    assert (await status(client, author, video_id))["moderation_status"] == "approved"
    assert await happenings.types(video_id) == ["video.uploaded", "video.moderated"]
    await stores.jobs.cancel(TRANSCODE, video_id)


async def test_words_that_slipped_in_are_rejected_by_the_verdict(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author = await sign_up(client)
    video = record(author.user_id, system_ms(), title="free bitcoin")
    await stores.videos.create(video, quota_bytes=2**40)
    fact = events.event("video.uploaded", video.video_id, 1, video_id=video.video_id, user_id=author.user_id)

    await Moderate(stores.videos, system_ms)([fact])

    assert (await status(client, author, video.video_id))["moderation_status"] == "rejected"
    found = await stores.videos.get(video.video_id)
    assert found is not None
    assert found.video.moderation_flags == ("fraud",)


async def test_facts_about_what_is_not_there_harm_nobody(
    stores: Stores, built: Features, client: httpx.AsyncClient
) -> None:
    author = await sign_up(client)
    gone = await make_video(stores, author.user_id)
    await client.delete(f"/api/v1/videos/{gone.video_id}", headers=author.headers)
    for video_id in (ids.new("vid"), gone.video_id):
        for type_ in ("video.uploaded", "video.changed", "video.deleted"):
            fact = events.event(type_, video_id, 1, video_id=video_id, user_id=author.user_id)
            await Moderate(stores.videos, system_ms)([fact])
            await RenewCards(built.hydrator, built.author_cards, stores.progress)([fact])
            await RemoveFiles(stores.blobs, stores.jobs)([fact])
    assert (await client.get(f"/api/v1/videos/{gone.video_id}", headers=author.headers)).status_code == 404


async def test_a_deletion_takes_the_master_and_no_late_put_brings_it_back(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author = await sign_up(client)
    started = await begin(client, author)
    video_id = started["video_id"]
    await client.delete(f"/api/v1/videos/{video_id}", headers=author.headers)

    await RemoveFiles(stores.blobs, stores.jobs)(await happenings.of(video_id))

    late = await client.put(started["upload_url"], headers=started["upload_headers"], content=clip(1000))
    assert late.status_code == 403
    assert await stores.blobs.size(f"uploads/{video_id}") is None


async def test_cards_are_renewed_from_the_record(client: httpx.AsyncClient, stores: Stores, built: Features) -> None:
    author = await sign_up(client)
    video = await make_video(stores, author.user_id)
    await built.hydrator.cards([video.video_id])
    assert (await client.get(f"/api/v1/users/{author.user_id}/videos")).json()["videos"][0]["title"] == "A clip"
    video.title = "Changed behind the cache"
    await stores.videos.save(video)

    fact = events.event("video.changed", video.video_id, 1, video_id=video.video_id, user_id=author.user_id)
    await RenewCards(built.hydrator, built.author_cards, stores.progress)([fact])

    (card,) = (await client.get(f"/api/v1/users/{author.user_id}/videos")).json()["videos"]
    assert card["title"] == "Changed behind the cache"


async def test_sweeps_publish_what_is_due_once_and_queue_what_was_lost(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author = await sign_up(client)
    now_ms = system_ms()
    due = await make_video(stores, author.user_id, publish_at=now_ms + HOUR_MS)
    lost = await uploaded(client, author)
    ahead = Sweeps(stores.videos, stores.jobs, lambda: now_ms + HOUR_MS + 1)

    for _ in range(2):
        await ahead.publish_due()
        await ahead.queue_lost()

    assert (await happenings.types(due.video_id)).count("video.published") == 1
    assert (await status(client, author, due.video_id))["status"] == "active"
    assert not await stores.jobs.queue(TRANSCODE, lost, cause=ids.new("evt"), now_ms=now_ms)  # one stands already
    await stores.jobs.cancel(TRANSCODE, lost)


async def test_a_sweep_completes_what_arrived_unnoticed_and_ends_what_never_came(
    client: httpx.AsyncClient, stores: Stores, api_settings: Settings
) -> None:
    author = await sign_up(client)
    arrived, abandoned = await begin(client, author), await begin(client, author)
    await stores.blobs.store(f"uploads/{arrived['video_id']}", body_of(clip(1000)), 1000)
    later_ms = system_ms() + 25 * HOUR_MS
    await features.build(api_settings, stores, lambda: later_ms).uploads.sweep()

    assert (await status(client, author, arrived["video_id"]))["status"] == "processing"
    ended = await status(client, author, abandoned["video_id"])
    assert (ended["status"], ended["failure"]["code"]) == ("failed", "abandoned")
