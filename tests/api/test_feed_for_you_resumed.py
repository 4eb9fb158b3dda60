"""For You over the life of its list: who comes back to one that was rebuilt goes on, by cursor and by page."""

import random

import pytest

from app.core.clock import system_ms
from app.core.ids import new as new_id
from app.ports.feeds import KEEP
from app.services.feed.position import FOR_YOU_SIZE
from tests.api.asking import ids, refusal, walk
from tests.api.feeding import feed, read_by_page, stock
from tests.api.island import Island
from tests.factories import Person, make_video, sign_up

URL = "/api/v1/feed/for-you"


async def stocked(island: Island, count: int) -> tuple[Person, list[str]]:
    author = await sign_up(island.client)
    return author, [video.video_id for video in await stock(island.stores, author.user_id, count, system_ms() - 10)]


@pytest.mark.parametrize("by", ["cursor", "page"])
async def test_a_list_that_ends_under_a_reader_repeats_and_skips_nothing(island: Island, by: str) -> None:
    author, videos = await stocked(island, 160)
    reader = await sign_up(island.client)
    published: list[str] = []

    async def expire() -> None:
        published.append((await make_video(island.stores, author.user_id)).video_id)
        await island.stores.feeds.drop("feed", reader.user_id)

    if by == "cursor":
        found = ids(await walk(island.client, f"{URL}?limit=20", reader.headers, key="videos", meanwhile=expire))
    else:
        found = await read_by_page(island.client, f"{URL}?limit=20", reader.headers, expire)

    assert len(found) == len(set(found))
    assert set(videos) <= set(found)
    assert set(found) <= {*videos, *published}
    assert set(published[:3]) <= set(found)  # and what came meanwhile is met in the new list


async def test_who_reads_on_takes_the_list_that_is_there(island: Island) -> None:
    _, videos = await stocked(island, 90)
    reader = await sign_up(island.client)
    first = await feed(island.client, f"{URL}?limit=30", reader.headers)
    await island.stores.feeds.drop("feed", reader.user_id)
    await feed(island.client, f"{URL}?limit=30", reader.headers)  # another of their devices begins
    built = await island.stores.feeds.read("feed", reader.user_id, upper=2**53, after=None, limit=1)

    rest = await walk(island.client, f"{URL}?limit=30&cursor={first['next_cursor']}", reader.headers, key="videos")

    assert built == await island.stores.feeds.read("feed", reader.user_id, upper=2**53, after=None, limit=1)
    assert sorted(ids(first["videos"]) + ids(rest)) == sorted(videos)


async def test_what_was_pushed_and_served_does_not_come_again(island: Island) -> None:
    _, videos = await stocked(island, 60)
    star, reader = await sign_up(island.client), await sign_up(island.client)
    await feed(island.client, URL, reader.headers)
    await island.client.post(f"/api/v1/users/{star.user_id}/follow", headers=reader.headers)
    pushed = [(await make_video(island.stores, star.user_id)).video_id for _ in range(3)]
    await island.happenings.take_effect(*pushed)

    first = await feed(island.client, f"{URL}?limit=10", reader.headers)
    assert ids(first["videos"])[:3] == pushed[::-1]
    await island.stores.feeds.drop("feed", reader.user_id)
    rest = await walk(island.client, f"{URL}?limit=10&cursor={first['next_cursor']}", reader.headers, key="videos")

    assert sorted(ids(first["videos"]) + ids(rest)) == sorted([*videos, *pushed])


async def test_who_is_in_the_tail_goes_on_there_when_the_list_ends(island: Island) -> None:
    _, videos = await stocked(island, FOR_YOU_SIZE + 60)
    reader = await sign_up(island.client)
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await feed(island.client, f"{URL}?limit=40{cursor}", reader.headers)
        found += ids(page["videos"])
        cursor = f"&cursor={page['next_cursor']}"
    assert page["sources"] == ["fresh"]
    await island.stores.feeds.drop("feed", reader.user_id)
    await feed(island.client, URL, reader.headers)

    page = await feed(island.client, f"{URL}?limit=40{cursor}", reader.headers)

    assert not page["has_more"]
    assert sorted(found + ids(page["videos"])) == sorted(videos)


@pytest.mark.parametrize("pages", [2, 5, 6])
async def test_a_list_that_overflows_under_a_reader_repeats_and_skips_nothing(island: Island, pages: int) -> None:
    """Who is in the middle of it, at its end, and in the tail, with the oldest videos before them in it."""
    star, reader = await sign_up(island.client), await sign_up(island.client)
    old = [video.video_id for video in await stock(island.stores, star.user_id, 60, system_ms() - 3_600_000)]
    await island.client.post(f"/api/v1/users/{star.user_id}/follow", headers=reader.headers)
    _, videos = await stocked(island, FOR_YOU_SIZE)
    found: list[str] = []
    cursor = ""
    for _ in range(pages):
        page = await feed(island.client, f"{URL}?limit=20{cursor}", reader.headers)
        found += ids(page["videos"])
        cursor = f"&cursor={page['next_cursor']}"
    assert set(old) & set(found)
    pushed = [(system_ms() + n, new_id("vid")) for n in range(10, KEEP["feed"])]
    await island.stores.feeds.add("feed", reader.user_id, pushed, whole=True)  # nearly all else gives way to these

    rest = await walk(island.client, f"{URL}?limit=20{cursor}", reader.headers, key="videos")

    assert sorted(found + ids(rest)) == sorted(old + videos)


