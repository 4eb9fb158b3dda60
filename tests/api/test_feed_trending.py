"""Trending: the documented score of everybody's views, likes and shares, by world, region and category."""

import secrets

import httpx
import pytest

from app.core.clock import system_ms
from app.core.playback import Playbacks
from app.features import Features
from app.stores import Stores
from hotpath.pure import trending as rule
from tests.api.asking import ids, refusal, walk
from tests.api.feeding import feed, read_by_page
from tests.api.happenings import Happenings
from tests.factories import Person, make_video, sign_up

URL = "/api/v1/feed/trending"


def fresh_category() -> str:
    """A category nobody uses."""
    return f"c{secrets.token_hex(8)}"


async def shares(client: httpx.AsyncClient, who: Person, video_id: str, times: int) -> None:
    for _ in range(times):
        await client.post(f"/api/v1/videos/{video_id}/share", headers=who.headers, json={})


async def trend(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, category: str, count: int
) -> tuple[Person, list[str]]:
    """An author and the ids of so many videos that trend in a category, best first."""
    author, fan = await sign_up(client), await sign_up(client)
    videos = [(await make_video(stores, author.user_id, category=category)).video_id for _ in range(count)]
    for n, video_id in enumerate(videos):
        await shares(client, fan, video_id, count - n)
    await happenings.take_effect(fan.user_id)
    return author, videos


