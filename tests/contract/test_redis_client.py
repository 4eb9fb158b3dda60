"""What every adapter on Redis relies on: no reply for another caller, and no wait without an end."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.exceptions import ResponseError

from app.adapters.redis import breaker
from app.adapters.redis.client import RedisClient, Script
from app.core.errors import Unavailable
from app.core.ids import new
from tests.servers.valkey import Valkey, running_valkey


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[RedisClient]:
    client = RedisClient(valkey.url, connections=4, timeout_s=0.3)
    yield client
    await client.aclose()


async def test_replies_come_as_redis_sent_them_and_in_order(client: RedisClient) -> None:
    assert await client.call("SET", "k", b"\xff\x00") == b"OK"
    assert await client.pipeline([("GET", "k"), ("GET", "absent"), ("INCR", "n")]) == [b"\xff\x00", None, 1]
    assert await client.transaction([("INCR", "n"), ("LRANGE", "l", 0, -1)]) == [2, []]


async def test_a_wrong_command_raises_and_harms_nothing_after_it(client: RedisClient) -> None:
    with pytest.raises(ResponseError):
        await client.pipeline([("SET", "k", "text"), ("INCR", "k"), ("GET", "k")])
    with pytest.raises(ResponseError):
        await client.transaction([("SET", "k", "1"), ("NOSUCHCOMMAND",)])
    with pytest.raises(ResponseError):
        await client.transaction([("LPUSH", "k", "1")])
    assert await client.call("GET", "k") == b"text"


async def test_scripts_survive_a_server_that_forgot_them(client: RedisClient, valkey: Valkey) -> None:
    double = Script("return 2 * ARGV[1]")
    assert await client.run(double, [], (4,)) == 8
    await client.call("SCRIPT", "FLUSH")
    assert await client.run(double, [], (5,)) == 10
    valkey.restart()
    assert await answer(client) is None
    assert await client.run(double, [], (6,)) == 12


async def test_a_cancelled_call_never_leaves_its_reply_to_the_next(client: RedisClient) -> None:
    async def slow(name: str) -> object:
        return await client.pipeline([("ECHO", name), ("BLPOP", new("tok"), "0.01"), ("ECHO", name)])

    for turns in range(30):
        calls = [asyncio.create_task(slow(f"{turns}.{number}")) for number in range(4)]
        for _ in range(turns):
            await asyncio.sleep(0)  # one turn of the loop: each round cancels a little later on the way
        calls[0].cancel()
        calls[2].cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            name = f"{turns}.{number}".encode()
            assert isinstance(outcome, asyncio.CancelledError) or outcome == [name, None, name]
        assert outcomes[1] == [f"{turns}.1".encode(), None, f"{turns}.1".encode()]
    # No connection was lost on the way: as many as there are can wait at the same time.
    await asyncio.gather(*(slow(str(number)) for number in range(4)))


async def test_a_cancellation_is_never_lost(client: RedisClient) -> None:
    async def forever() -> None:
        while True:
            await client.call("PING")

    for turns in range(400):
        task = asyncio.create_task(forever())
        for _ in range(turns % 40):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=2.0)
        assert done, f"still at work after it was cancelled in turn {turns % 40}"
        task.cancel()


async def test_a_dead_server_is_unavailable_and_a_living_one_is_found_again(
    client: RedisClient, valkey: Valkey
) -> None:
    await client.call("SET", "k", "v")
    valkey.kill()
    for _ in range(20):
        with pytest.raises(Unavailable):
            await client.call("GET", "k")
    valkey.start()
    assert await answer(client) is None


async def test_callers_of_a_hanging_server_soon_stop_waiting(client: RedisClient, valkey: Valkey) -> None:
    await client.call("PING")
    valkey.freeze()
    began_s = time.monotonic()
    for _ in range(breaker.FAILURES):
        with pytest.raises(Unavailable):
            await client.call("GET", "k")
    assert time.monotonic() - began_s < 2.0
    began_s = time.monotonic()
    for _ in range(100):
        with pytest.raises(Unavailable):
            await client.call("GET", "k")
    assert time.monotonic() - began_s < 0.25
    valkey.thaw()
    assert await answer(client) is None


async def test_an_exhausted_pool_is_unavailable(client: RedisClient) -> None:
    waiting = [asyncio.create_task(client.call("BLPOP", "nothing", "0.1")) for _ in range(4)]
    refused = [asyncio.create_task(client.call("BLPOP", "nothing", "0.1")) for _ in range(32)]
    assert await asyncio.gather(*waiting) == [None] * 4
    outcomes = await asyncio.gather(*refused, return_exceptions=True)
    assert any(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert all(outcome is None or isinstance(outcome, Unavailable) for outcome in outcomes)
    assert await answer(client) is None


async def test_a_full_server_is_unavailable(client: RedisClient) -> None:
    await client.call("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Unavailable):
        await client.call("SET", "k", "v")
    with pytest.raises(Unavailable):
        await client.transaction([("SET", "k", "v")])
    with pytest.raises(Unavailable):
        await client.run(Script("return redis.call('SET', KEYS[1], 'v')"), ["k"], ())
    await client.call("CONFIG", "SET", "maxmemory", "0")
    assert await client.call("SET", "k", "v") == b"OK"


async def answer(client: RedisClient) -> object:
    """What GET says as soon as the breaker lets somebody ask."""
    deadline_s = time.monotonic() + 5
    while True:
        try:
            return await client.call("GET", "absent")
        except Unavailable:
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.02)  # between two looks