@pytest.mark.parametrize("lost", [True, False])
async def test_what_was_given_back_to_a_list_and_served_does_not_come_again(island: Island, lost: bool) -> None:
    _, videos = await stocked(island, FOR_YOU_SIZE + 60)
    reader = await sign_up(island.client)
    first = await feed(island.client, f"{URL}?limit=50", reader.headers)
    restored = await island.stores.videos.get(videos[-30])
    assert restored is not None
    feeds = island.stores.feeds
    await feeds.add("feed", reader.user_id, [(restored.video.published_at or 0, videos[-30])], whole=True)
    found = [first]
    for _ in range(2):
        url = f"{URL}?limit=30&cursor={found[-1]['next_cursor']}"
        found.append(await feed(island.client, url, reader.headers))
    assert videos[-30] in ids(found[-1]["videos"])
    if lost:
        await feeds.drop("feed", reader.user_id)
    else:
        pushed = [(system_ms() + n, new_id("vid")) for n in range(10, KEEP["feed"])]
        await feeds.add("feed", reader.user_id, pushed, whole=True)

    rest = await walk(island.client, f"{URL}?limit=30&cursor={found[-1]['next_cursor']}", reader.headers, key="videos")

    assert sorted([video_id for page in found for video_id in ids(page["videos"])] + ids(rest)) == sorted(videos)


async def test_after_a_loss_a_reader_goes_on_to_the_end(island: Island) -> None:
    _, videos = await stocked(island, 130)
    reader = await sign_up(island.client)
    first = await feed(island.client, f"{URL}?limit=20", reader.headers)
    await island.forget()

    rest = await walk(island.client, f"{URL}?limit=20&cursor={first['next_cursor']}", reader.headers, key="videos")

    after = ids(rest)
    assert len(set(after)) == len(after)  # what came before the loss may come again, once
    assert set(ids(first["videos"]) + after) == set(videos)


async def test_a_cursor_stays_a_cursor_over_a_whole_day_of_lists(island: Island) -> None:
    """Each page from a list of its own, more of them than a cursor remembers."""
    _, videos = await stocked(island, 44)
    reader = await sign_up(island.client)
    found: list[str] = []
    cursor = ""
    for _ in range(22):
        answer = await island.client.get(f"{URL}?limit=2{cursor}", headers=reader.headers)
        assert answer.status_code == 200, answer.text
        found += ids(answer.json()["videos"])
        assert len(answer.json()["next_cursor"] or "") <= 1024
        cursor = f"&cursor={answer.json()['next_cursor']}"
        await island.stores.feeds.drop("feed", reader.user_id)

    assert len(set(found[:34])) == 34
    assert set(found) <= set(videos)
    tampered = cursor[:-8] + ("A" if cursor[-8] != "A" else "B") + cursor[-7:]  # all bits of this letter count
    assert refusal(await island.client.get(f"{URL}?limit=2{tampered}", headers=reader.headers)) == (400, "?cursor")


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_between_two_pages_nothing_comes_twice_or_is_lost(island: Island, seed: int) -> None:
    draw = random.Random(seed)
    author, videos = await stocked(island, 120)
    star, reader = await sign_up(island.client), await sign_up(island.client)
    await island.client.post(f"/api/v1/users/{star.user_id}/follow", headers=reader.headers)
    staying = set(videos)

    async def expire() -> None:
        await island.stores.feeds.drop("feed", reader.user_id)

    async def begin_elsewhere() -> None:
        await feed(island.client, f"{URL}?limit={draw.randint(1, 50)}", reader.headers)

    async def publish() -> None:
        await make_video(island.stores, author.user_id)

    async def push() -> None:
        video = await make_video(island.stores, star.user_id)
        await island.happenings.take_effect(video.video_id)

    async def delete() -> None:
        doomed = draw.choice(sorted(staying))
        staying.discard(doomed)
        await island.client.delete(f"/api/v1/videos/{doomed}", headers=author.headers)

    async def watch() -> None:
        await island.stores.seen.add({reader.user_id: draw.sample(videos, 5)}, system_ms())

    await begin_elsewhere()
    await push()
    found: list[str] = []
    cursor = ""
    for _ in range(60):
        page = await feed(island.client, f"{URL}?limit={draw.randint(5, 30)}{cursor}", reader.headers)
        found += ids(page["videos"])
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
        for happens in draw.choices((expire, begin_elsewhere, publish, push, delete, watch), k=2):
            await happens()

    assert not page["has_more"]
    assert len(found) == len(set(found))
    assert staying <= set(found)
