"""Clients that are slow to send, slow to read or idle are sent away; those that are merely slow are not."""

import asyncio
import socket
import time

import pytest

from app.edge import line, patience, shared
from app.edge.connection import Connection
from app.edge.server import TICK_S
from tests.edge.behind import always, body_of, echo, head_of, scripted
from tests.edge.front import Front, Talk, edge, get, post
from tests.waiting import until

LARGE = b"HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n" + b"x" * 20_000_000


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds are hundredths."""
    for module, name in (
        (patience, "LOOK_S"),
        (patience, "IDLE_S"),
        (patience, "STALL_S"),
        (patience, "HEAD_S"),
        (patience, "BODY_S"),
        (patience, "HOT_S"),
        (line, "STALL_S"),
        (line, "LINGER_S"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name) / 100)


def test_every_patience_ends_within_half_a_minute() -> None:
    sent_away = line.LINGER_S + 2 * TICK_S  # with a word, which need not be heard
    assert max(patience.HEAD_S, patience.BODY_S) + sent_away < 30
    assert patience.IDLE_S + TICK_S + sent_away < 30
    assert patience.HOT_S + TICK_S < 30
    assert patience.LOOK_S + line.STALL_S + 2 * TICK_S < 30
    assert line.LINGER_S + line.STALL_S + TICK_S < 30


@pytest.mark.usefixtures("hasty")
async def test_who_says_nothing_is_sent_away_without_a_word() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        assert await (await front.say()).over() == b""
        await until(lambda: not front.shared.connections)
        assert front.lines == []


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("target", ["/x", "/hot"])
async def test_who_says_no_more_is_sent_away_without_a_word(target: str) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get(target))
        assert (await talk.answer()).status == 200
        assert await talk.over() == b""


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("part", [get()[:1], get()[:20], get()[:-2], get()[:-1]])
async def test_a_head_that_does_not_come_to_its_end_is_told_so(part: bytes) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get("/hot") + part)
        assert (await talk.answer()).status == 200
        assert (await talk.answer()).status == 408
        assert await talk.over() == b""
        assert behind.connections == 0


@pytest.mark.usefixtures("hasty")
async def test_a_head_that_drips_is_told_so() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get()[:-2])

        async def drip() -> None:
            while True:
                await talk.say(b"a: b\r\n")
                await asyncio.sleep(0.005)  # the drip itself

        dripping = asyncio.create_task(drip())
        assert (await talk.answer()).status == 408
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("drips", [False, True])
async def test_a_body_that_does_not_come_or_drips_is_told_so(drips: bool) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", "Content-Length: 100000", method="PUT"))

        async def drip() -> None:
            while drips:
                await talk.say(b"x")
                await asyncio.sleep(0.005)  # the drip itself

        dripping = asyncio.create_task(drip())
        got = await talk.answer()
        assert (got.status, got.headers["connection"]) == (408, "close")
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        await until(lambda: not front.shared.pool._open)  # nor does the application wait any longer


@pytest.mark.usefixtures("hasty")
async def test_a_body_that_the_application_does_not_take_is_not_the_clients_fault() -> None:
    gate = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, headers = await head_of(reader)
        reader._limit = 1024  # type: ignore[attr-defined]
        await gate.wait()
        size = len(await body_of(reader, headers))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%d" % (len(str(size)), size))

    async with scripted(slow) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", "Content-Length: 30000000", method="PUT"))
        talk.writer.write(b"x" * 30_000_000)
        (client,) = front.shared.connections
        assert isinstance(client, Connection)
        await until(lambda: client._unread)
        stuck_until = client.deadline
        await until(lambda: client.deadline > stuck_until)
        gate.set()
        assert (await talk.answer()).body == b"30000000"


async def small_window(front: Front) -> Talk:
    """A client whose side of the connection holds little."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", front.port))
    reader, writer = await asyncio.open_connection(sock=client, limit=4096)
    return front.known(Talk(reader, writer))


@pytest.mark.usefixtures("hasty")
async def test_who_does_not_read_is_cut_off_and_the_application_is_rid_of_it() -> None:
    async with scripted(always(LARGE)) as behind, edge(behind.port) as front:
        talk = await small_window(front)
        talk.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await talk.say(get())
        await until(lambda: front.shared.pool._open)
        await until(lambda: not front.shared.connections)
        await until(lambda: not front.shared.pool._open)


