"""A store's outbox and its relay's lease. See `app.ports.outbox`.

Each test has an outbox of its own: a schema with the tables of a store, because a store has one relay only.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.adapters.postgres.outbox import PostgresOutbox
from app.adapters.postgres.pool import to_time
from app.core.clock import DAY_MS, HOUR_MS, system_ms
from app.core.errors import Unavailable
from app.core.events import Event, event
from app.ports.bus import Outgoing
from app.ports.outbox import Outbox
from tests.contract.kill import killed_at

LEASE_MS = 60_000


@pytest.fixture
async def store(migrator_database_url: str) -> AsyncIterator[str]:
    """The name of a store made for this test."""
    name = f"store_{secrets.token_hex(6)}"
    owner = await asyncpg.connect(migrator_database_url, timeout=5, command_timeout=10)
    try:
        await owner.execute(f"CREATE SCHEMA {name}; GRANT USAGE ON SCHEMA {name} TO kinora_app")
        for table in ("outbox", "relay", "applied", "receipts"):
            await owner.execute(f"""
                CREATE TABLE {name}.{table} (LIKE video.{table} INCLUDING ALL);
                GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.{table} TO kinora_app""")
        await owner.execute(f"INSERT INTO {name}.relay DEFAULT VALUES")
        yield name
        await owner.execute(f"DROP SCHEMA {name} CASCADE")
    finally:
        await owner.close()


@pytest.fixture
def outbox(pool: asyncpg.Pool, store: str) -> Outbox:
    return PostgresOutbox(pool, store)


def an_event(key: str = "vid_1", at: int | None = None, **data: object) -> Event:
    return event("video.changed", key, system_ms() if at is None else at, **data)


async def put(conn: asyncpg.Pool | asyncpg.Connection, store: str, of: Event) -> None:
    await conn.execute(
        f"INSERT INTO {store}.outbox (event_id, type, key, occurred_at, data) VALUES ($1, $2, $3, $4, $5)",
        of.event_id,
        of.type,
        of.key,
        of.occurred_at,
        of.data,
    )


async def test_entries_come_numbered_until_they_are_published(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    events = [an_event(text="\U0001f353", nested={"a": [1, None]}), an_event(), an_event("vid_2")]
    for of in events:
        await put(pool, store, of)
    assert await outbox.lead("a", LEASE_MS)
    expected = [Outgoing(store, number, of) for number, of in enumerate(events, start=1)]
    assert await outbox.next("a", 10) == expected
    assert await outbox.next("a", 2) == expected[:2]
    await outbox.published("a", 2)
    assert await outbox.next("a", 10) == expected[2:]
    await outbox.published("a", 3)
    assert await outbox.next("a", 10) == []
    late = an_event()
    await put(pool, store, late)
    assert await outbox.next("a", 10) == [Outgoing(store, 4, late)]


async def test_one_relay_leads_at_a_time(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    for _ in range(2):
        await put(pool, store, an_event())
    results = await asyncio.gather(*(outbox.lead(f"owner {n}", LEASE_MS) for n in range(6)))
    assert results.count(True) == 1
    leader = f"owner {results.index(True)}"
    assert await outbox.lead(leader, LEASE_MS)
    assert await outbox.next("somebody else", 10) == []
    assert len(await outbox.next(leader, 10)) == 2
    await outbox.published("somebody else", 2)
    assert await outbox.backlog() == 2
    await outbox.published(leader, 2)
    await outbox.rewind("somebody else", 0)
    assert await outbox.backlog() == 0


async def test_a_lease_that_ran_out_is_taken_over(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    await put(pool, store, an_event())
    assert await outbox.lead("a", 0)  # out at once
    assert await outbox.next("a", 10) == []
    assert await outbox.lead("b", LEASE_MS)
    assert not await outbox.lead("a", LEASE_MS)
    (entry,) = await outbox.next("b", 10)
    await outbox.published("b", entry.number)
    await outbox.rewind("a", 0)
    assert await outbox.backlog() == 0


async def test_numbers_follow_commits_and_have_no_gaps(outbox: Outbox, database_url: str, store: str) -> None:
    one, other = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        for conn in (one, other):
            await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=lambda data: "{}", decoder=str)
        assert await outbox.lead("a", LEASE_MS)
        early, late, undone, last = an_event(), an_event(), an_event(), an_event()
        slow = one.transaction()
        await slow.start()
        await put(one, store, early)  # has the smaller seq, commits later
        await put(other, store, late)
        assert await outbox.next("a", 10) == [Outgoing(store, 1, late)]
        await outbox.published("a", 1)
        await slow.commit()
        assert await outbox.next("a", 10) == [Outgoing(store, 2, early)]
        failing = one.transaction()
        await failing.start()
        await put(one, store, undone)
        await failing.rollback()
        await put(other, store, last)
        assert await outbox.next("a", 10) == [Outgoing(store, 2, early), Outgoing(store, 3, last)]
    finally:
        await one.close()
        await other.close()


async def test_each_key_keeps_its_order_while_many_write_at_once(
    outbox: Outbox, pool: asyncpg.Pool, store: str, migrator_database_url: str
) -> None:
    keys, writes = ["vid_1", "vid_2", "vid_3"], 120
    owner = await asyncpg.connect(migrator_database_url, timeout=5, command_timeout=10)
    await owner.execute(f"""
        CREATE TABLE {store}.records (key text PRIMARY KEY, version integer NOT NULL DEFAULT 0);
        GRANT SELECT, UPDATE ON {store}.records TO kinora_app""")
    await owner.executemany(f"INSERT INTO {store}.records (key) VALUES ($1)", [(key,) for key in keys])
    await owner.close()

    async def write_one(n: int) -> None:
        key = keys[n % len(keys)]
        async with pool.acquire() as conn, conn.transaction():
            version = await conn.fetchval(
                f"UPDATE {store}.records SET version = version + 1 WHERE key = $1 RETURNING version", key
            )
            await put(conn, store, an_event(key, version=version))

    async def relay_all() -> list[Outgoing]:
        sent: list[Outgoing] = []
        while len(sent) < writes:
            entries = await outbox.next("a", 7)
            sent += entries
            if entries:
                await outbox.published("a", entries[-1].number)
        return sent

    assert await outbox.lead("a", LEASE_MS)
    async with asyncio.timeout(30):
        relaying = asyncio.create_task(relay_all())
        await asyncio.gather(*(write_one(n) for n in range(writes)))
        sent = await relaying
    assert [entry.number for entry in sent] == list(range(1, writes + 1))
    for key in keys:
        versions = [entry.event.data["version"] for entry in sent if entry.event.key == key]
        assert versions == list(range(1, writes // len(keys) + 1))


async def test_a_rewind_gives_the_same_entries_the_same_numbers(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    for _ in range(5):
        await put(pool, store, an_event())
    assert await outbox.lead("a", LEASE_MS)
    entries = await outbox.next("a", 10)
    await outbox.published("a", 5)
    await outbox.rewind("a", 2)
    assert await outbox.next("a", 10) == entries[2:]
    await outbox.rewind("a", 4)  # goes back only
    await put(pool, store, an_event())
    assert [entry.number for entry in await outbox.next("a", 10)] == [3, 4, 5, 6]
    await outbox.published("a", 4)
    await outbox.published("a", 3)  # goes forward only
    assert [entry.number for entry in await outbox.next("a", 10)] == [5, 6]
    await outbox.rewind("a", -1)
    assert (await outbox.next("a", 10))[:5] == entries


async def test_published_never_passes_what_was_numbered(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    assert await outbox.lead("a", LEASE_MS)
    await outbox.published("a", 100)
    of = an_event()
    await put(pool, store, of)
    assert await outbox.next("a", 10) == [Outgoing(store, 1, of)]


async def test_backlog_counts_what_is_not_published(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    backlogs = [await outbox.backlog()]
    for _ in range(4):
        await put(pool, store, an_event())
    backlogs.append(await outbox.backlog())
    assert await outbox.lead("a", LEASE_MS)
    await outbox.next("a", 3)
    backlogs.append(await outbox.backlog())
    await outbox.published("a", 1)
    backlogs.append(await outbox.backlog())
    await outbox.rewind("a", 0)
    backlogs.append(await outbox.backlog())
    assert backlogs == [0, 4, 4, 3, 4]


async def test_pruning_takes_old_published_entries_only(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    now = system_ms()
    old = [an_event(at=now - 8 * DAY_MS) for _ in range(4)]
    young, old_unpublished = an_event(at=now), an_event(at=now - 8 * DAY_MS)
    for of in [*old, young, old_unpublished]:
        await put(pool, store, of)
    assert await outbox.lead("a", LEASE_MS)
    await outbox.next("a", 10)
    await outbox.published("a", 5)
    assert await outbox.prune(now - 7 * DAY_MS, 3) == 3
    assert await outbox.prune(now - 7 * DAY_MS, 3) == 1
    assert await outbox.prune(now - 7 * DAY_MS, 3) == 0
    await outbox.rewind("a", 0)
    assert await outbox.next("a", 10) == [Outgoing(store, 5, young), Outgoing(store, 6, old_unpublished)]
    assert await outbox.backlog() == 2


async def test_pruning_takes_old_marks_and_receipts(outbox: Outbox, pool: asyncpg.Pool, store: str) -> None:
    now = system_ms()
    for name, age_ms in {"week": 8 * DAY_MS, "day": 25 * HOUR_MS, "hours": 23 * HOUR_MS}.items():
        at = to_time(now - age_ms)
        await pool.execute(f"INSERT INTO {store}.applied (cause, applied_at) VALUES ($1, $2)", name, at)
        await pool.execute(
            f"INSERT INTO {store}.receipts (scope, key, fingerprint, status, body, created_at)"
            " VALUES ('usr', $1, '', 201, '', $2)",
            name,
            at,
        )

    async def kept() -> tuple[set[str], set[str]]:
        marks = await pool.fetch(f"SELECT cause FROM {store}.applied")
        receipts = await pool.fetch(f"SELECT key FROM {store}.receipts")
        return {row[0] for row in marks}, {row[0] for row in receipts}

    assert await outbox.prune(now - 7 * DAY_MS, 100) == 2
    assert await kept() == ({"day", "hours"}, {"day", "hours"})
    # However little is to be kept, a receipt stays 24 hours.
    assert await outbox.prune(now, 100) == 3
    assert await kept() == (set(), {"hours"})


@pytest.mark.parametrize("table", ["outbox", "relay"])
async def test_a_relay_killed_while_numbering_leaves_no_gap(
    outbox: Outbox, pool: asyncpg.Pool, store: str, migrator_database_url: str, table: str
) -> None:
    events = [an_event(), an_event()]
    for of in events:
        await put(pool, store, of)
    assert await outbox.lead("a", LEASE_MS)
    row = {"outbox": {"event_id": events[1].event_id}, "relay": {"owner": "a"}}[table]
    async with killed_at(migrator_database_url, f"{store}.{table}", **row):
        with pytest.raises(Unavailable):
            await outbox.next("a", 10)
    assert await outbox.next("a", 10) == [Outgoing(store, 1, events[0]), Outgoing(store, 2, events[1])]
