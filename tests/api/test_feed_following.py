"""Following: the newest of everybody followed, in a frozen order, kept fresh by fan-out."""

import httpx
import pytest

from app.core import events
from app.core.clock import system_ms
from app.ports.feeds import Kind
from app.stores import Stores
from tests.api.asking import ids, refusal, walk
from tests.api.feeding import FEED_KEYS, feed, read_by_page, stock
from tests.api.happenings import Happenings
from tests.factories import make_video, sign_up

URL = "/api/v1/feed/following"


async def test_a_page_has_its_documented_shape(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    videos = await stock(stores, author.user_id, 3)

    answer = await client.get(f"{URL}?limit=2", headers=fan.headers)

    page = answer.json()
    assert set(page) == FEED_KEYS
    assert answer.headers["cache-control"] == "private, no-store"
    assert (page["next_page"], page["has_more"], page["sources"]) == (1, True, ["following"])
    assert ids(page["videos"]) == [video.video_id for video in videos[:2]]
    assert page["videos"][0]["user_interaction"] == {"liked": False, "saved": False, "following": True}
    last = (await client.get(f"{URL}?page=1&limit=2", headers=fan.headers)).json()
    assert (last["next_page"], last["next_cursor"], last["has_more"]) == (None, None, False)
    assert ids(last["videos"]) == [videos[2].video_id]


async def test_who_follows_nobody_gets_an_empty_page(client: httpx.AsyncClient) -> None:
    one = await sign_up(client)

    page = await feed(client, URL, one.headers)

    assert (page["videos"], page["has_more"]) == ([], False)
    assert refusal(await client.get(URL)) == (401, "")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=51", "limit=x", "page=-1", "page=x", "page=100001", "page=" + "9" * 400, "cursor=x", "cursor="],
)
async def test_bad_paging_is_named(client: httpx.AsyncClient, query: str) -> None:
    one = await sign_up(client)
    for kind in ("following", "for-you", "trending"):
        answer = await client.get(f"/api/v1/feed/{kind}?{query}", headers=one.headers)
        assert refusal(answer) == (400, "?" + query.partition("=")[0])