@pytest.mark.usefixtures("hasty")
async def test_who_asks_for_more_and_more_but_does_not_read_is_cut_off() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await small_window(front)
        talk.reader._transport.pause_reading()  # type: ignore[attr-defined]
        talk.writer.write(get("/hot?" + "x" * 1000) * 20_000)
        await until(lambda: front.shared.connections)
        await until(lambda: not front.shared.connections)


@pytest.mark.usefixtures("hasty")
async def test_who_has_a_whole_answer_in_the_kernel_and_does_not_read_it_is_cut_off() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await small_window(front)
        talk.reader._transport.pause_reading()  # type: ignore[attr-defined]
        body = b"x" * 40_000
        await talk.say(post(body))
        await until(lambda: front.shared.connections)
        (client,) = front.shared.connections
        assert isinstance(client, Connection)
        await until(lambda: client.left_bytes() > 20_000)
        assert not client.is_full
        await until(lambda: not front.shared.connections)


@pytest.mark.usefixtures("hasty")
async def test_who_is_refused_and_does_not_hear_it_is_not_waited_for() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await small_window(front)
        talk.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await talk.say(get("/hot?" + "x" * 1000) * 60 + b"nonsense\r\n\r\n")
        await until(lambda: front.shared.connections)
        await until(lambda: not front.shared.connections)


@pytest.mark.parametrize("fields", [(), ("Connection: close",)])
async def test_who_reads_slowly_gets_all(monkeypatch: pytest.MonkeyPatch, fields: tuple[str, ...]) -> None:
    monkeypatch.setattr(line, "STALL_S", 0.2)
    monkeypatch.setattr(patience, "STALL_S", 0.2)
    monkeypatch.setattr(patience, "LOOK_S", 0.05)
    monkeypatch.setattr(line, "LINGER_S", 0.05)
    async with (
        scripted(always(LARGE[:3_000_000].replace(b"20000000", b" 2999955"))) as behind,
        edge(behind.port) as front,
    ):
        talk = await small_window(front)
        await talk.say(get("/x", *fields))
        got = 0
        async with asyncio.timeout(30):
            while got < 2_999_955 and (data := await talk.reader.read(40_000)):
                got += len(data)
                await asyncio.sleep(0.005)  # the reader's slowness
        assert got > 2_999_955


async def test_one_connection_too_many_is_told_so_and_more_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "OPEN", 3)
    monkeypatch.setattr(shared, "TOLD", 1)
    async with scripted(echo) as behind, edge(behind.port) as front:
        kept = [await front.say() for _ in range(3)]
        await until(lambda: len(front.shared.connections) == 3)
        told = await front.say()
        got = await told.answer()
        assert (got.status, got.headers["retry-after"]) == (503, "2")
        untold = await front.say()
        with pytest.raises(ConnectionError):
            await untold.answer()
        await kept[0].say(get())
        assert (await kept[0].answer()).status == 200
        kept[0].writer.close()
        told.writer.close()
        await until(lambda: len(front.shared.connections) == 2)
        again = await front.say(post(b"x"))
        assert (await again.answer()).status == 200


@pytest.mark.long
async def test_a_crowd_of_slow_clients_is_gone_within_half_a_minute_and_others_are_served() -> None:
    kinds = (b"", get()[:30], post(b"x" * 100)[:-50], get("/hot?" + "x" * 1000) * 200)
    async with scripted(echo, remember=False) as behind, edge(behind.port) as front:
        crowd = [await small_window(front) for _ in range(400)]
        for number, talk in enumerate(crowd):
            talk.reader._transport.pause_reading()  # type: ignore[attr-defined]
            talk.writer.write(kinds[number % len(kinds)])
        await until(lambda: len(front.shared.connections) == len(crowd))
        slow, began_s, slowest_s = set(front.shared.connections), time.monotonic(), 0.0
        while slow & front.shared.connections:
            assert time.monotonic() - began_s < 30
            asked_s = time.monotonic()
            talk = await front.say(get("/x", "Connection: close"), get("/never"))
            assert (await talk.answer()).status == 200
            slowest_s = max(slowest_s, time.monotonic() - asked_s)
            talk.writer.close()
            await asyncio.sleep(0.05)  # between two looks
        assert slowest_s < 1
