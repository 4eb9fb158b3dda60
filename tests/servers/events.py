"""Everything events pass through, of a test's own: outboxes, positions and dead letters in PostgreSQL, a bus on Valkey.

Outboxes and the bus exist once per store, so that tests of their loops can't share them with others.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

import asyncpg

from app.adapters.postgres.deadletters import PostgresDeadLetters
from app.adapters.postgres.outbox import PostgresOutbox
from app.adapters.postgres.pool import open_pool
from app.adapters.postgres.positions import PostgresPositions
from app.adapters.postgres.write import Store, write
from app.adapters.redis.bus import TIMEOUT_S, RedisBus
from app.adapters.redis.client import RedisClient
from app.core.errors import Unavailable
from app.core.events import TOPICS, Event, cause
from app.ports.bus import PARTITIONS, Delivered
from tests.servers.engines import running_engines, short_folder
from tests.servers.valkey import Valkey, running_valkey

CONNECTIONS = 128  # each partition that is read holds one while it waits
PATIENCE_S = 30.0

T = TypeVar("T")


class Loop(Protocol):
    async def run(self, stop: asyncio.Event) -> None: ...


class EventWorld:
    """The engines, the ports on them, and what tests ask of both."""

    def __init__(
        self, pool: asyncpg.Pool, owner: asyncpg.Connection, valkey: Valkey, client: RedisClient, database_url: str
    ) -> None:
        self.pool = pool
        self.database_url = database_url
        self.valkey = valkey
        self.bus = RedisBus(client)
        self.client = client
        self.outboxes = {store: PostgresOutbox(pool, store) for store in ("social", "video", "activity")}
        self.positions = PostgresPositions(pool)
        self.deadletters = PostgresDeadLetters(pool)
        self._owner = owner
        self._tables: list[str] = []

    async def clear(self) -> None:
        """As on the first day."""
        self.valkey.flush()
        for store in self.outboxes:
            await self._owner.execute(f"TRUNCATE {store}.outbox, {store}.applied")
            await self._owner.execute(f"UPDATE {store}.relay SET owner = '', last_number = 0, published = 0")
            await self._owner.execute(f"UPDATE {store}.relay SET lease_until = '-infinity'")
        await self._owner.execute(f"TRUNCATE work.positions, work.dead_letters, {', '.join(self._tables)}")

    async def define(self, table: str, columns: str) -> None:
        """Makes a table that the application may read and write."""
        self._tables.append(table)
        await self._owner.execute(f"CREATE TABLE {table} ({columns})")
        await self._owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC")
        await self._owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC")

    async def emit(self, store: Store, *events: Event) -> None:
        """Commits a write that caused these."""
        async with write(self.pool, store, events=events):
            pass

    async def put_past_the_types(self, store: Store, event: Event) -> None:
        """Stores an event that this version of the program doesn't know."""
        await self.pool.execute(
            f"INSERT INTO {store}.outbox (event_id, type, key, occurred_at, data) VALUES ($1, $2, $3, $4, $5)",
            *(event.event_id, event.type, event.key, event.occurred_at, event.data),
        )

    async def affect(self, group: str, event: Event) -> None:
        """The effect of an event: one row that counts how often it was had, marked and written as one."""
        async with write(self.pool, "social", cause=cause(event, group)) as current:
            if not current.applied:
                await current.conn.execute(
                    "INSERT INTO effects AS e VALUES ($1, $2, 1) ON CONFLICT (grp, event_id) DO UPDATE SET n = e.n + 1",
                    *(group, event.event_id),
                )

    async def effects(self, group: str) -> dict[str, int]:
        """How often each event had its effect in a group."""
        rows = await self.pool.fetch("SELECT event_id, n FROM effects WHERE grp = $1", group)
        return dict(rows)

    async def on_the_bus(self, topic: str) -> list[Delivered]:
        """All that a topic holds now, partition by partition; nothing while there is no epoch."""
        epoch = await self.bus.epoch()
        offsets = dict.fromkeys(range(PARTITIONS), "")
        read = epoch and await self.bus.read(epoch, topic, offsets, limit=100_000, wait_ms=1)
        return [delivered for partition in sorted(read or {}) for delivered in (read or {})[partition]]

    async def depth(self) -> int:
        """Entries on the bus."""
        epoch = await self.bus.epoch()
        return sum([await self.bus.depth(epoch, topic) for topic in TOPICS]) if epoch else 0


@asynccontextmanager
async def event_world() -> AsyncIterator[EventWorld]:
    """Running engines of its own."""
    async with AsyncExitStack() as stack:
        settings = stack.enter_context(running_engines(stack.enter_context(short_folder())))
        valkey = stack.enter_context(running_valkey())
        owner = await asyncpg.connect(settings.migrator_database_url)
        stack.push_async_callback(owner.close)
        pool = await open_pool(settings.database_url, size=16, application_name="events")
        stack.push_async_callback(pool.close)
        client = RedisClient(valkey.url, connections=CONNECTIONS, timeout_s=TIMEOUT_S)
        stack.push_async_callback(client.aclose)
        world = EventWorld(pool, owner, valkey, client, settings.database_url)
        await world.define("effects", "grp text, event_id text, n int, PRIMARY KEY (grp, event_id)")
        yield world


@asynccontextmanager
async def running(*loops: Loop) -> AsyncIterator[None]:
    """The loops at work; asked to stop at the end, and waited for."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(loop.run(stop)) for loop in loops]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def becomes(ask: Callable[[], Awaitable[T] | T], expected: T, patience_s: float = PATIENCE_S) -> None:
    """Returns as soon as `ask` gives what is expected. A store that is down means: not yet."""
    last: object = None
    deadline_s = time.monotonic() + patience_s
    while last != expected:
        assert time.monotonic() < deadline_s, f"still {last!r}, not {expected!r}"
        await asyncio.sleep(0.01)  # between two looks
        try:
            answer = ask()
            last = await answer if inspect.isawaitable(answer) else answer
        except Unavailable as error:
            last = error