async def test_a_hundred_and_fifty_videos_flow_without_a_gap(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    one, other, fan, late_fan = [await sign_up(client) for _ in range(4)]
    authors = {person.user_id: person for person in (one, other)}
    for reader in (fan, late_fan):
        for author in (one, other):
            await client.post(f"/api/v1/users/{author.user_id}/follow", headers=reader.headers)
    at_ms = system_ms() - 1000
    videos = await stock(stores, one.user_id, 90, at_ms) + await stock(stores, other.user_id, 90, at_ms)
    videos.sort(key=lambda video: (video.published_at or 0, video.video_id), reverse=True)
    gone = videos[100:110]
    expected = [video.video_id for video in videos if video not in gone]

    async def publish_and_delete() -> None:
        new = await make_video(stores, one.user_id)
        await happenings.take_effect(new.video_id)
        for video in gone:
            await client.delete(f"/api/v1/videos/{video.video_id}", headers=authors[video.user_id].headers)

    by_cursor = await walk(client, f"{URL}?limit=20", fan.headers, key="videos", meanwhile=publish_and_delete)
    by_page = await read_by_page(client, f"{URL}?limit=20", late_fan.headers, publish_and_delete)

    assert ids(by_cursor) == expected
    assert by_page[-len(expected) :] == expected  # after what was published before this reader began
    assert len(set(by_page)) == len(by_page)


async def test_a_page_is_as_remembered_until_page_zero_begins_anew(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    old = [video.video_id for video in await stock(stores, author.user_id, 9, system_ms() - 1000)]
    assert ids((await feed(client, f"{URL}?limit=3", fan.headers))["videos"]) == old[:3]
    new = await make_video(stores, author.user_id)
    await happenings.take_effect(new.video_id)

    for _ in range(2):  # asked again, the same
        assert ids((await feed(client, f"{URL}?limit=3&page=1", fan.headers))["videos"]) == old[3:6]
    assert ids((await feed(client, f"{URL}?limit=3&page=2", fan.headers))["videos"]) == old[6:9]
    beyond = await feed(client, f"{URL}?limit=3&page=7", fan.headers)
    assert (beyond["videos"], beyond["next_page"]) == ([], None)
    anew = ids((await feed(client, f"{URL}?limit=3&page=0", fan.headers))["videos"])
    assert anew == [new.video_id, *old[:2]]
    assert ids((await feed(client, f"{URL}?limit=2&page=2", fan.headers))["videos"]) == old[3:5]  # at 2 x 2


async def test_fan_out_pushes_into_built_feeds_alone(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, reader, sleeper = await sign_up(client), await sign_up(client), await sign_up(client)
    for fan in (reader, sleeper):
        await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    for path in ("following", "for-you"):
        await feed(client, f"/api/v1/feed/{path}", reader.headers)

    video = await make_video(stores, author.user_id)
    await happenings.take_effect(video.video_id)

    far_ms = system_ms() + 1000
    kinds: tuple[Kind, ...] = ("following", "feed")
    for kind in kinds:
        built = await stores.feeds.read(kind, reader.user_id, upper=far_ms, after=None, limit=1)
        assert built is not None
        assert [video_id for _, video_id in built.entries] == [video.video_id]
        assert await stores.feeds.read(kind, sleeper.user_id, upper=far_ms, after=None, limit=1) is None
    assert ids((await feed(client, URL, sleeper.headers))["videos"]) == [video.video_id]


async def test_a_follow_brings_what_was_published_before_and_its_end_takes_it_away(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    one, other, fan = await sign_up(client), await sign_up(client), await sign_up(client)
    (first,), (second,) = await stock(stores, one.user_id, 1), await stock(stores, other.user_id, 1)
    await client.post(f"/api/v1/users/{one.user_id}/follow", headers=fan.headers)
    assert ids((await feed(client, URL, fan.headers))["videos"]) == [first.video_id]

    await client.post(f"/api/v1/users/{other.user_id}/follow", headers=fan.headers)
    await happenings.take_effect(fan.user_id)
    assert set(ids((await feed(client, URL, fan.headers))["videos"])) == {first.video_id, second.video_id}
    await client.delete(f"/api/v1/users/{one.user_id}/follow", headers=fan.headers)
    await happenings.take_effect(fan.user_id)
    assert ids((await feed(client, URL, fan.headers))["videos"]) == [second.video_id]
    late = events.event(
        "video.published",
        first.video_id,
        system_ms(),
        video_id=first.video_id,
        user_id=one.user_id,
        category="other",
        published_at=system_ms(),
        visibility="public",
    )
    await happenings.deliver(late)
    assert ids((await feed(client, URL, fan.headers))["videos"]) == [second.video_id]


async def test_a_long_run_of_hidden_videos_is_not_the_end(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    at_ms = system_ms()
    newer = await stock(stores, author.user_id, 12, at_ms, visibility="friends")
    (oldest,) = await stock(stores, author.user_id, 1, at_ms - 60_000)

    listed = await walk(client, f"{URL}?limit=1", fan.headers, key="videos")

    assert ids(listed) == [oldest.video_id]
    assert len(newer) == 12


async def test_a_cursor_is_its_readers_own_and_its_feeds(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan, other = await sign_up(client), await sign_up(client), await sign_up(client)
    for reader in (fan, other):
        await client.post(f"/api/v1/users/{author.user_id}/follow", headers=reader.headers)
    await stock(stores, author.user_id, 3)
    cursor = (await feed(client, f"{URL}?limit=1", fan.headers))["next_cursor"]

    for path, headers, text in (
        ("following", other.headers, cursor),
        ("for-you", fan.headers, cursor),
        ("trending", fan.headers, cursor),
        ("following", fan.headers, cursor[1:]),
        ("following", fan.headers, cursor.swapcase()),
        ("following", fan.headers, "\x00" + cursor),
    ):
        answer = await client.get(f"/api/v1/feed/{path}", headers=headers, params={"cursor": text})
        assert refusal(answer) == (400, "?cursor")
    assert len((await feed(client, f"{URL}?cursor={cursor}", fan.headers))["videos"]) == 2
