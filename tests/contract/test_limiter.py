import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.limiter import Attempt, RedisLimiter, commands
from app.core.errors import Unavailable
from app.core.ids import new
from app.core.metrics import FALLBACKS
from app.ports.limiter import Limiter, Verdict
from tests.servers.valkey import Valkey, running_valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Of its own: some tests kill it."""
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[RedisClient]:
    client = RedisClient(valkey.url, connections=16, timeout_s=2.0)
    yield client
    await client.aclose()


@pytest.fixture(params=["redis"])
def limiter(request: pytest.FixtureRequest, client: RedisClient) -> Limiter:
    return {"redis": RedisLimiter}[request.param](client)


async def test_the_limit_is_admitted_and_no_more(limiter: Limiter) -> None:
    caller = new("usr")
    for remaining in (2, 1, 0):
        assert await limiter.take(caller, "upload", 3, 3_600) == Verdict(True, remaining, 3_600)
    for _ in range(3):
        assert await limiter.take(caller, "upload", 3, 3_600) == Verdict(False, 0, 3_600)


async def test_callers_and_endpoints_are_apart(limiter: Limiter) -> None:
    caller = new("usr")
    assert (await limiter.take(caller, "like", 1, 60)).allowed
    assert (await limiter.take(caller, "comment", 1, 60)).allowed
    assert (await limiter.take(new("usr"), "like", 1, 60)).allowed
    assert not (await limiter.take(caller, "like", 1, 60)).allowed


async def test_parallel_takes_admit_exactly_the_limit(client: RedisClient) -> None:
    caller = new("usr")
    limiters = [RedisLimiter(client) for _ in range(4)]  # as in four processes
    verdicts = await asyncio.gather(*(limiters[n % 4].take(caller, "feed", 20, 60) for n in range(200)))
    assert sum(verdict.allowed for verdict in verdicts) == 20
    assert sorted(verdict.remaining for verdict in verdicts if verdict.allowed) == list(range(20))


async def test_no_window_holds_more_than_the_limit(client: RedisClient) -> None:
    caller, limit = new("usr"), 5
    admitted: list[tuple[float, float]] = []
    end_s = time.monotonic() + 2.5
    while (before_s := time.monotonic()) < end_s:
        verdict = await RedisLimiter(client).take(caller, "feed", limit, 1)
        if verdict.allowed:
            admitted.append((before_s, time.monotonic()))
    assert 2 * limit <= len(admitted) <= 3 * limit
    assert all(late[1] - early[0] >= 1.0 for early, late in zip(admitted, admitted[limit:], strict=False))


async def test_a_refused_take_leaves_no_trace(client: RedisClient) -> None:
    caller = new("usr")
    key = f"ratelimit:{caller}:like"
    for _ in range(2):
        await RedisLimiter(client).take(caller, "like", 2, 60)
    before = await client.call("LRANGE", key, 0, -1)
    for _ in range(20):
        assert not (await RedisLimiter(client).take(caller, "like", 2, 60)).allowed
    assert await client.call("LRANGE", key, 0, -1) == before


async def test_what_left_the_window_leaves_the_log(client: RedisClient) -> None:
    caller = new("usr")
    key = f"ratelimit:{caller}:like"
    for _ in range(4):
        await RedisLimiter(client).take(caller, "like", 4, 60)
    for place in range(4):
        await client.call("LSET", key, place, int(await client.call("LINDEX", key, place)) - 61_000_000)
    assert [(await RedisLimiter(client).take(caller, "like", 4, 60)).remaining for _ in range(4)] == [2, 2, 1, 0]
    assert await client.call("LLEN", key) == 4


async def test_what_was_stamped_by_a_clock_that_was_ahead_refuses_nobody_once_it_is_right(client: RedisClient) -> None:
    caller = new("usr")
    key = f"ratelimit:{caller}:like"
    for _ in range(4):
        await RedisLimiter(client).take(caller, "like", 4, 60)
    for place in range(4):
        await client.call("LSET", key, place, int(await client.call("LINDEX", key, place)) + 3_600_000_000)
    assert [(await RedisLimiter(client).take(caller, "like", 4, 60)).remaining for _ in range(4)] == [2, 2, 1, 0]
    assert await client.call("LLEN", key) == 4
    assert not (await RedisLimiter(client).take(caller, "like", 4, 60)).allowed


async def test_what_was_stamped_within_a_window_ahead_counts(client: RedisClient) -> None:
    caller = new("usr")
    key = f"ratelimit:{caller}:like"
    assert (await RedisLimiter(client).take(caller, "like", 1, 60)).allowed
    await client.call("LSET", key, 0, int(await client.call("LINDEX", key, 0)) + 59_000_000)
    assert await RedisLimiter(client).take(caller, "like", 1, 60) == Verdict(False, 0, 60)
    assert await client.call("LLEN", key) == 1


async def test_refused_ones_never_make_room(client: RedisClient) -> None:
    """However attempts of a burst come between each other's commands, no more than the limit is ever admitted."""
    for seed in range(30):
        draw, caller, limit = random.Random(seed), new("usr"), 3
        limiter = RedisLimiter(client)
        await limiter.take(new("usr"), "feed", limit, 60)  # which learns the time
        attempts = [limiter.attempt(f"ratelimit:{caller}:feed", limit, 60) for _ in range(8)]
        steps = [step for number in range(8) for step in [number] * 4]
        draw.shuffle(steps)
        replies: list[list[Any]] = [[] for _ in attempts]
        admitted = 0
        for number in steps:
            attempt = attempts[number]
            assert isinstance(attempt, Attempt)
            replies[number].append(await client.call(*commands(attempt)[len(replies[number])]))
            if len(replies[number]) == 4:
                verdict, chores = limiter.judge(attempt, *replies[number][:3])
                admitted += verdict.allowed
                if chores:
                    await client.pipeline(chores)
        assert admitted <= limit


