from collections.abc import AsyncIterator

import msgspec
import pytest

from app.adapters.redis.cards import CARD_TTL_S, HASH_TTL_S, RedisCards
from app.adapters.redis.client import RedisClient
from app.adapters.redis.near import NearCards
from app.adapters.redis.tracking import RedisTracking
from app.core.ids import new
from app.ports.cards import Cards
from hotpath import fanout


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url, timeout_s=5.0)
    yield client
    await client.aclose()


@pytest.fixture(params=["redis", "near"])
async def cards(request: pytest.FixtureRequest, client: RedisClient, redis_url: str) -> AsyncIterator[Cards]:
    tracking = RedisTracking(redis_url)
    near = NearCards(RedisCards(client), tracking, 2**20)
    await tracking.start()
    every: dict[str, Cards] = {"redis": RedisCards(client), "near": near}
    yield every[request.param]
    await tracking.aclose()


def card(version: int, text: str) -> bytes:
    return f"{version:020d}2PAusr_{0:026d}{0:013d}0000{text}".encode()


async def test_cards_come_in_the_order_asked(cards: Cards) -> None:
    first, absent, second = new("vid"), new("vid"), new("vid")
    await cards.put_many({first: card(1, "a\0b"), second: card(1, "é")}, {})
    assert await cards.get_many([second, absent, first, second]) == [
        card(1, "é"),
        None,
        card(1, "a\0b"),
        card(1, "é"),
    ]
    assert await cards.get_many([]) == []
    await cards.put_many({}, {})


@pytest.mark.parametrize(("held", "offered", "kept"), [(9, 10, 10), (10, 9, 10), (99, 100, 100), (10**19, 2, 10**19)])
async def test_the_newer_version_stays(cards: Cards, held: int, offered: int, kept: int) -> None:
    video = new("vid")
    await cards.put_many({video: card(held, "x")}, {})
    await cards.put_many({video: card(offered, "x")}, {})
    assert await cards.get_many([video]) == [card(kept, "x")]


async def test_the_same_version_again_replaces(cards: Cards) -> None:
    video = new("vid")
    await cards.put_many({video: card(5, "before")}, {})
    await cards.put_many({video: card(5, "after")}, {})
    assert await cards.get_many([video]) == [card(5, "after")]


async def test_the_hash_follows_its_card(cards: Cards, client: RedisClient) -> None:
    video, other = new("vid"), new("vid")
    await cards.put_many({video: card(5, "x"), other: card(1, "y")}, {video: document(title="Ünï", view_count=3)})
    assert await fields(client, video) == {"title": "Ünï", "view_count": "3"}
    assert await fields(client, other) == {}
    await cards.put_many({video: card(4, "x")}, {video: document(title="older")})
    assert await fields(client, video) == {"title": "Ünï", "view_count": "3"}
    await cards.put_many({video: card(6, "x")}, {video: document(title="newer", hashtags=["a", '"'], location=None)})
    assert await fields(client, video) == {"title": "newer", "hashtags": '["a","\\""]', "location": "null"}
    assert CARD_TTL_S - 5 <= await client.call("TTL", f"card:{video}") <= CARD_TTL_S
    assert HASH_TTL_S - 5 <= await client.call("TTL", f"video:{video}") <= HASH_TTL_S


async def test_more_cards_than_one_call_takes(cards: Cards) -> None:
    many = {new("vid"): card(number, f"{number}") for number in range(257)}
    await cards.put_many(many, dict.fromkeys(many, document(n=1)))
    assert await cards.get_many(list(many)) == list(many.values())


async def test_a_server_that_forgot_the_script_is_told_it_again(cards: Cards, client: RedisClient) -> None:
    video = new("vid")
    await client.call("SCRIPT", "FLUSH")
    await cards.put_many({video: card(1, "x")}, {})
    assert await cards.get_many([video]) == [card(1, "x")]


def document(**members: object) -> bytes:
    words = ((name, value if isinstance(value, str) else msgspec.json.encode(value)) for name, value in members.items())
    return fanout.pack([word for member in words for word in member])


async def fields(client: RedisClient, video: str) -> dict[str, str]:
    flat = await client.call("HGETALL", f"video:{video}")
    return {name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)}
