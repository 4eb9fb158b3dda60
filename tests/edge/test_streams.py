"""Large bodies both ways, and tunnels: whole, with little of them in memory at any time."""

import asyncio
import base64
import hashlib
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.edge import relay
from tests.edge.behind import Serve, head_of, scripted
from tests.edge.front import Front, Talk, edge, get
from tests.waiting import until

MIB = 2**20
PIECE = bytes(range(256)) * 256  # 64 KiB
KEY = base64.b64encode(b"k" * 16).decode()


@contextmanager
def bounded(most_bytes: int) -> Iterator[None]:
    """What is done here takes no more memory than that at any time: by this process's both ends and the edge."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - before < most_bytes


async def taking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the length and the digest of what it is sent."""
    _, headers = await head_of(reader)
    digest, size = hashlib.sha256(), 0
    if "content-length" in headers:
        while size < int(headers["content-length"]):
            piece = await reader.read(65_536)
            size += len(piece)
            digest.update(piece)
    else:
        while length := int(await reader.readuntil(b"\r\n"), 16):
            digest.update((await reader.readexactly(length + 2))[:-2])
            size += length
        await reader.readexactly(2)
    told = f"{size} {digest.hexdigest()}".encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(told), told))


def giving(pieces: int, *, chunked: bool) -> Serve:
    """Answers with so many pieces."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        framing = "transfer-encoding: chunked" if chunked else f"content-length: {pieces * len(PIECE)}"
        writer.write(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        for _ in range(pieces):
            writer.write(b"10000\r\n%b\r\n" % PIECE if chunked else PIECE)
            await writer.drain()
        writer.write(b"0\r\n\r\n" if chunked else b"")

    return serve


async def upload(front: Front, pieces: int, *, chunked: bool) -> bytes:
    """The answer to so many pieces."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {pieces * len(PIECE)}"
    talk = await front.say(get("/x", framing, method="PUT"))
    for _ in range(pieces):
        await talk.say(b"10000\r\n%b\r\n" % PIECE if chunked else PIECE)
    await talk.say(b"0\r\n\r\n" if chunked else b"")
    return (await talk.answer()).body


async def uploaded_and_downloaded(pieces: int, *, chunked: bool) -> None:
    digest = hashlib.sha256()
    for _ in range(pieces):
        digest.update(PIECE)
    with bounded(8 * MIB):
        async with scripted(taking, remember=False) as behind, edge(behind.port) as front:
            got = await upload(front, pieces, chunked=chunked)
        assert got == f"{pieces * len(PIECE)} {digest.hexdigest()}".encode()
        async with scripted(giving(pieces, chunked=chunked)) as behind, edge(behind.port) as front:
            talk = await front.say(get("/x", "Connection: close"))
            assert await digested(talk, chunked=chunked) == (pieces * len(PIECE), digest.hexdigest())


async def digested(talk: Talk, *, chunked: bool) -> tuple[int, str]:
    """Length and digest of a body."""
    await talk.reader.readuntil(b"\r\n\r\n")
    digest, size = hashlib.sha256(), 0
    if chunked:
        while length := int(await talk.reader.readuntil(b"\r\n"), 16):
            digest.update((await talk.reader.readexactly(length + 2))[:-2])
            size += length
        return size, digest.hexdigest()
    while data := await talk.reader.read(65_536):
        digest.update(data)
        size += len(data)
    return size, digest.hexdigest()


@pytest.mark.parametrize("chunked", [False, True])
async def test_large_bodies_pass_through_little_memory(chunked: bool) -> None:
    await uploaded_and_downloaded(24 * 16, chunked=chunked)


@pytest.mark.long
@pytest.mark.parametrize("chunked", [False, True])
async def test_the_largest_bodies_do_too(chunked: bool) -> None:
    await uploaded_and_downloaded(500 * 16, chunked=chunked)