async def test_the_score_is_the_documented_one(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    author, fan = await sign_up(client), await sign_up(client)
    published_ms = system_ms() - 2 * 3_600_000
    video = await make_video(stores, author.user_id, published_ms, category=category)
    url = f"/api/v1/videos/{video.video_id}"
    await client.post(f"{url}/like", headers=fan.headers)
    await client.post(f"{url}/like", headers=author.headers)
    await client.delete(f"{url}/like", headers=author.headers)
    await shares(client, fan, video.video_id, 2)
    token = Playbacks(stores.secret).issue(fan.user_id, system_ms() - 60_000)
    body = {"type": "engaged", "watched_ms": 5000, "position_ms": 0, "event_id": "view-0001", "playback_token": token}
    await client.post(f"{url}/views", headers=fan.headers, json=body)

    await happenings.take_effect(fan.user_id, author.user_id)
    before_ms = system_ms()
    await built.board.make(category)
    after_ms = system_ms()
    (card,) = (await feed(client, f"{URL}?category={category}"))["videos"]

    highest, lowest = (rule.score(1, 1, 2, published_ms, at_ms) for at_ms in (before_ms, after_ms))
    assert lowest <= card["trending_score"] <= highest
    assert card["video_id"] == video.video_id


async def test_the_answer_is_everybodys_unless_somebody_asks(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    category = fresh_category()
    author, (best, _) = await trend(client, stores, happenings, category, 2)
    await client.post(f"/api/v1/videos/{best}/like", headers=author.headers)

    shared = await client.get(f"{URL}?category={category}")
    personal = await client.get(f"{URL}?category={category}", headers=author.headers)

    assert shared.headers["cache-control"].startswith("public, max-age=1")
    assert "authorization" in shared.headers["vary"]
    assert personal.headers["cache-control"] == "private, no-store"
    assert shared.json()["sources"] == [f"trending:{category}"]
    assert [page.json()["videos"][0]["user_interaction"]["liked"] for page in (shared, personal)] == [False, True]
    assert "playback_token" not in shared.json()


async def test_a_region_is_the_viewers_country(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan, british = await sign_up(client), await sign_up(client), await sign_up(client)
    await client.patch("/api/v1/users/me", headers=fan.headers, json={"country": "BV"})
    await client.patch("/api/v1/users/me", headers=british.headers, json={"country": "uk"})
    video_id = (await make_video(stores, author.user_id)).video_id
    await shares(client, fan, video_id, 1)
    await shares(client, british, video_id, 1)
    await happenings.take_effect(fan.user_id, british.user_id)

    for query in ("region=BV", "region=bv", "region=UK", "region=GB"):
        assert video_id in ids((await feed(client, f"{URL}?{query}&limit=50"))["videos"])
    assert (await feed(client, f"{URL}?region=HM"))["videos"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("region=US&category=dance", "?category"),
        ("region=USA", "?region"),
        ("region=", "?region"),
        ("region=%C3%9F", "?region"),
        ("region=%00%00", "?region"),
        ("region=" + "U" * 100, "?region"),
        ("category=", "?category"),
        ("category=global", "?category"),
        ("category=A%20B", "?category"),
        ("category=%00", "?category"),
        ("category=" + "a" * 31, "?category"),
    ],
)
async def test_a_bad_list_is_named(client: httpx.AsyncClient, query: str, pointer: str) -> None:
    assert refusal(await client.get(f"{URL}?{query}")) == (400, pointer)


async def test_pages_of_a_list_do_not_shift_while_it_is_made_anew(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    _, videos = await trend(client, stores, happenings, category, 7)
    fan = await sign_up(client)

    async def the_last_rises() -> None:
        await shares(client, fan, videos[-1], 5)
        await happenings.take_effect(fan.user_id)
        await built.board.make(category)

    listed = await walk(client, f"{URL}?category={category}&limit=3", key="videos", meanwhile=the_last_rises)

    assert ids(listed) == videos
    assert ids((await feed(client, f"{URL}?category={category}"))["videos"])[0] == videos[-1]


async def test_what_somebody_may_not_see_leaves_no_gap_and_no_repeat(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    _, shown = await trend(client, stores, happenings, category, 6)
    muted, hidden = await trend(client, stores, happenings, category, 6)
    viewer = await sign_up(client)
    await built.board.make(category)
    await client.post(f"/api/v1/users/{muted.user_id}/mute", headers=viewer.headers)
    url = f"{URL}?category={category}&limit=2"

    assert ids(await walk(client, url, viewer.headers, key="videos")) == shown
    assert await read_by_page(client, url, viewer.headers) == shown
    assert len(await read_by_page(client, url, {})) == len(shown) + len(hidden)


async def test_a_login_reads_on_by_page_what_its_page_zero_froze(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    author, videos = await trend(client, stores, happenings, category, 7)
    fan, viewer = await sign_up(client), await sign_up(client)
    url = f"{URL}?category={category}&limit=3"
    first = ids((await feed(client, url, viewer.headers))["videos"])

    await shares(client, fan, videos[-1], 9)
    await happenings.take_effect(fan.user_id)
    await built.board.make(category)
    await client.delete(f"/api/v1/videos/{videos[1]}", headers=author.headers)

    for _ in range(2):
        later = [ids((await feed(client, f"{url}&page={n}", viewer.headers))["videos"]) for n in (1, 2, 3)]
        assert [first, *later] == [videos[:3], videos[3:6], videos[6:], []]
    assert ids((await feed(client, url, viewer.headers))["videos"])[0] == videos[-1]
    assert ids((await feed(client, f"{url}&page=1", viewer.headers))["videos"]) == videos[3:6]


async def test_what_is_hidden_leaves_every_list_at_once(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    category = fresh_category()
    author, (one, other, third) = await trend(client, stores, happenings, category, 3)
    assert ids((await feed(client, f"{URL}?category={category}"))["videos"]) == [one, other, third]

    await client.patch(f"/api/v1/videos/{one}", headers=author.headers, json={"visibility": "private"})
    await client.delete(f"/api/v1/videos/{third}", headers=author.headers)

    for headers in ({}, author.headers):
        seen = ids((await feed(client, f"{URL}?category={category}", headers))["videos"])
        assert seen == ([one, other] if headers else [other])
    assert not {one, third} & set(ids((await feed(client, f"{URL}?limit=50"))["videos"]))
