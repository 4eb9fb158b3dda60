"""What the hot reads rely on: the thin client gives each its own replies, and every wait ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from app.adapters.redis.pipe import Pipe
from hotpath.resp import Push, ReplyError
from tests.contract.pipe_users import TIMEOUT_S, packed
from tests.servers.valkey import Valkey, running_valkey


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
async def pipe(valkey: Valkey) -> AsyncIterator[Pipe]:
    pipe = Pipe(valkey.url, timeout_s=TIMEOUT_S, max_waiting=500)
    await pipe.start()
    yield pipe
    await pipe.aclose()


async def test_replies_come_as_redis_sent_them_and_errors_as_values(pipe: Pipe) -> None:
    commands = packed(("SET", "k", b"\xff\x00"), ("GET", "k"), ("GET", "absent"), ("INCR", "k"), ("LRANGE", "l", 0, -1))

    ok, value, absent, error, items = await pipe.ask(commands, 5)

    assert (ok, value, absent, items) == (b"OK", b"\xff\x00", None, [])
    assert isinstance(error, ReplyError)
    assert error.code == "ERR"
    assert await pipe.ask(packed(("ECHO", "next")), 1) == [b"next"]


async def test_what_is_told_happens_and_its_replies_go_to_nobody(pipe: Pipe) -> None:
    assert pipe.tell(packed(("SET", "k", "v"), ("INCR", "k"), ("ECHO", "x")), 3)

    assert await pipe.ask(packed(("GET", "k")), 1) == [b"v"]


async def test_big_replies_arrive_whole(pipe: Pipe) -> None:
    value = bytes(range(256)) * 12_000

    big, after = await asyncio.gather(
        pipe.ask(packed(("SET", "big", value), ("GET", "big")), 2), pipe.ask(packed(("ECHO", "after")), 1)
    )

    assert big == [b"OK", value]
    assert after == [b"after"]


async def test_pushes_go_to_their_listener_in_turn_with_replies(valkey: Valkey) -> None:
    heard: list[Push] = []
    ups: list[str] = []
    tracking = ("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "card:")
    pipe = Pipe(valkey.url, protocol=3, setup=[tracking], on_push=heard.append, on_up=lambda: ups.append("up"))
    await pipe.start()

    assert ups == ["up"]
    assert await pipe.ask(packed(("SET", "card:1", "a"), ("SET", "else", "b"), ("GET", "card:1")), 3) == [
        b"OK",
        b"OK",
        b"a",
    ]
    assert await pipe.ask(packed(("ECHO", "x")), 1) == [b"x"]
    assert heard == [Push([b"invalidate", [b"card:1"]])]
    await pipe.aclose()