async def test_a_reader_that_stops_stops_the_application_too() -> None:
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (1000 * MIB))
        while True:
            writer.write(PIECE)
            await writer.drain()
            written += len(PIECE)

    async with scripted(endless) as behind, edge(behind.port) as front:
        talk = await front.say()
        talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await talk.say(get())
        seen = [-1]

        def stands() -> bool:
            seen.append(written)
            return seen[-1] == seen[-2] > 0

        await until(stands, every_s=0.1)
        assert written < 50 * MIB
        stood_at = written
        talk.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await talk.reader.readexactly(20 * MIB)
        assert written > stood_at


async def websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switches, greets in the same breath, then says everything twice, until it hears `bye`."""
    line, headers = await head_of(reader)
    if "refuse" in line:
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
        await reader.read()
        return
    told = f"{headers['connection']} {headers['upgrade']} {headers['sec-websocket-key']}"
    answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nsec-websocket-accept: x"
    writer.write(f"{answer}\r\n\r\nhello {told}\n".encode())
    while data := await reader.read(65_536):
        writer.write(data + data)
        await writer.drain()
        if data.endswith(b"bye"):
            return


ASKED = (
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Version: 13",
)


async def opened(front: Front, *more: bytes) -> Talk:
    """A tunnel, its greeting read."""
    talk = await front.say(get("/ws", *ASKED) + b"".join(more))
    head = (await talk.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    assert head[0] == "http/1.1 101 switching protocols"
    assert sorted(head[1:-2]) == ["connection: upgrade", "sec-websocket-accept: x", "upgrade: websocket"]
    assert await talk.reader.readline() == f"hello upgrade websocket {KEY}\n".encode()
    return talk


async def test_a_websocket_is_a_tunnel_to_the_application() -> None:
    async with scripted(websocket) as behind, edge(behind.port) as front:
        talk = await opened(front, b"early")
        assert await talk.reader.readexactly(10) == b"earlyearly"
        for word in (b"\x81\x05hello", b"GET /hot HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 1000):
            await talk.say(word)
            assert await talk.reader.readexactly(2 * len(word)) == word + word
        await talk.say(b"bye")
        assert await talk.over() == b"byebye"
        assert len(behind.heads) == 1 + 1  # what looked like a request went through as it was


async def test_a_tunnel_ends_when_the_client_does() -> None:
    async with scripted(websocket) as behind, edge(behind.port) as front:
        talk = await opened(front)
        talk.writer.close()
        await until(lambda: not front.shared.connections and not front.shared.pool._open)


async def test_a_tunnel_holds_back_whoever_is_too_fast() -> None:
    async with scripted(websocket) as behind, edge(behind.port) as front:
        talk = await opened(front)
        talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
        total = 40 * MIB
        talk.writer.write(b"x" * total)
        seen = [-1]

        def stands() -> bool:
            seen.append(talk.writer.transport.get_write_buffer_size())
            return seen[-1] == seen[-2]

        await until(stands, every_s=0.1)
        assert seen[-1] > 10 * MIB
        talk.writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(20):
            assert await talk.reader.readexactly(2 * total) == b"x" * (2 * total)


async def test_a_quiet_tunnel_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "TUNNEL_QUIET_S", 0.1)
    async with scripted(websocket) as behind, edge(behind.port) as front:
        talk = await opened(front)
        assert await talk.over() == b""


async def test_a_websocket_that_is_refused_is_answered_and_ended() -> None:
    async with scripted(websocket) as behind, edge(behind.port) as front:
        talk = await front.say(get("/refuse", *ASKED), get("/smuggled"))
        got = await talk.answer()
        assert (got.status, got.body, got.headers["connection"]) == (403, b"no", "close")
        assert await talk.over() == b""
        assert not any(b"smuggled" in data for data in behind.received)


async def test_another_protocol_is_not_asked_for() -> None:
    async with scripted(taking) as behind, edge(behind.port) as front:
        talk = await front.say(
            get("/x", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: x", "Content-Length: 0")
        )
        assert (await talk.answer()).status == 200
        assert b"upgrade" not in behind.received[0].lower()
        assert b"http2" not in behind.received[0].lower()
        await talk.say(get("/hot"))
        assert (await talk.answer()).body == b"hot?"
