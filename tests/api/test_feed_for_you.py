"""For You, on a platform of its own whose videos are all known: from the first one to the true end."""

from collections.abc import AsyncIterator

import pytest

from app.core.clock import system_ms
from tests.api.asking import ids, refusal, walk
from tests.api.feeding import FEED_KEYS, feed, read_by_page, stock
from tests.api.island import Island, running_island
from tests.factories import make_video, sign_up

URL = "/api/v1/feed/for-you"


@pytest.fixture(scope="module")
async def island() -> AsyncIterator[Island]:
    async with running_island() as island:
        yield island


async def test_from_an_empty_platform_to_a_deep_one(island: Island) -> None:
    client, stores, *_ = island
    author, first, cold = await sign_up(client), await sign_up(client), await sign_up(client)

    for path in ("for-you", "following", "trending"):
        page = await feed(client, f"/api/v1/feed/{path}", first.headers)
        assert (page["videos"], page["next_page"], page["has_more"]) == ([], None, False)
    videos = {video.video_id for video in await stock(stores, author.user_id, 260, system_ms() - 10)}

    by_cursor = await walk(client, f"{URL}?limit=20", cold.headers, key="videos")
    assert len(by_cursor) == len(videos)
    assert set(ids(by_cursor)) == videos
    page = (await client.get(URL, headers=cold.headers)).json()
    assert set(page) == FEED_KEYS
    assert (page["next_page"], len(page["videos"]), page["sources"]) == (1, 20, ["fresh"])
    # The feed that was built while there was nothing goes on into what came since.
    assert set(ids(await walk(client, f"{URL}?limit=50", first.headers, key="videos"))) == videos


async def test_pages_neither_repeat_nor_skip_while_videos_come_and_go(island: Island) -> None:
    client, stores, *_ = island
    author, reader, pager = await sign_up(client), await sign_up(client), await sign_up(client)
    before_ms = system_ms()
    videos = await stock(stores, author.user_id, 60, before_ms - 10)
    doomed = [video.video_id for video in videos[40:50]]
    staying = {video.video_id for video in videos} - set(doomed)

    async def publish_and_delete() -> None:
        await make_video(stores, author.user_id)
        for video_id in doomed:
            await client.delete(f"/api/v1/videos/{video_id}", headers=author.headers)

    first = await feed(client, f"{URL}?limit=20", reader.headers)
    await publish_and_delete()
    rest = await walk(
        client,
        f"{URL}?limit=20&cursor={first['next_cursor']}",
        reader.headers,
        key="videos",
        meanwhile=publish_and_delete,
    )
    by_cursor = ids(first["videos"]) + ids(rest)
    assert len(set(by_cursor)) == len(by_cursor)
    assert staying <= set(by_cursor)
    by_page = await read_by_page(client, f"{URL}?limit=20", pager.headers, publish_and_delete)
    assert len(set(by_page)) == len(by_page)
    assert staying <= set(by_page)


async def test_what_one_watched_comes_last(island: Island) -> None:
    client, stores, *_ = island
    author, reader = await sign_up(client), await sign_up(client)
    newest = (await stock(stores, author.user_id, 1, system_ms()))[0].video_id
    body = {"type": "start", "watched_ms": 0, "position_ms": 0, "event_id": "watched-1"}
    await client.post(f"/api/v1/videos/{newest}/views", headers=reader.headers, json=body)

    seen = ids((await feed(client, f"{URL}?limit=50", reader.headers))["videos"])

    assert len(seen) == 50
    assert newest not in seen


async def test_a_feed_is_a_persons_own(island: Island) -> None:
    client, stores, *_ = island
    author = await sign_up(client)
    await stock(stores, author.user_id, 3)

    assert refusal(await client.get(URL)) == (401, "")
    answer = await client.get(URL, headers=author.headers)
    assert answer.headers["cache-control"] == "private, no-store"
    assert refusal(await client.get(f"{URL}?page=500", headers=author.headers)) == (400, "?page")
