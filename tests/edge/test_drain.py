"""The end of the process: nobody new, everything under way answered, nobody waited for without end."""

import asyncio

import msgspec
import pytest

from app.core.config import Settings
from app.edge.server import serve
from app.local.errors import LocalError
from tests.edge.behind import echo, head_of, scripted
from tests.edge.front import Front, Plain, Talk, edge, get, post
from tests.waiting import until


def draining(front: Front, within_s: float = 10.0) -> asyncio.Task[None]:
    return asyncio.create_task(front.server.drain(within_s))


async def test_who_is_idle_goes_and_nobody_new_comes() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        fresh, used = await front.say(), await front.say(get("/hot"))
        assert (await used.answer()).headers.get("connection") is None
        ending = draining(front)
        assert (await fresh.over(), await used.over()) == (b"", b"")
        with pytest.raises(ConnectionRefusedError):
            await front.say()
        for talk in (fresh, used):
            talk.writer.close()
        await ending


async def test_a_request_that_was_on_its_way_is_still_answered() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talks = [await front.say() for _ in range(2)]
        await until(lambda: len(front.shared.connections) == 2)
        ending = draining(front)
        await until(lambda: front.shared.draining)
        for talk, target in zip(talks, ("/hot", "/x"), strict=True):
            await talk.say(get(target))
            got = await talk.answer()
            assert (got.status, got.headers["connection"]) == (200, "close")
            assert await talk.over() == b""
            talk.writer.close()
        await ending


@pytest.mark.parametrize("target", ["/hot", "/x"])
async def test_what_is_under_way_is_answered_first(target: str) -> None:
    gate = asyncio.Event()
    read = Plain()
    held = read.hold()

    async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        read.asked += 1
        await gate.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    async with scripted(waiting) as behind, edge(behind.port, {"/hot": read}) as front:
        talk = await front.say(get(target), get("/behind"))
        await until(lambda: read.asked)
        ending = draining(front)
        await until(lambda: front.shared.draining)
        gate.set()
        held.set_result([])
        got = await talk.answer()
        assert (got.status, got.headers["connection"]) == (200, "close")
        assert await talk.over() == b""
        talk.writer.close()
        await ending
        assert not any(b"/behind" in data for data in behind.received)


async def test_an_upload_under_way_comes_to_its_end() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(post(b"hello")[:-2])
        await until(lambda: behind.connections)
        ending = draining(front)
        await until(lambda: front.shared.draining)
        await talk.say(b"lo")
        assert (await talk.answer()).body == b"POST /x HTTP/1.1|hello"
        talk.writer.close()
        await ending


async def test_who_takes_too_long_is_cut_off() -> None:
    read = Plain()
    read.hold()

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with scripted(silent) as behind, edge(behind.port, {"/hot": read}) as front:
        talks = [await front.say(piece) for piece in (get("/x"), get("/hot"), get()[:9], post(b"x")[:-1])]
        await until(lambda: behind.connections == 2 and read.asked)
        await draining(front, within_s=0.2)
        for talk in talks:
            with pytest.raises(ConnectionError):
                await talk.answer()
        await until(lambda: not front.shared.connections)


async def test_under_load_every_request_that_was_taken_is_answered() -> None:
    asked, answered = 0, 0
    begun = asyncio.Event()

    async def client(front: Front, number: int) -> None:
        nonlocal asked, answered
        try:
            talk: Talk = await front.say()
        except ConnectionRefusedError:
            return
        while True:
            try:
                await talk.say(get(f"/{'hot' if number % 2 else 'x'}?{number}"))
                asked += 1
                got = await talk.answer()
            except ConnectionError:
                raise AssertionError("a request was not answered") from None
            assert got.status == 200
            answered += 1
            if answered > 200:
                begun.set()
            if got.headers.get("connection") == "close":
                talk.writer.close()
                return

    async with scripted(echo) as behind, edge(behind.port) as front:
        clients = [asyncio.create_task(client(front, number)) for number in range(20)]
        await begun.wait()
        await draining(front)
        await asyncio.gather(*clients)
    assert asked == answered > 200


async def test_a_port_that_is_taken_is_one_sentence(settings: Settings) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        taken = msgspec.structs.replace(settings, edge_port=front.port)
        with pytest.raises(LocalError, match=f"can't listen on 127.0.0.1, port {front.port}"):
            await serve(taken, front.shared, asyncio.Event())


async def test_without_its_clock_it_does_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:

        def fails(_now_s: float) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(front.shared.pool, "tick", fails)
        with pytest.raises(ZeroDivisionError):
            await front.server.watch(asyncio.Event())


async def test_it_goes_on_until_it_is_told_to_stop() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        stop = asyncio.Event()
        watching = asyncio.create_task(front.server.watch(stop))
        assert (await (await front.say(get())).answer()).status == 200
        assert not watching.done()
        stop.set()
        await watching