async def test_the_wait_told_is_until_the_oldest_leaves(client: RedisClient) -> None:
    caller = new("usr")
    key = f"ratelimit:{caller}:like"
    await RedisLimiter(client).take(caller, "like", 2, 60)
    (oldest,) = await client.call("LRANGE", key, 0, -1)
    await client.call("LSET", key, 0, int(oldest) - 50_500_000)
    await RedisLimiter(client).take(caller, "like", 2, 60)
    assert await RedisLimiter(client).take(caller, "like", 2, 60) == Verdict(False, 0, 10)


async def test_the_key_lives_for_two_windows(limiter: Limiter, client: RedisClient) -> None:
    caller = new("usr")
    await limiter.take(caller, "like", 5, 3_600)
    assert 7_195 <= await client.call("TTL", f"ratelimit:{caller}:like") <= 7_200


async def test_a_limit_holds_when_redis_dies_and_comes_back_empty(client: RedisClient, valkey: Valkey) -> None:
    limiter, caller, alone = RedisLimiter(client), new("usr"), FALLBACKS.labels("limiter")
    allowed = [(await limiter.take(caller, "upload", 10, 3_600)).allowed for _ in range(4)]
    before = alone._value.get()
    valkey.kill()
    allowed += [(await limiter.take(caller, "upload", 10, 3_600)).allowed for _ in range(4)]
    assert alone._value.get() == before + 4
    valkey.start()
    await answered(client)
    allowed += [(await limiter.take(caller, "upload", 10, 3_600)).allowed for _ in range(20)]
    assert allowed == [True] * 10 + [False] * 18


async def test_many_processes_admit_at_most_twice_the_limit_when_redis_dies(
    client: RedisClient, valkey: Valkey
) -> None:
    limiters, caller = [RedisLimiter(client, processes=4) for _ in range(4)], new("usr")
    before = await asyncio.gather(*(limiters[n % 4].take(caller, "feed", 10, 60) for n in range(50)))
    valkey.kill()
    after = await asyncio.gather(*(limiters[n % 4].take(caller, "feed", 10, 60) for n in range(200)))
    assert sum(verdict.allowed for verdict in before) == 10
    assert sum(verdict.allowed for verdict in after) <= 10
    newcomer = new("usr")
    alone = await asyncio.gather(*(limiters[n % 4].take(newcomer, "feed", 10, 60) for n in range(200)))
    assert sum(verdict.allowed for verdict in alone) == 8  # a quarter of ten, rounded down, in each
    assert not (await RedisLimiter(client, processes=64).take(newcomer, "upload", 10, 3_600)).allowed
    valkey.start()
    await answered(client)


async def test_a_hanging_redis_delays_only_the_first_takes(valkey: Valkey) -> None:
    client = RedisClient(valkey.url, connections=4, timeout_s=0.3)
    limiter = RedisLimiter(client)
    await limiter.take(new("usr"), "feed", 100, 60)
    valkey.freeze()
    try:
        began_s = time.monotonic()
        assert all([(await limiter.take(new("usr"), "feed", 100, 60)).allowed for _ in range(200)])
        assert time.monotonic() - began_s < 2.0
    finally:
        valkey.thaw()
    await client.aclose()


async def answered(client: RedisClient) -> None:
    """Returns when Redis is asked again."""
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        try:
            await client.call("PING")
        except Unavailable:
            await asyncio.sleep(0.02)  # between two looks
        else:
            return
    raise AssertionError("Redis is not asked again")
