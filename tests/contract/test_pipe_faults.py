"""Servers that die, hang, load, lie or crawl under the thin client: every wait ends, and no reply strays."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from app.adapters.redis.pipe import Pipe
from app.core.errors import Unavailable
from tests.contract.test_pipe import TIMEOUT_S, is_up, packed
from tests.servers.valkey import Valkey, running_valkey

LATENESS_S = 0.6  # of our own loop, on a machine that does other things
USERS = 50
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


class Crowd:
    """People who ask for their own data over and over, and look whether it is theirs."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.served = self.refused = self.aborted = 0
        self.longest_s = 0.0
        self.open = True

    async def move_in(self) -> None:
        for user in range(USERS):
            data = [f"{user}:{row}" for row in range(3)]
            commands = packed(
                ("SET", f"user:{user}", f"mark {user}"), ("DEL", f"list:{user}"), ("RPUSH", f"list:{user}", *data)
            )
            await self.pipe.ask(commands, 3)

    async def ask(self, user: int, number: int) -> None:
        commands = packed(("ECHO", f"{user}/{number}"), ("GET", f"user:{user}"), ("LRANGE", f"list:{user}", 0, -1))
        began_s = time.monotonic()
        try:
            replies = await self.pipe.ask(commands, 3)
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        except Unavailable:
            self.refused += 1
            await asyncio.sleep(0.001)  # as somebody who was told so would
        else:
            data = [f"{user}:{row}".encode() for row in range(3)]
            assert replies == [f"{user}/{number}".encode(), f"mark {user}".encode(), data]
            self.served += 1
        finally:
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)

    async def live(self, user: int) -> None:
        number = 0
        while self.open:
            number += 1
            await self.ask(user, number)

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        await self.move_in()
        people = [asyncio.create_task(self.live(user)) for user in range(USERS)]
        yield
        self.open = False
        await asyncio.gather(*people)

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.005)  # between two looks

    async def abort(self, aborts: int, dice: random.Random) -> None:
        """Requests given up at random points, among others that aren't."""
        number = 0
        while self.aborted < aborts:
            requests = [asyncio.create_task(self.ask(dice.randrange(USERS), number + n)) for n in range(100)]
            number += 100
            while any(not request.done() for request in requests):
                for request in dice.sample(requests, 25):
                    request.cancel()
                for _ in range(dice.randrange(3)):
                    await asyncio.sleep(0)
            outcomes = await asyncio.gather(*requests, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {type(None), asyncio.CancelledError}


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
    assert crowd.served > 1_000
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
        await crowd.until(lambda: crowd.served > 200)
        valkey.save()
        valkey.kill()
        await crowd.until(lambda: crowd.refused > 200)
        assert not pipe.up
        valkey.start()
        served = crowd.served
        await crowd.until(lambda: crowd.served > served + 200)
    assert crowd.longest_s < TIMEOUT_S + LATENESS_S
    assert ups_and_downs == ["up", "down", "up"]
    await pipe.aclose()
    assert ups_and_downs == ["up", "down", "up"]  # to close is no loss


async def test_a_frozen_server_keeps_nobody_longer_than_the_timeout(pipe: Pipe, valkey: Valkey) -> None:
    crowd = Crowd(pipe)
    async with crowd.living():
        await crowd.until(lambda: crowd.served > 200)
        valkey.freeze()
        await crowd.until(lambda: crowd.refused >= USERS)
        await crowd.until(lambda: not pipe.up)
        began_s, refused = time.monotonic(), crowd.refused
        await crowd.until(lambda: crowd.refused > refused + 10 * USERS)
        assert time.monotonic() - began_s < TIMEOUT_S + LATENESS_S  # at once, while it stays frozen
        valkey.thaw()
        served = crowd.served
        await crowd.until(lambda: crowd.served > served + 200)
    assert crowd.longest_s < TIMEOUT_S + LATENESS_S


async def test_a_frozen_server_that_nobody_asks_is_noticed_all_the_same(pipe: Pipe, valkey: Valkey) -> None:
    valkey.freeze()
    await Crowd(pipe).until(lambda: not pipe.up)
    valkey.thaw()
    await is_up(pipe)


async def test_a_server_that_loads_is_not_asked_before_it_has(pipe: Pipe, valkey: Valkey) -> None:
    await pipe.ask(packed(*(("SET", f"k{n}", "v" * 200) for n in range(200))), 200)  # 5 ms each to load
    valkey.save()
    valkey.kill()
    valkey.begin()
    await Crowd(pipe).until(lambda: _loads(valkey))
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


async def test_a_reply_that_means_not_now_is_unavailable_and_heard_of(valkey: Valkey) -> None:
    heard: list[str] = []
    pipe = Pipe(valkey.url, on_refused=lambda error: heard.append(error.code))
    await pipe.start()
    valkey.ask(b"CONFIG SET maxmemory 1\r\n")
    full = pipe.ask(packed(("PING",), ("SET", "k", "v")), 2)
    fine = pipe.ask(packed(("ECHO", "fine")), 1)
    with pytest.raises(Unavailable):
        await full
    assert await fine == [b"fine"]
    assert heard == ["OOM"]
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


Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_server(answer: Answer) -> AsyncIterator[str]:
    """One that greets like Redis and then answers each line as `answer` does; its URL."""
    guests: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guests.append(writer)
        try:
            await reader.readuntil(b"PING\r\n")
            writer.write(b"+PONG\r\n")
            while line := await reader.readline():
                await answer(line, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left, which is what most of these tests look for
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for guest in guests:
        guest.close()
    await server.wait_closed()


LIES = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "more than may be": b"$99999999999\r\n",
    "two replies for one": b"+a\r\n+b\r\n",
    "half a reply": b"$100\r\nabc",
    "nothing": b"",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_server_that_lies_is_left_and_tried_again(lie: bytes) -> None:
    async def answer(line: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(lie if line == b"lie\n" else b"+true\r\n")

    async with a_server(answer) as url:
        downs: list[str] = []
        pipe = Pipe(url, timeout_s=TIMEOUT_S, on_down=lambda: downs.append("down"))
        await pipe.start()
        assert await pipe.ask(b"truth\n", 1) == [b"true"]
        await asyncio.gather(*(pipe.ask(b"lie\n", 1) for _ in range(5)), return_exceptions=True)
        await Crowd(pipe).until(lambda: downs == ["down"])
        await Crowd(pipe).until(lambda: pipe.up)
        assert await pipe.ask(b"truth\n", 1) == [b"true"]
        await pipe.aclose()


async def test_a_late_reply_goes_to_nobody_else_and_the_connection_stays() -> None:
    async def answer(line: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)  # the subject: it works, slower than it is asked
        writer.write(b"+" + line.strip() + b"\r\n")

    async with a_server(answer) as url:
        downs: list[str] = []
        pipe = Pipe(url, timeout_s=TIMEOUT_S, on_down=lambda: downs.append("down"))
        await pipe.start()
        outcomes = await asyncio.gather(*(pipe.ask(b"%d\n" % n, 1) for n in range(8)), return_exceptions=True)
        assert outcomes[0] == [b"0"]
        assert [type(outcome) for outcome in outcomes[4:]] == [Unavailable] * 4
        with pytest.raises(Unavailable):
            await pipe.ask(b"refused\n", 1)  # it would stand behind those who were late
        answers: list[Any] = []
        while not answers:
            try:
                answers = await pipe.ask(b"again\n", 1)
            except Unavailable:
                await asyncio.sleep(0.01)  # between two looks
        assert answers == [b"again"]
        assert downs == []
        await pipe.aclose()


async def test_a_server_that_never_ends_its_reply_is_left() -> None:
    async def answer(line: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"$1000\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)  # the subject: bytes come, a reply never does

    async with a_server(answer) as url:
        pipe = Pipe(url, timeout_s=TIMEOUT_S)
        await pipe.start()
        began_s = time.monotonic()
        with pytest.raises(Unavailable):
            await pipe.ask(b"1\n", 1)
        await Crowd(pipe).until(lambda: not pipe.up)
        assert time.monotonic() - began_s < TIMEOUT_S + LATENESS_S
        await pipe.aclose()


async def test_where_nobody_listens_starting_returns_and_asking_is_refused() -> None:
    pipe = Pipe("redis://127.0.0.1:1", timeout_s=TIMEOUT_S)
    await pipe.start()
    assert not pipe.up
    with pytest.raises(Unavailable):
        pipe.ask(packed(("PING",)), 1)
    await pipe.aclose()
