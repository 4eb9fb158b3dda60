"""`RedisClient` over the thin connection: the same answers, errors and refusals as over redis-py."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis import exceptions

from app.adapters.redis.client import RedisClient, Script
from app.adapters.redis.pipe import Pipe
from app.adapters.redis.thin import ThinClient
from app.core import ids
from app.core.errors import Unavailable

NOWHERE = "unix:///nonexistent/valkey.sock"


@pytest.fixture
async def pipe(redis_url: str) -> AsyncIterator[Pipe]:
    pipe = Pipe(redis_url, timeout_s=5.0)
    await pipe.start()
    yield pipe
    await pipe.aclose()


@pytest.fixture
async def thin(redis_url: str, pipe: Pipe) -> AsyncIterator[RedisClient]:
    """Nothing of it goes by redis-py: that way leads nowhere."""
    client = ThinClient(NOWHERE, pipe)
    yield client
    await client.aclose()


async def test_answers_are_those_of_redis_py(thin: RedisClient, client: RedisClient) -> None:
    key = ids.new("vid")
    for asked in (thin, client):
        assert await asked.transaction([("DEL", key), ("RPUSH", key, "a", b"\x00", 7), ("LRANGE", key, 0, -1)]) == [
            0 if asked is thin else 1,
            3,
            [b"a", b"\x00", b"7"],
        ]
        assert await asked.call("GET", f"{key}:none") is None
        assert await asked.pipeline([("LLEN", key), ("MGET", key, f"{key}:none")]) == [3, [None, None]]
    await thin.call("DEL", key)


async def test_no_commands_have_no_replies(thin: RedisClient, client: RedisClient) -> None:
    for asked in (thin, client):
        assert await asked.pipeline([]) == []


async def test_nothing_can_be_asked_of_a_pipe(pipe: Pipe) -> None:
    with pytest.raises(ValueError, match="nobody"):
        pipe.ask(b"", 0)
    assert await pipe.ask(b"*1\r\n$4\r\nPING\r\n", 1) == [b"PONG"]


async def test_a_script_that_the_server_lost_is_given_again(thin: RedisClient) -> None:
    script = Script(f"return {{'{ids.new('vid')}', KEYS[1]}}")
    for _ in range(2):
        assert (await thin.run(script, ["key"], ()))[1] == b"key"


async def test_wrong_commands_raise_as_by_redis_py(thin: RedisClient, client: RedisClient) -> None:
    key = ids.new("vid")
    await client.call("SET", key, "text")
    for asked in (thin, client):
        with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
            await asked.call("LLEN", key)
        with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
            await asked.transaction([("GET", key), ("LLEN", key)])
        with pytest.raises(exceptions.ResponseError, match="unknown command"):
            await asked.transaction([("GET", key), ("NONSENSE",)])
    await client.call("DEL", key)


async def test_where_the_thin_connection_refuses_redis_py_answers(redis_url: str) -> None:
    away = Pipe(NOWHERE)
    await away.start()
    client = ThinClient(redis_url, away, timeout_s=5.0)
    assert await client.call("PING") == b"PONG"
    await client.aclose()
    await away.aclose()


async def test_where_both_are_away_it_is_unavailable() -> None:
    away = Pipe(NOWHERE)
    client = ThinClient(NOWHERE, away)
    with pytest.raises(Unavailable):
        await client.call("PING")
    await client.aclose()
    await away.aclose()


async def test_what_was_sent_and_not_answered_is_not_sent_again(redis_url: str) -> None:
    """The command stands behind one that blocks, and is lost with the connection; by redis-py it would go through."""
    key = ids.new("vid")
    pipe = Pipe(redis_url, timeout_s=0.2)
    await pipe.start()
    client = ThinClient(redis_url, pipe, timeout_s=5.0)
    blocking = asyncio.create_task(client.call("BLPOP", f"{key}:list", 5))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await client.call("INCR", key)
    with pytest.raises(Unavailable):
        await blocking
    assert await client.call("GET", key) is None
    await client.aclose()
    await pipe.aclose()
