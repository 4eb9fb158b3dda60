"""Servers that die, hang, load or are full under the thin client: every wait ends, and no reply strays."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvloop

from app.adapters.redis.pipe import Pipe
from app.core.errors import Unavailable
from hotpath.resp import Push
from tests.contract.pipe_users import LATENESS_S, TIMEOUT_S, USERS, Crowd, is_up, packed
from tests.servers.valkey import Valkey, running_valkey
from tests.waiting import until

SLOW_TO_LOAD = {"key-load-delay": "5000", "loading-process-events-interval-bytes": "1024", "rdbcompression": "no"}

BOTH_LOOPS = pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running_valkey(SLOW_TO_LOAD) as valkey:
        yield valkey


@pytest.fixture
async def pipe(valkey: Valkey) -> AsyncIterator[Pipe]:
    pipe = Pipe(valkey.url, timeout_s=TIMEOUT_S, max_waiting=500)
    await pipe.start()
    yield pipe
    await pipe.aclose()


@BOTH_LOOPS
def test_of_20_000_aborted_requests_none_gets_or_leaves_another_reply(valkey: Valkey, new_loop: Any) -> None:
    async def abort() -> Crowd:
        pipe = Pipe(valkey.url, timeout_s=5)
        await pipe.start()
        crowd = Crowd(pipe)
        await crowd.move_in()
        await crowd.abort(10_000, random.Random(5))
        for number in range(100):
            await crowd.ask(number % USERS, number)
        await pipe.aclose()
        return crowd

    with asyncio.Runner(loop_factory=new_loop) as runner:
        crowd = runner.run(abort())

    assert crowd.aborted >= 10_000  # on each of two loops
    assert crowd.served > 100  # how many are not aborted in time is the machine's affair
    assert crowd.refused == 0


async def test_a_killed_server_keeps_nobody_and_is_found_again(valkey: Valkey) -> None:
    ups_and_downs: list[str] = []
    pipe = Pipe(
        valkey.url,
        timeout_s=TIMEOUT_S,
        on_up=lambda: ups_and_downs.append("up"),
        on_down=lambda: ups_and_downs.append("down"),
    )
    await pipe.start()
    crowd = Crowd(pipe)
    async with crowd.living():
        await until(lambda: crowd.served > 200)
        valkey.save()
        valkey.kill()
        await until(lambda: crowd.refused > 200)
        assert not pipe.up
        valkey.start()
        served = crowd.served
        await until(lambda: crowd.served > served + 200)
    assert crowd.longest_s < TIMEOUT_S + LATENESS_S
    assert ups_and_downs == ["up", "down", "up"]
    await pipe.aclose()
    assert ups_and_downs == ["up", "down", "up"]  # to close is no loss


async def test_a_frozen_server_keeps_nobody_longer_than_the_timeout(pipe: Pipe, valkey: Valkey) -> None:
    crowd = Crowd(pipe)
    async with crowd.living():
        await until(lambda: crowd.served > 200)
        valkey.freeze()
        await until(lambda: crowd.refused >= USERS)
        await until(lambda: not pipe.up)
        began_s, refused = time.monotonic(), crowd.refused
        await until(lambda: crowd.refused > refused + 10 * USERS)
        assert time.monotonic() - began_s < TIMEOUT_S + LATENESS_S  # at once, while it stays frozen
        valkey.thaw()
        served = crowd.served
        await until(lambda: crowd.served > served + 200)
    assert crowd.longest_s < TIMEOUT_S + LATENESS_S


async def test_a_frozen_server_that_nobody_asks_is_noticed_all_the_same(pipe: Pipe, valkey: Valkey) -> None:
    valkey.freeze()
    await until(lambda: not pipe.up)
    valkey.thaw()
    await is_up(pipe)


async def test_a_server_that_loads_is_not_asked_before_it_has(pipe: Pipe, valkey: Valkey) -> None:
    await pipe.ask(packed(*(("SET", f"k{n}", "v" * 200) for n in range(200))), 200)  # 5 ms each to load
    valkey.save()
    valkey.kill()
    valkey.begin()
    await until(lambda: _loads(valkey))
    began_s, refused = time.monotonic(), 0
    while not pipe.up:
        with pytest.raises(Unavailable):
            await pipe.ask(packed(("GET", "k1")), 1)
        refused += 1
        assert time.monotonic() - began_s < 10
        await asyncio.sleep(0.01)  # between two looks
    assert refused > 10
    assert await pipe.ask(packed(("GET", "k199")), 1) == [b"v" * 200]


def _loads(valkey: Valkey) -> bool:
    try:
        return valkey.ask(b"GET k1\r\n").startswith(b"-LOADING")
    except OSError:
        return False


TROUBLES = {
    "OOM": ([b"CONFIG SET maxmemory 1\r\n"], ("SET", "k", "v")),
    "READONLY": ([b"REPLICAOF 127.0.0.1 1\r\n"], ("SET", "k", "v")),
    "MASTERDOWN": ([b"CONFIG SET replica-serve-stale-data no\r\n", b"REPLICAOF 127.0.0.1 1\r\n"], ("GET", "k")),
}


@pytest.mark.parametrize("code", TROUBLES)
async def test_a_reply_that_means_not_now_is_unavailable_and_heard_of(valkey: Valkey, code: str) -> None:
    heard: list[str] = []
    pipe = Pipe(valkey.url, on_refused=lambda error: heard.append(error.code))
    await pipe.start()
    orders, command = TROUBLES[code]
    for order in orders:
        assert valkey.ask(order).startswith(b"+OK")
    troubled = pipe.ask(packed(("CLIENT", "ID"), command), 2)
    fine = pipe.ask(packed(("CLIENT", "GETNAME")), 1)
    with pytest.raises(Unavailable):
        await troubled
    assert await fine == [None]
    assert heard == [code]
    await pipe.aclose()


async def test_more_than_may_wait_are_refused_at_once_and_the_others_served(pipe: Pipe, valkey: Valkey) -> None:
    valkey.freeze()
    waiting = [pipe.ask(packed(("ECHO", n)), 1) for n in range(500)]
    with pytest.raises(Unavailable):
        pipe.ask(packed(("ECHO", "x")), 1)
    assert not pipe.tell(packed(("ECHO", "x")), 1)
    valkey.thaw()
    assert await asyncio.gather(*waiting) == [[b"%d" % n] for n in range(500)]
    await is_up(pipe)


async def test_a_server_that_does_not_read_is_given_no_more(pipe: Pipe, valkey: Valkey) -> None:
    valkey.freeze()
    megabyte = packed(("ECHO", b"x" * 2**20))
    waiting = [pipe.ask(megabyte, 1) for _ in range(3)]
    await asyncio.sleep(0)  # until they are written
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        pipe.ask(megabyte, 1)
    valkey.thaw()
    await asyncio.gather(*waiting)
    await is_up(pipe)


@BOTH_LOOPS
def test_a_stall_of_our_own_makes_nobody_late(valkey: Valkey, new_loop: Any) -> None:
    async def stall() -> list[list[Any]]:
        pipe = Pipe(valkey.url, timeout_s=TIMEOUT_S)
        await pipe.start()
        waiting = [pipe.ask(packed(("ECHO", n)), 1) for n in range(5)]
        await asyncio.sleep(0)  # until they are written
        await asyncio.sleep(0)
        time.sleep(3 * TIMEOUT_S)  # noqa: ASYNC251  # the subject of this test: nothing of ours runs
        replies = await asyncio.gather(*waiting)
        await pipe.aclose()
        return replies

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(stall()) == [[b"%d" % n] for n in range(5)]


async def test_closing_waits_for_what_is_under_way_and_refuses_the_rest(valkey: Valkey) -> None:
    pipe = Pipe(valkey.url, timeout_s=TIMEOUT_S)
    await pipe.start()
    waiting = [pipe.ask(packed(("ECHO", n)), 1) for n in range(200)]
    pipe.tell(packed(("SET", "told", "yes")), 1)
    await pipe.aclose()
    assert all(waiter.done() for waiter in waiting)
    assert await asyncio.gather(*waiting) == [[b"%d" % n] for n in range(200)]
    with pytest.raises(Unavailable):
        pipe.ask(packed(("PING",)), 1)
    assert not pipe.tell(packed(("PING",)), 1)
    assert valkey.ask(b"GET told\r\n").startswith(b"$3\r\nyes")
    await pipe.aclose()


async def test_closing_on_a_frozen_server_ends(valkey: Valkey) -> None:
    pipe = Pipe(valkey.url, timeout_s=TIMEOUT_S)
    await pipe.start()
    valkey.freeze()
    waiter = pipe.ask(packed(("PING",)), 1)
    began_s = time.monotonic()
    await pipe.aclose()
    assert time.monotonic() - began_s < TIMEOUT_S + LATENESS_S
    with pytest.raises(Unavailable):
        await waiter
    valkey.thaw()


async def test_a_listener_that_fails_costs_the_connection_and_no_more(
    valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    downs: list[str] = []

    def fail(push: Push) -> None:
        raise ArithmeticError(f"about {push[0]!r}")

    pipe = Pipe(
        valkey.url,
        protocol=3,
        setup=[("CLIENT", "TRACKING", "ON", "BCAST")],
        on_push=fail,
        on_down=lambda: downs.append("down"),
    )
    await pipe.start()
    valkey.ask(b"SET k v\r\n")
    await until(lambda: downs == ["down"])
    assert "about b'invalidate'" in caplog.text
    await is_up(pipe)
    await pipe.aclose()
