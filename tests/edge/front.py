"""An edge over real sockets, and clients that say exactly what they are told to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import h11
import msgspec

from app.core.clock import Clock, system_ms
from app.core.passport import Passports
from app.edge.hot import HotReads
from app.edge.pool import Pool
from app.edge.server import Server
from app.edge.shared import Shared
from app.http.access import AccessLog
from app.http.hot import Answer, Fields, HotRead
from app.http.limits import Policy
from app.http.record import Record
from app.ports.limiter import Verdict

SECRET = b"s" * 32
HOT = "/hot"
VERDICT = Verdict(True, 7, 60)


class Front:
    """A running edge."""

    def __init__(self, shared: Shared, server: Server, port: int, lines: list[bytes]) -> None:
        self.shared = shared
        self.server = server
        self.port = port
        self.lines = lines
        self._talks: list[Talk] = []

    async def say(self, *pieces: bytes) -> "Talk":
        """A new connection on which these bytes were sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        talk = self.known(Talk(reader, writer))
        await talk.say(*pieces)
        return talk

    def known(self, talk: "Talk") -> "Talk":
        """The same, which ends with the edge."""
        self._talks.append(talk)
        return talk

    async def answers(self, *pieces: bytes) -> "list[Got]":
        """All that is answered on a new connection until it ends."""
        talk = await self.say(*pieces)
        return await talk.rest()

    async def leave(self) -> None:
        """Ends every connection of a client."""
        for talk in self._talks:
            talk.writer.transport.abort()
        await asyncio.gather(*(talk.writer.wait_closed() for talk in self._talks), return_exceptions=True)


class Got(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes


class Talk:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._left = b""

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def answer(self, method: str = "GET") -> Got:
        """The next answer, to a request of this kind. Raises h11's error for what is not one, or not the whole."""
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**18)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        parser.send(h11.EndOfMessage())
        if self._left:
            parser.receive_data(self._left)
        head: Any = None
        body = b""
        async with asyncio.timeout(10):
            while not isinstance(event := parser.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    data = await self.reader.read(2**16)
                    if not data and head is None:
                        raise ConnectionResetError
                    parser.receive_data(data)
                elif isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
        self._left = parser.trailing_data[0]
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        return Got(head.status_code, headers, body)

    async def rest(self) -> list[Got]:
        """Every answer, until the connection ends."""
        found = []
        while True:
            try:
                found.append(await self.answer())
            except ConnectionError:
                self.writer.close()
                return found

    async def over(self) -> bytes:
        """What comes until the connection ends; it must end."""
        async with asyncio.timeout(10):
            return await self.reader.read()


class Plain:
    """A hot read that is there at once: says what it was asked; `outcome` in its place if it is set."""

    policy = Policy("feed", 10, 60)

    def __init__(self) -> None:
        self.asked = 0
        self.outcome: Verdict | type[Answer] | None = Answer
        self.waits: asyncio.Event | None = None

    async def answer(self, scope: Any, fields: Fields) -> Answer | Verdict | None:
        self.asked += 1
        if self.waits is not None:
            await self.waits.wait()
        if not isinstance(self.outcome, type):
            return self.outcome
        body = b"hot?" + scope["query_string"]
        return Answer(200, [(b"content-length", b"%d" % len(body))], body, b"-", VERDICT)


@asynccontextmanager
async def edge(
    behind_port: int,
    table: Mapping[str, HotRead] | None = None,
    *,
    secret: bytes = SECRET,
    clock: Clock = system_ms,
    tick_s: float = 0.02,
) -> AsyncIterator[Front]:
    """An edge in front of whatever listens at that port."""
    lines: list[bytes] = []
    record = Record(clock, AccessLog(lines.append))
    reads = HotReads({HOT: Plain()} if table is None else table, record)
    shared = Shared(reads, Pool("127.0.0.1", behind_port), record, Passports(secret), clock)
    server = Server(shared, tick_s=tick_s, grace_s=0.05)
    port = await server.start("127.0.0.1", 0)
    front = Front(shared, server, port, lines)
    try:
        yield front
    finally:
        await front.leave()
        await server.drain(0)


def get(target: str = "/x", *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request without a body."""
    lines = [f"{method} {target} HTTP/{version}", "Host: kinora", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(body: bytes, *fields: str, target: str = "/x", method: str = "POST") -> bytes:
    """A request with a body and its length."""
    return get(target, f"Content-Length: {len(body)}", *fields, method=method) + body
