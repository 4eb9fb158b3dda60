import asyncio

import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.trending import RedisTrendingLists
from app.core.ids import new
from app.ports.trending import TrendingLists


@pytest.fixture(params=["redis"])
def lists(request: pytest.FixtureRequest, client: RedisClient) -> TrendingLists:
    return {"redis": RedisTrendingLists}[request.param](client)


@pytest.fixture
def scope() -> str:
    return new("tok").lower()  # any word that no other test uses


async def test_no_list_differs_from_an_empty_one(lists: TrendingLists, scope: str) -> None:
    assert await lists.read(scope) is None
    await lists.replace(scope, [], 60)
    assert await lists.read(scope) == []


async def test_the_best_comes_first(lists: TrendingLists, scope: str) -> None:
    videos = [new("vid") for _ in range(3)]
    await lists.replace(scope, [(videos[0], 100), (videos[1], 187_500), (videos[2], 10**14)], 60)
    assert await lists.read(scope) == [(videos[2], 10**14), (videos[1], 187_500), (videos[0], 100)]


async def test_of_many_the_best_come_in_the_order_asked_and_of_none_nothing(lists: TrendingLists, scope: str) -> None:
    entries = [(new("vid"), score) for score in (500, 10**14, 500, 0)]
    await lists.replace(scope, entries, 60)
    await lists.replace(f"{scope}x", [], 60)
    best = [video_id for video_id, _ in await lists.read(scope) or []]
    assert best[0] == entries[1][0]
    assert await lists.best([scope, f"{scope}y", f"{scope}x", scope]) == [best, [], [], best]
    assert await lists.best([]) == []


async def test_equal_scores_keep_one_order(lists: TrendingLists, scope: str) -> None:
    entries = [(new("vid"), 500) for _ in range(20)]
    await lists.replace(scope, entries, 60)
    assert await lists.read(scope) == sorted(entries, reverse=True)
    await lists.replace(scope, entries[::-1], 60)
    assert await lists.read(scope) == sorted(entries, reverse=True)


async def test_a_new_list_takes_the_whole_place_of_the_old(
    lists: TrendingLists, client: RedisClient, scope: str
) -> None:
    kept, gone = new("vid"), new("vid")
    await lists.replace(scope, [(kept, 300), (gone, 200)], 300)
    await lists.replace(scope, [(kept, 250)], 120)
    assert await lists.read(scope) == [(kept, 250)]
    assert 115 <= await client.call("TTL", f"trending:{scope}") <= 120


async def test_only_the_best_hundred_are_kept(lists: TrendingLists, scope: str) -> None:
    entries = [(new("vid"), 1_000 - number) for number in range(130)]
    await lists.replace(scope, entries, 60)
    assert await lists.read(scope) == entries[:100]


async def test_a_reader_never_meets_half_a_list(lists: TrendingLists, scope: str) -> None:
    one = [(new("vid"), 1_000 - number) for number in range(50)]
    two = [(new("vid"), 1_000 - number) for number in range(80)]
    await lists.replace(scope, one, 60)

    async def rewrite() -> None:
        for entries in (two, one) * 25:
            await lists.replace(scope, entries, 60)

    async def watch() -> None:
        for _ in range(50):
            assert await lists.read(scope) in (one, two)

    await asyncio.gather(rewrite(), watch(), watch())
