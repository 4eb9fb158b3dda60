from collections.abc import AsyncIterator, Iterator

import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.exploration import KEEP, KEY, TTL_S, RedisExploration
from app.core.ids import new
from app.ports.exploration import Exploration
from tests.servers.valkey import Valkey, running_valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Of its own: there is one exploration for all."""
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[RedisClient]:
    valkey.flush()
    client = RedisClient(valkey.url, timeout_s=5.0)
    yield client
    await client.aclose()


@pytest.fixture(params=["redis"])
def exploration(request: pytest.FixtureRequest, client: RedisClient) -> Exploration:
    return {"redis": RedisExploration}[request.param](client)


async def test_who_had_the_fewest_places_comes_first(exploration: Exploration) -> None:
    videos = sorted(new("vid") for _ in range(4))
    await exploration.admit(videos)
    assert await exploration.least(3, 10) == videos

    assert await exploration.placed(videos[:1]) == [1]
    assert await exploration.placed([videos[0], videos[1]]) == [2, 1]
    assert await exploration.least(3, 10) == [*videos[2:], videos[1], videos[0]]
    assert await exploration.least(3, 2) == videos[2:]


async def test_who_had_all_places_is_out_and_stays_out(exploration: Exploration) -> None:
    videos = sorted(new("vid") for _ in range(2))
    await exploration.admit(videos)
    await exploration.placed(videos[:1])

    assert await exploration.least(1, 10) == videos[1:]
    await exploration.admit(videos)
    assert await exploration.least(1, 10) == videos[1:]


async def test_what_is_unknown_is_not_counted_and_what_is_forgotten_is_unknown(exploration: Exploration) -> None:
    known, unknown = new("vid"), new("vid")
    await exploration.admit([known])

    assert await exploration.placed([unknown, known]) == [0, 1]
    await exploration.forget([known])
    assert await exploration.placed([known]) == [0]
    assert await exploration.least(9, 9) == []


async def test_nothing_costs_nothing(exploration: Exploration) -> None:
    await exploration.admit([])
    assert await exploration.placed([]) == []
    await exploration.forget([])
    assert await exploration.least(9, 9) == []


async def test_it_is_bounded_and_goes_when_nobody_publishes(exploration: Exploration, client: RedisClient) -> None:
    shown = new("vid")
    await exploration.admit([shown])
    await exploration.placed([shown])
    for _ in range(0, KEEP, 500):
        await exploration.admit([new("vid") for _ in range(500)])

    assert await client.call("ZCARD", KEY) == KEEP
    assert await exploration.placed([shown]) == [0]  # of too many, those go that had the most
    assert TTL_S - 5 <= await client.call("TTL", KEY) <= TTL_S
