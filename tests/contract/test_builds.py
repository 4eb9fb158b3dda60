import asyncio

import pytest

from app.adapters.redis.builds import RedisBuilds
from app.adapters.redis.client import RedisClient
from app.adapters.redis.feeds import RedisFeeds
from app.core.ids import new
from app.ports.builds import Builds
from app.ports.feeds import KEEP, ORDER_SIZE, TTL_S, FeedSlice
from tests.waiting import until


@pytest.fixture(params=["redis"])
def builds(request: pytest.FixtureRequest, client: RedisClient) -> Builds:
    return {"redis": RedisBuilds}[request.param](client)


async def leased(builds: Builds, user: str, owner: str, ttl_ms: int = 60_000) -> bool:
    return (await builds.claim(user, owner, ttl_ms))[0]


async def test_one_of_many_gets_the_lease_until_it_is_released(builds: Builds) -> None:
    user, other = new("usr"), new("usr")
    got = await asyncio.gather(*(leased(builds, user, f"owner{n}") for n in range(20)))
    assert sum(got) == 1
    holder = f"owner{got.index(True)}"

    assert await leased(builds, other, "somebody")
    await builds.release(user, "somebody")
    assert not await leased(builds, user, "somebody")
    await builds.release(user, holder)
    assert await leased(builds, user, "somebody")


async def test_a_lease_that_nobody_gives_back_ends(builds: Builds) -> None:
    user = new("usr")
    assert await leased(builds, user, "dead", 50)
    await until(lambda: leased(builds, user, "next"))
    await builds.release(user, "dead")  # who comes back late takes nothing away
    assert not await leased(builds, user, "third")


async def test_what_was_built_is_there_with_the_lease_given_back(builds: Builds, client: RedisClient) -> None:
    user, videos, feeds = new("usr"), [new("vid") for _ in range(ORDER_SIZE)], RedisFeeds(client)
    await feeds.build("feed", user, "older", [(1, new("vid"))])
    assert await builds.claim(user, "one", 60_000) == (True, await whole(feeds, user))
    assert await builds.claim(user, "another", 60_000) == (False, await whole(feeds, user))

    await builds.keep(user, "one", "a" * 16 + "fr", 1_000, videos, 60)

    found = FeedSlice("a" * 16 + "fr", [(1_000 - place, video) for place, video in enumerate(videos)])
    assert await whole(feeds, user) == found
    assert await builds.claim(user, "another", 60_000) == (True, found)
    assert await builds.claim(new("usr"), "one", 60_000) == (True, None)
    assert TTL_S["feed"] - 5 <= await client.call("TTL", f"feed:{user}") <= TTL_S["feed"]


async def test_a_build_gives_back_no_other_lease_and_has_room_for_so_many(builds: Builds, client: RedisClient) -> None:
    user = new("usr")
    assert await leased(builds, user, "holder")
    await client.call("SCRIPT", "FLUSH")  # which a server that was started anew has lost too

    await builds.keep(user, "late", "a" * 16, 1_000, [], 60)
    assert not await leased(builds, user, "next")
    await client.call("SCRIPT", "FLUSH")
    await builds.keep(user, "holder", "b" * 16, 1_000, [], 60)
    assert await builds.claim(user, "next", 60_000) == (True, FeedSlice("b" * 16, []))

    with pytest.raises(ValueError, match="more than"):
        await builds.keep(user, "next", "c" * 16, 1_000, [new("vid") for _ in range(ORDER_SIZE + 1)], 60)


async def test_orders_are_kept_by_generation(builds: Builds, client: RedisClient) -> None:
    user, first, second = new("usr"), [new("vid") for _ in range(100)], [new("vid")]
    for letter, videos in (("a", first), ("b", second), ("c", [])):
        await builds.keep(user, "owner", letter * 16 + "rg", 1_000, videos, 60)

    asked = ["b" * 16, "lost", "a" * 16, "c" * 16]

    assert await builds.orders(user, asked) == [second, [], first, []]
    assert await builds.orders(new("usr"), asked[:1]) == [[]]
    assert await builds.orders(user, []) == []
    assert 55 <= await client.call("TTL", f"order:{user}:{'a' * 16}") <= 60


async def whole(feeds: RedisFeeds, user: str) -> FeedSlice | None:
    return await feeds.read("feed", user, upper=2**53, after=None, limit=KEEP["feed"])
