"""The video store: whole records, quotas, conditional saves, counts, kills. See `app.ports.videos`."""

import asyncio
import random

import msgspec
import pytest

from app.core import ids
from app.core.clock import system_ms
from app.core.errors import Conflict, NotFound, Stale, Unavailable
from app.core.events import Event, Receipt, cause, event
from app.ports.videos import Counts, Failure, Location, MediaVersion, Video, Videos
from tests.contract.evidence import Evidence
from tests.contract.records import MIB, a_video


def changed(video: Video) -> Event:
    return event("video.changed", video.video_id, system_ms(), video_id=video.video_id, user_id=video.user_id)


async def test_a_record_comes_back_whole(videos: Videos) -> None:
    video = a_video(
        title='Süß \U0001f353 \\u0000 "quoted"',
        description="two\nlines",
        hashtags=("eins", "二"),
        moderation_flags=("words",),
        effects=("slow",),
        location=Location(lat=47.123456789012345, lng=-8.1, name="Zürich"),
        failure=Failure("no_video_stream", "The file holds no video."),
        media=MediaVersion(
            attempt="a1",
            epoch=3,
            renditions=("360p", "720p"),
            thumbnails=("0.jpg",),
            poster=0,
            sprite="s.jpg",
            sprite_vtt="s.vtt",
            download="d.mp4",
            master="m.m3u8",
            dash="m.mpd",
            size_bytes=2**40,
        ),
        publish_at=2**42,
        reserved_bytes=MIB,
    )
    await videos.create(video, quota_bytes=MIB)
    found = await videos.get(video.video_id)
    assert found is not None
    assert (found.video, found.counts, found.counts_version) == (video, Counts(), 0)


async def test_a_record_is_given_for_a_card_as_json_of_all_its_members(videos: Videos) -> None:
    video = a_video(title='"é"\n', hashtags=("b",), music_id="mus")
    await videos.create(video, quota_bytes=MIB * 100)
    await videos.set_counts(video.video_id, "views", {"views": 7}, 3)

    [(video_id, user_id, music_id, document, counts, version)] = await videos.stored([ids.new("vid"), video.video_id])

    assert (video_id, user_id, music_id, version) == (video.video_id, video.user_id, "mus", 3)
    assert msgspec.json.decode(document, type=Video) == video
    assert msgspec.json.decode(counts, type=Counts) == Counts(views=7)
    with pytest.raises(ValueError, match="200"):
        await videos.stored([video_id] * 201)


async def test_an_unknown_video_is_none_and_left_out_of_many(videos: Videos) -> None:
    one, other, unknown = a_video(), a_video(), ids.new("vid")
    await videos.create(one, quota_bytes=MIB)
    await videos.create(other, quota_bytes=MIB)
    assert await videos.get(unknown) is None
    found = await videos.get_many([other.video_id, unknown, one.video_id])
    assert {key: value.video for key, value in found.items()} == {one.video_id: one, other.video_id: other}
    with pytest.raises(ValueError, match="201"):
        await videos.get_many([unknown] * 201)


async def test_a_video_beyond_the_quota_leaves_nothing(videos: Videos, video_store: Evidence) -> None:
    user = ids.new("usr")
    fits, too_much = a_video(user, reserved_bytes=60), a_video(user, reserved_bytes=41)
    await videos.create(fits, quota_bytes=100)
    receipt = Receipt(user, "key", b"print", 201, b"{}")
    with pytest.raises(Conflict) as refused:
        await videos.create(too_much, quota_bytes=100, events=[changed(too_much)], receipt=receipt)
    assert refused.value.code == "quota_exceeded"
    assert await videos.get(too_much.video_id) is None
    assert await videos.reserved_bytes(user) == 60
    assert await videos.find_receipt(user, "key") is None
    assert await video_store.events(too_much.video_id) == []


async def test_the_first_video_may_be_beyond_the_quota_too(videos: Videos) -> None:
    video = a_video(reserved_bytes=101)
    with pytest.raises(Conflict, match="space"):
        await videos.create(video, quota_bytes=100)
    assert await videos.reserved_bytes(video.user_id) == 0


