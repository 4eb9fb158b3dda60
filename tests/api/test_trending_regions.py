"""From which country an event counts: the viewer's profile, else a proxy's word where the operator trusts it."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest

from app import main
from app.adapters.redis.client import RedisClient
from app.core.config import Settings
from app.features import Features
from app.stores import Stores
from tests.api.asking import ids
from tests.api.feeding import feed
from tests.api.happenings import Happenings
from tests.api.test_feed_trending import URL, fresh_category, shares
from tests.factories import Person, make_video, sign_up

HEADER = "cf-ipcountry"


@pytest.fixture
async def proxied(api_settings: Settings, stores: Stores) -> AsyncIterator[httpx.AsyncClient]:
    """The application behind a proxy that says where visitors are."""
    settings = msgspec.structs.replace(api_settings, region_header=HEADER)
    transport = httpx.ASGITransport(app=main.serving(settings, stores, lambda: False))
    async with httpx.AsyncClient(transport=transport, base_url=settings.public_url, timeout=30) as opened:
        yield opened


async def regions_of(happenings: Happenings, key: str, video_id: str) -> list[str | None]:
    return [fact.data["region"] for fact in await happenings.of(key) if fact.data.get("video_id") == video_id]


async def like_and_share(client: httpx.AsyncClient, who: Person, video_id: str, country: str) -> None:
    headers = who.headers | {HEADER: country}
    await client.post(f"/api/v1/videos/{video_id}/like", headers=headers)
    await client.post(f"/api/v1/videos/{video_id}/share", headers=headers, json={})


@pytest.mark.parametrize(
    ("said", "region"), [("is", "IS"), ("UK", "GB"), ("XX", None), ("T1", None), ("Iceland", None), ("", None)]
)
async def test_a_proxys_word_counts_where_the_profile_says_nothing(
    proxied: httpx.AsyncClient, stores: Stores, happenings: Happenings, said: str, region: str | None
) -> None:
    author, fan = await sign_up(proxied), await sign_up(proxied)
    video_id = (await make_video(stores, author.user_id)).video_id
    await like_and_share(proxied, fan, video_id, said)
    assert await regions_of(happenings, fan.user_id, video_id) == [region, region]


async def test_the_profile_goes_first(proxied: httpx.AsyncClient, stores: Stores, happenings: Happenings) -> None:
    author, fan = await sign_up(proxied), await sign_up(proxied)
    video_id = (await make_video(stores, author.user_id)).video_id
    await proxied.patch("/api/v1/users/me", headers=fan.headers, json={"country": "FO"})
    await like_and_share(proxied, fan, video_id, "IS")
    assert await regions_of(happenings, fan.user_id, video_id) == ["FO", "FO"]


async def test_a_visitor_without_an_account_has_a_country_too(
    proxied: httpx.AsyncClient, stores: Stores, database_url: str
) -> None:
    author = await sign_up(proxied)
    video_id = (await make_video(stores, author.user_id)).video_id
    start = {"type": "start", "watched_ms": 0, "position_ms": 0, "event_id": "view-0001"}
    url = f"/api/v1/videos/{video_id}/views"
    assert (await proxied.post(url, headers={HEADER: "IS"}, json=start)).status_code == 202
    conn = await asyncpg.connect(database_url)
    kept = await conn.fetchval("SELECT region FROM activity.views WHERE video_id = $1", video_id)
    await conn.close()
    assert kept == "IS"


async def test_lists_that_the_cache_lost_are_made_from_the_ledger_at_once(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features, redis_url: str
) -> None:
    author, fan, other = await sign_up(client), await sign_up(client), await sign_up(client)
    for who, country in ((fan, "FO"), (other, "GL")):
        await client.patch("/api/v1/users/me", headers=who.headers, json={"country": country})
    category = fresh_category()
    first, second = [(await make_video(stores, author.user_id, category=category)).video_id for _ in range(2)]
    await shares(client, fan, first, 3)
    await shares(client, other, second, 1)
    await happenings.take_effect(fan.user_id, other.user_id)
    lists = {"FO": [first], "GL": [second], category: [first, second]}
    for scope in lists:
        await built.board.make(scope)
    redis = RedisClient(redis_url, timeout_s=5)
    await redis.call("DEL", *(f"trending:{scope}" for scope in lists))

    found = {}
    for scope in lists:
        query = f"category={scope}" if scope == category else f"region={scope}"
        page = await feed(client, f"{URL}?{query}&limit=50")
        found[scope] = [video_id for video_id in ids(page["videos"]) if video_id in (first, second)]
        assert 0 < await redis.call("TTL", f"trending:{scope}") <= 300
    await redis.aclose()
    assert found == lists


async def test_without_the_setting_nobody_is_believed(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    await like_and_share(client, fan, video_id, "IS")
    assert await regions_of(happenings, fan.user_id, video_id) == [None, None]
