"""Servers that lie, crawl or hang up on the thin client: it leaves them, and no reply strays."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.adapters.redis.pipe import Pipe
from app.core.errors import Unavailable
from tests.contract.pipe_users import LATENESS_S, TIMEOUT_S, packed
from tests.waiting import until

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
        await until(lambda: downs == ["down"])
        await until(lambda: pipe.up)
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
        await until(lambda: not pipe.up)
        assert time.monotonic() - began_s < TIMEOUT_S + LATENESS_S
        await pipe.aclose()


async def test_a_server_that_hangs_up_on_everybody_is_tried_ever_less_often() -> None:
    came_s: list[float] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came_s.append(time.monotonic())
        await reader.readuntil(b"PING\r\n")
        writer.write(b"+PONG\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    pipe = Pipe(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await pipe.start()
    await until(lambda: len(came_s) == 6)
    assert came_s[5] - came_s[0] > (0.05 + 0.1 + 0.2 + 0.4 + 0.8) / 2
    await pipe.aclose()
    server.close()
    await server.wait_closed()


async def test_where_nobody_listens_starting_returns_and_asking_is_refused() -> None:
    pipe = Pipe("redis://127.0.0.1:1", timeout_s=TIMEOUT_S)
    await pipe.start()
    assert not pipe.up
    with pytest.raises(Unavailable):
        pipe.ask(packed(("PING",)), 1)
    await pipe.aclose()