async def test_parallel_uploads_never_pass_the_quota(videos: Videos) -> None:
    user = ids.new("usr")
    several = [a_video(user, reserved_bytes=10) for _ in range(12)]
    results = await asyncio.gather(*(videos.create(video, quota_bytes=35) for video in several), return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert [type(refusal) for refusal in refused] == [Conflict] * 9
    assert await videos.reserved_bytes(user) == 30
    assert len(await videos.get_many([video.video_id for video in several])) == 3


async def test_one_receipt_is_one_video(videos: Videos, video_store: Evidence) -> None:
    user = ids.new("usr")
    several = [a_video(user, reserved_bytes=1) for _ in range(8)]
    receipts = [Receipt(user, "key", b"print", 201, video.video_id.encode()) for video in several]
    results = await asyncio.gather(
        *(
            videos.create(video, quota_bytes=MIB, events=[changed(video)], receipt=receipt)
            for video, receipt in zip(several, receipts, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(getattr(result, "code", "stored") for result in results) == ["receipt_exists"] * 7 + ["stored"]
    winner = results.index(None)
    assert await videos.find_receipt(user, "key") == receipts[winner]
    assert list(await videos.get_many([video.video_id for video in several])) == [several[winner].video_id]
    assert await videos.reserved_bytes(user) == 1
    assert [len(await video_store.events(video.video_id)) for video in several].count(1) == 1


async def test_a_save_gives_the_next_version_and_stores_its_events(videos: Videos, video_store: Evidence) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    first, second = changed(video), changed(video)
    saved = await videos.save(msgspec.structs.replace(video, title="Renamed"), events=[first, second])
    assert (saved.version, saved.title, video.version) == (1, "Renamed", 0)
    found = await videos.get(video.video_id)
    assert found is not None
    assert found.video == saved
    assert await video_store.events(video.video_id) == [first, second]


async def test_a_stale_save_changes_nothing(videos: Videos, video_store: Evidence) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    current = await videos.save(video)
    of = changed(video)
    with pytest.raises(Stale):
        await videos.save(video, events=[of], cause=cause(of, "test"))
    found = await videos.get(video.video_id)
    assert found is not None
    assert found.video == current
    assert await video_store.events(video.video_id) == []
    # The mark went with the rest, so that the effect can be tried again on the present record.
    assert (await videos.save(current, cause=cause(of, "test"))).version == 2


async def test_saving_an_unknown_video_is_not_found(videos: Videos) -> None:
    with pytest.raises(NotFound):
        await videos.save(a_video())


async def test_of_parallel_saves_exactly_one_wins(videos: Videos, video_store: Evidence) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    changes = [msgspec.structs.replace(video, title=f"Title {n}") for n in range(10)]
    events = [changed(video) for _ in changes]
    results = await asyncio.gather(
        *(videos.save(change, events=[of]) for change, of in zip(changes, events, strict=True)),
        return_exceptions=True,
    )
    won = [n for n, result in enumerate(results) if isinstance(result, Video)]
    assert len(won) == 1
    assert all(isinstance(result, Stale) for n, result in enumerate(results) if n not in won)
    found = await videos.get(video.video_id)
    assert found is not None
    assert found.video.title == f"Title {won[0]}"
    assert await video_store.events(video.video_id) == [events[won[0]]]


async def test_a_cause_has_its_effect_once(videos: Videos, video_store: Evidence) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    of, first, again = changed(video), changed(video), changed(video)
    saved = await videos.save(
        msgspec.structs.replace(video, title="First"), events=[first], cause=cause(of, "processing")
    )
    repeat = msgspec.structs.replace(saved, title="Again")
    assert await videos.save(repeat, events=[again], cause=cause(of, "processing")) == saved
    assert await video_store.events(video.video_id) == [first]
    other_group = await videos.save(repeat, events=[again], cause=cause(of, "moderation"))
    assert (other_group.version, other_group.title) == (2, "Again")


async def test_a_cause_delivered_in_parallel_has_its_effect_once(videos: Videos, video_store: Evidence) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    of = changed(video)
    results = await asyncio.gather(
        *(videos.save(video, events=[changed(video)], cause=cause(of, "processing")) for _ in range(8))
    )
    assert [result.version for result in results] == [1] * 8
    assert len(await video_store.events(video.video_id)) == 1


async def test_the_quota_follows_the_reservation(videos: Videos) -> None:
    video = a_video(reserved_bytes=70)
    await videos.create(video, quota_bytes=100)
    corrected = await videos.save(msgspec.structs.replace(video, reserved_bytes=90))
    assert await videos.reserved_bytes(video.user_id) == 90
    await videos.save(msgspec.structs.replace(corrected, status="deleted", reserved_bytes=0))
    assert await videos.reserved_bytes(video.user_id) == 0
    await videos.create(a_video(video.user_id, reserved_bytes=100), quota_bytes=100)
    assert await videos.reserved_bytes(ids.new("usr")) == 0


async def test_the_author_s_count_follows_status_and_visibility(videos: Videos) -> None:
    video = a_video()
    user, stranger = video.user_id, ids.new("usr")
    await videos.create(video, quota_bytes=MIB)
    counted = []
    for change in (
        {"status": "processing"},
        {"status": "active"},
        {"visibility": "friends"},
        {"visibility": "private"},
        {"visibility": "public"},
        {"title": "Renamed"},
        {"status": "deleted"},
    ):
        video = await videos.save(msgspec.structs.replace(video, **change))
        counted.append((await videos.authors_counts([user, stranger])).get(user, 0))
    assert counted == [0, 1, 1, 0, 1, 1, 0]
    assert (await videos.authors_counts([stranger])).get(stranger, 0) == 0


async def test_parallel_saves_of_one_author_keep_its_sums_exact(videos: Videos) -> None:
    user = ids.new("usr")
    several = [a_video(user, reserved_bytes=10) for _ in range(10)]
    for video in several:
        await videos.create(video, quota_bytes=MIB)
    await asyncio.gather(
        *(videos.save(msgspec.structs.replace(video, status="active", reserved_bytes=7)) for video in several)
    )
    assert await videos.authors_counts([user]) == {user: 10}
    assert await videos.reserved_bytes(user) == 70


async def test_counts_of_a_group_are_replaced_only_by_newer_ones(videos: Videos) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    reactions = {"likes": 5, "comments": 2, "shares": 1, "saves": 3}
    assert await videos.set_counts(video.video_id, "reactions", reactions, 11)
    assert await videos.set_counts(video.video_id, "views", {"views": 2**40}, 4)
    assert not await videos.set_counts(video.video_id, "reactions", reactions | {"likes": 4}, 10)
    assert not await videos.set_counts(video.video_id, "reactions", reactions | {"likes": 6}, 11)
    found = await videos.get(video.video_id)
    assert found is not None
    assert found.counts == Counts(views=2**40, likes=5, comments=2, shares=1, saves=3)
    assert found.counts_version == 15
    assert await videos.set_counts(video.video_id, "reactions", reactions | {"likes": 4}, 12)
    again = await videos.get(video.video_id)
    assert again is not None
    assert (again.counts.likes, again.counts_version) == (4, 16)


async def test_of_counts_that_arrive_in_any_order_the_newest_stays(videos: Videos) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    versions = random.sample(range(1, 31), 30)
    await asyncio.gather(*(videos.set_counts(video.video_id, "views", {"views": v}, v) for v in versions))
    found = await videos.get(video.video_id)
    assert found is not None
    assert (found.counts.views, found.counts_version) == (30, 30)


async def test_a_count_without_a_place_on_the_card_is_refused(videos: Videos) -> None:
    with pytest.raises(ValueError, match="views"):
        await videos.set_counts(ids.new("vid"), "views", {"likes": 1}, 1)


@pytest.mark.parametrize("table", ["receipts", "authors", "videos", "outbox"])
async def test_a_creation_killed_anywhere_leaves_nothing(videos: Videos, video_store: Evidence, table: str) -> None:
    video = a_video(reserved_bytes=5)
    of, receipt = changed(video), Receipt(video.user_id, "key", b"print", 201, b"{}")
    row = {
        "receipts": {"scope": video.user_id},
        "authors": {"user_id": video.user_id},
        "videos": {"video_id": video.video_id},
        "outbox": {"event_id": of.event_id},
    }[table]
    async with video_store.dies_at(table, **row):
        with pytest.raises(Unavailable):
            await videos.create(video, quota_bytes=5, events=[of], receipt=receipt)
    assert await videos.get(video.video_id) is None
    assert await videos.reserved_bytes(video.user_id) == 0
    assert await videos.find_receipt(video.user_id, "key") is None
    assert await video_store.events(video.video_id) == []
    await videos.create(video, quota_bytes=5, events=[of], receipt=receipt)
    assert await video_store.events(video.video_id) == [of]


@pytest.mark.parametrize("table", ["applied", "videos", "authors", "outbox"])
async def test_a_save_killed_anywhere_leaves_nothing(videos: Videos, video_store: Evidence, table: str) -> None:
    video = a_video()
    await videos.create(video, quota_bytes=MIB)
    of, processed = changed(video), event("video.processed", video.video_id, system_ms(), video_id=video.video_id)
    row = {
        "applied": {"cause": cause(processed, "publishing")},
        "videos": {"video_id": video.video_id},
        "authors": {"user_id": video.user_id},
        "outbox": {"event_id": of.event_id},
    }[table]
    active = msgspec.structs.replace(video, status="active")
    async with video_store.dies_at(table, **row):
        with pytest.raises(Unavailable):
            await videos.save(active, events=[of], cause=cause(processed, "publishing"))
    found = await videos.get(video.video_id)
    assert found is not None
    assert found.video == video
    assert (await videos.authors_counts([video.user_id])).get(video.user_id, 0) == 0
    assert not await video_store.marked(cause(processed, "publishing"))
    assert await video_store.events(video.video_id) == []
    for _ in range(2):  # the event comes again, and again
        await videos.save(active, events=[of], cause=cause(processed, "publishing"))
    assert await video_store.events(video.video_id) == [of]
    assert await videos.authors_counts([video.user_id]) == {video.user_id: 1}
