"""What the product asks of its stores while it answers, recorded, to be asked again by nothing but a driver.

The product runs in this process, the whole of it behind its front door, without an HTTP server on either side. A first
application is recorded: Redis through a socket that passes every byte on, SQL where asyncpg takes it. A second one is
timed, in turns with the same bytes and statements raw, in their order: by a plain socket and hiredis, by bare asyncpg.
Both on the servers' core: beside the engines each answer would be waited for with the caches that they had emptied.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from statistics import median
from typing import Any, Final

import asyncpg
import hiredis
import msgspec
import uvloop

from app import main
from app.core.clock import system_ms
from app.core.config import Settings
from app.http.access import AccessLog
from app.stores import open_stores
from perf.paths.asked import FOR_YOU
from perf.servers.load import CannotLoad
from perf.servers.stage import Stage

DB: Final = 2  # of Valkey, for these figures alone
READ_BYTES: Final = 2**18
TURNS: Final = 8  # of each side in what is a round elsewhere: one takes some fifty milliseconds
METHODS: Final = ("fetch", "fetchrow", "fetchval", "execute")

Reset = Callable[[Stage], None]
"""Puts the stores into the state a round begins with; never timed."""


class Sent(msgspec.Struct, frozen=True):
    """Bytes to Redis, and how many replies they complete."""

    data: bytes
    replies: int


class Asked(msgspec.Struct, frozen=True):
    """One statement, and the method of the connection that took it."""

    method: str
    sql: str
    args: tuple[Any, ...]


Step = Sent | Asked


class Timed(msgspec.Struct, frozen=True):
    """µs of this process's CPU a request: medians, and the median of the rounds' ratios."""

    own_us: float
    raw_us: float
    ratio: float
    redis_trips: float
    statements: float


def measure(stage: Stage, people: Sequence[str], reset: Reset, rounds: int, planted: bool) -> Timed:
    """For You of each of `people` once a round, and their recorded questions raw."""
    with stage.as_server():
        return uvloop.run(_measure(stage, people, reset, rounds, planted))


async def _measure(stage: Stage, people: Sequence[str], reset: Reset, rounds: int, planted: bool) -> Timed:
    steps = await _record(stage, people, reset)
    async with AsyncExitStack() as stack:
        own = _on(stage.settings, str(stage.settings.data.valkey_socket))
        ask = await stack.enter_async_context(_product(own))
        raw = await stack.enter_async_context(_raw(stage.settings))

        async def product() -> None:
            for token in people:
                await ask(token)

        async def replay() -> None:
            for step in steps:
                await raw(step)

        stack.enter_context(_memory_settled())
        times: dict[str, list[float]] = {"own": [], "raw": []}
        sides = [("own", product), ("raw", replay)]
        for number in range(-1, TURNS * rounds):  # the first one warms
            for name, work in sides if number % 2 else reversed(sides):
                spent_us = 0.0
                for _ in range(2 if planted and name == "own" else 1):  # anew: the same page once more would be a hit
                    reset(stage)
                    began_s = time.process_time()
                    await work()
                    spent_us += (time.process_time() - began_s) * 1e6 / len(people)
                if number >= 0:
                    times[name].append(spent_us)
    ratios = [own / raw for own, raw in zip(times["own"], times["raw"], strict=True)]
    sent = sum(isinstance(step, Sent) for step in steps)
    return Timed(
        median(times["own"]),
        median(times["raw"]),
        median(ratios),
        sent / len(people),
        (len(steps) - sent) / len(people),
    )


async def _record(stage: Stage, people: Sequence[str], reset: Reset) -> list[Step]:
    """All that one round asks, of an application that is as warm as the timed one will be."""
    steps: list[Step] = []
    socket = stage.folder / "recorded.sock"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_between(str(stage.settings.data.valkey_socket), str(socket), steps))
        ask = await stack.enter_async_context(_product(_on(stage.settings, str(socket))))
        with _statements(steps):
            for _ in range(2):
                reset(stage)
                steps.clear()
                for token in people:
                    await ask(token)
            recorded = list(steps)
    socket.unlink()
    return recorded


def _on(settings: Settings, socket: str) -> Settings:
    """With all of Redis behind one socket."""
    names = ("redis_url", "feed_cache_url", "video_cache_url", "trending_cache_url", "bus_url")
    return msgspec.structs.replace(settings, **dict.fromkeys(names, f"unix://{socket}?db={DB}"))


@contextmanager
def _memory_settled() -> Iterator[None]:
    """The collector comes by as seldom as in a process of the API."""
    before = gc.get_threshold()
    main.settle_memory()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@asynccontextmanager
async def _product(settings: Settings) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """The application; what it gives is asked with a token and raises CannotLoad unless it answers 200."""
    async with open_stores(settings) as stores:
        front, _ = main.doors(settings, stores, lambda: False, system_ms, AccessLog(lambda _lines: None))

        async def ask(token: str) -> None:
            status = 0

            async def send(message: Any) -> None:
                nonlocal status
                status = message.get("status", status)

            await front(_scope(token), _receive, send)
            if status != 200:
                raise CannotLoad(f"For You was answered {status}.")

        yield ask


@asynccontextmanager
async def _raw(settings: Settings) -> AsyncIterator[Callable[[Step], Awaitable[None]]]:
    """Asks one step by nothing but a driver."""
    conn = await asyncpg.connect(settings.database_url)
    reader, writer = await asyncio.open_unix_connection(str(settings.data.valkey_socket))
    parser = hiredis.Reader()
    methods = {name: getattr(conn, name) for name in METHODS}

    async def ask(step: Step) -> None:
        if isinstance(step, Asked):
            await methods[step.method](step.sql, *step.args)
            return
        writer.write(step.data)
        missing = step.replies
        while missing:
            if parser.gets() is not False:
                missing -= 1
                continue
            parser.feed(await reader.read(READ_BYTES))

    await ask(Sent(hiredis.pack_command(("SELECT", DB)), 1))  # type: ignore[arg-type]  # says a tuple of str
    yield ask
    writer.close()
    await conn.close()


@asynccontextmanager
async def _between(server: str, listen: str, steps: list[Step]) -> AsyncIterator[None]:
    """A socket that passes everything on and notes what goes towards the server."""
    relays: set[asyncio.Task[None]] = set()

    async def connected(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        replies, writer = await asyncio.open_unix_connection(server)
        task = asyncio.current_task()
        assert task is not None
        relays.add(task)
        parser = hiredis.Reader()
        back = asyncio.create_task(_pass_on(replies, answers))
        try:
            while data := await client.read(READ_BYTES):
                parser.feed(data)
                complete = 0
                while parser.gets() is not False:
                    complete += 1
                steps.append(Sent(data, complete))
                writer.write(data)
        finally:
            back.cancel()
            writer.close()
            answers.close()

    served = await asyncio.start_unix_server(connected, listen)
    try:
        yield
    finally:
        served.close()
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)


async def _pass_on(replies: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
    while data := await replies.read(READ_BYTES):
        answers.write(data)


@contextmanager
def _statements(steps: list[Step]) -> Iterator[None]:
    """Notes every statement that any connection of asyncpg takes."""
    kept = {name: getattr(asyncpg.Connection, name) for name in METHODS}

    def noting(name: str) -> Callable[..., Awaitable[Any]]:
        async def method(conn: asyncpg.Connection, sql: str, *args: Any, **options: Any) -> Any:
            steps.append(Asked(name, sql, args))
            return await kept[name](conn, sql, *args, **options)

        return method

    for name in METHODS:
        setattr(asyncpg.Connection, name, noting(name))
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(asyncpg.Connection, name, method)


def _scope(token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": FOR_YOU,
        "raw_path": FOR_YOU.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"kinora.test"), (b"authorization", b"Bearer " + token.encode())],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
