import asyncio

import pytest

from app.adapters.redis.builds import RedisBuilds
from app.adapters.redis.client import RedisClient
from app.core.ids import new
from app.ports.builds import Builds
from tests.waiting import until


@pytest.fixture(params=["redis"])
def builds(request: pytest.FixtureRequest, client: RedisClient) -> Builds:
    return {"redis": RedisBuilds}[request.param](client)


async def test_one_of_many_gets_the_lease_until_it_is_released(builds: Builds) -> None:
    user, other = new("usr"), new("usr")
    got = await asyncio.gather(*(builds.lease(user, f"owner{n}", 60_000) for n in range(20)))
    assert sum(got) == 1
    holder = f"owner{got.index(True)}"

    assert await builds.lease(other, "somebody", 60_000)
    await builds.release(user, "somebody")
    assert not await builds.lease(user, "somebody", 60_000)
    await builds.release(user, holder)
    assert await builds.lease(user, "somebody", 60_000)


async def test_a_lease_that_nobody_gives_back_ends(builds: Builds) -> None:
    user = new("usr")
    assert await builds.lease(user, "dead", 50)
    await until(lambda: builds.lease(user, "next", 60_000))
    await builds.release(user, "dead")  # who comes back late takes nothing away
    assert not await builds.lease(user, "third", 60_000)


async def test_orders_are_kept_by_generation(builds: Builds, client: RedisClient) -> None:
    user, first, second = new("usr"), [new("vid") for _ in range(100)], [new("vid")]
    await builds.keep_order(user, "a" * 16, first, 60)
    await builds.keep_order(user, "b" * 16, second, 60)
    await builds.keep_order(user, "c" * 16, [], 60)

    asked = ["b" * 16, "lost", "a" * 16, "c" * 16]

    assert await builds.orders(user, asked) == [second, [], first, []]
    assert await builds.orders(new("usr"), asked[:1]) == [[]]
    assert await builds.orders(user, []) == []
    assert 55 <= await client.call("TTL", f"order:{user}:{'a' * 16}") <= 60
