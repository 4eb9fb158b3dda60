"""An edge over real sockets, and clients that say exactly what they are told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import h11
import msgspec

from app.core.clock import Clock, system_ms
from app.core.metrics import settle
from app.core.passport import Passports
from app.edge.hot import HotReads
from app.edge.pool import Pool
from app.edge.server import Server
from app.edge.shared import Shared
from app.edge.warm import Miss
from app.http.access import AccessLog
from app.http.hot import Answer, Fields, HotRead, Outcome, Waiter
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
        self._lines = lines
        self._talks: list[Talk] = []

    @property
    def lines(self) -> list[bytes]:
        """What the access log has come to."""
        settle()
        return self._lines

    async def say(self, *pieces: bytes, host: str = "127.0.0.1") -> "Talk":
        """A new connection from this address, on which these bytes were sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20, local_addr=(host, 0))
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
    """An answer; of headers that came more than once the last."""

    status: int
    headers: dict[str, str]
    body: bytes
    fields: list[tuple[bytes, bytes]] = []


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
        return Got(head.status_code, headers, body, [(bytes(name), bytes(value)) for name, value in head.headers])

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
    """A hot read that says what it was asked, once `gate` is open; `outcome` in its place if it is set."""

    policy = Policy("feed", 10, 60)

    def __init__(self) -> None:
        self.asked = 0
        self.outcome: Outcome | type[Answer] = Answer
        self.gate: asyncio.Future[list[object]] | None = None

    def hold(self) -> "asyncio.Future[list[object]]":
        """Nothing is answered until a result is set."""
        self.gate = asyncio.get_running_loop().create_future()
        return self.gate

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, bytes]:
        self.asked += 1
        waiter = asyncio.get_running_loop().create_future()
        if self.gate is None or self.gate.done():
            waiter.set_result([])
        else:
            self.gate.add_done_callback(lambda _: None if waiter.done() else waiter.set_result([]))
        return waiter, query

    def answer(self, asked: bytes, replies: list[object]) -> Outcome | Awaitable[Outcome]:
        if not isinstance(self.outcome, type):
            return self.outcome
        body = b"hot?" + asked
        return Answer(200, [(b"content-length", b"%d" % len(body))], body, b"-", VERDICT.remaining)

    async def in_full(self, asked: bytes, verdict: Verdict) -> Outcome:
        raise AssertionError("the process in front hands these on")


def nothing(*_: object) -> None:
    """Nobody is interested."""


async def nobody() -> None:
    """Nobody is left."""


@asynccontextmanager
async def edge(
    behind_port: int,
    table: Mapping[str, HotRead] | None = None,
    *,
    secret: bytes = SECRET,
    clock: Clock = system_ms,
    log: AccessLog | None = None,
    missed: Miss = nothing,
) -> AsyncIterator[Front]:
    """An edge in front of whatever listens at that port, which looks at the time often."""
    lines: list[bytes] = []
    record = Record(clock, log or AccessLog(lines.append))
    reads = HotReads({HOT: Plain()} if table is None else table, record, missed)
    shared = Shared(reads, Pool("127.0.0.1", behind_port), record, Passports(secret), clock, nobody)
    server = Server(shared, tick_s=0.02, grace_s=0.05)
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
