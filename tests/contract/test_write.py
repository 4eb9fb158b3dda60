"""The one way to write, and what the server's failures become."""

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest

from app.adapters.postgres import pool as pools
from app.adapters.postgres.pool import connection, open_pool, to_ms, to_time
from app.adapters.postgres.write import ATTEMPTS, Store, find_receipt, retried, write
from app.core import ids
from app.core.errors import Conflict, Unavailable
from app.core.events import Receipt, event
from tests.contract.evidence import PostgresEvidence
from tests.contract.people import NOW

STORES: list[Store] = ["social", "video", "activity"]

PUT = "INSERT INTO video.music (music_id, title, artist, duration_sec) VALUES ($1, 'Song', 'Ada', 1)"
RENAME = "UPDATE video.music SET title = $2 WHERE music_id = $1"
TITLE = "SELECT title FROM video.music WHERE music_id = $1"


@pytest.fixture
def video(pool: asyncpg.Pool, migrator_database_url: str) -> PostgresEvidence:
    """What the video store holds; a piece of music serves as a record that has no rules of its own."""
    return PostgresEvidence(pool, migrator_database_url, "video")


@pytest.mark.parametrize("store", STORES)
async def test_each_store_keeps_marks_receipts_and_events_of_its_own(
    pool: asyncpg.Pool, migrator_database_url: str, store: Store
) -> None:
    key = ids.new("vid")
    told = event("video.changed", key, NOW, words=["a", None, {"b": 1.5}, "🙂"])
    receipt = Receipt(key, "key", b"\x00\xff", 201, b"{}")

    async with write(pool, store, events=[told], cause=key, receipt=receipt) as current:
        assert not current.applied
    async with write(pool, store, events=[told], cause=key) as repeat:
        assert repeat.applied

    for each in STORES:
        evidence = PostgresEvidence(pool, migrator_database_url, each)
        assert await evidence.events(key) == ([told] if each == store else [])
        assert await evidence.marked(key) == (each == store)
        assert await find_receipt(pool, each, key, "key") == (receipt if each == store else None)


async def test_a_write_that_changed_nothing_keeps_its_mark_and_tells_nobody(
    pool: asyncpg.Pool, social: PostgresEvidence
) -> None:
    key = ids.new("vid")

    async with write(pool, "social", events=[event("video.changed", key, NOW)], cause=key) as current:
        current.changed = False

    assert await social.events(key) == []
    assert await social.marked(key)


async def test_events_may_be_added_and_replaced_and_keep_their_order(
    pool: asyncpg.Pool, social: PostgresEvidence
) -> None:
    key = ids.new("vid")
    events = [event("video.changed", key, NOW, n=n) for n in range(20)]

    async with write(pool, "social", events=events[:10]) as current:
        current.events += events[10:]
    async with write(pool, "social", events=events) as current:
        current.events = []

    assert await social.events(key) == events


async def test_a_refusal_undoes_everything(pool: asyncpg.Pool, video: PostgresEvidence) -> None:
    key = ids.new("mus")
    told, receipt = event("video.changed", key, NOW), Receipt(key, "key", b"", 201, b"{}")

    async def refuse() -> None:
        async with write(pool, "video", events=[told], cause=key, receipt=receipt) as current:
            await current.conn.execute(PUT, key)
            raise Conflict("Not like this.")

    with pytest.raises(Conflict, match="Not like this"):
        await refuse()

    async with connection(pool) as conn:
        assert await conn.fetchval(TITLE, key) is None
    assert not await video.marked(key)
    assert await video.events(key) == []
    assert await find_receipt(pool, "video", key, "key") is None


@pytest.mark.parametrize(
    ("table", "column"), [("applied", "cause"), ("receipts", "scope"), ("music", "music_id"), ("outbox", "key")]
)
async def test_a_write_killed_at_any_table_leaves_nothing_and_its_retry_applies_all_once(
    pool: asyncpg.Pool, video: PostgresEvidence, table: str, column: str
) -> None:
    key = ids.new("mus")
    told, receipt = event("video.changed", key, NOW), Receipt(key, "key", b"", 201, b"{}")

    async def put() -> bool:
        async with write(pool, "video", events=[told], cause=key, receipt=receipt) as current:
            if not current.applied:
                await current.conn.execute(PUT, key)
            return not current.applied

    async with video.dies_at(table, **{column: key}):
        with pytest.raises(Unavailable):
            await put()

    async with connection(pool) as conn:
        assert await conn.fetchval(TITLE, key) is None
    assert not await video.marked(key)
    assert await video.events(key) == []
    assert await find_receipt(pool, "video", key, "key") is None

    assert [await put(), await put()] == [True, False]
    assert await video.marked(key)
    assert await video.events(key) == [told]
    assert await find_receipt(pool, "video", key, "key") == receipt


async def test_events_are_ordered_as_the_records_lock_was_taken(pool: asyncpg.Pool, video: PostgresEvidence) -> None:
    key = ids.new("mus")
    first, second = event("video.changed", key, NOW), event("video.changed", key, NOW)
    async with connection(pool) as conn:
        await conn.execute(PUT, key)

    async with write(pool, "video", events=[second]) as late:  # begins first, takes the lock second
        async with write(pool, "video", events=[first]) as early:
            await early.conn.execute(RENAME, key, "first")
        await late.conn.execute(RENAME, key, "second")

    assert await video.events(key) == [first, second]


async def test_a_deadlock_is_undone_and_tried_again(pool: asyncpg.Pool) -> None:
    one, two = ids.new("mus"), ids.new("mus")
    async with connection(pool) as conn:
        await conn.execute(PUT, one)
        await conn.execute(PUT, two)
    both_hold_one = asyncio.Barrier(2)
    tries = []

    @retried
    async def rename(mine: str, theirs: str) -> None:
        tries.append(mine)
        async with write(pool, "video") as current:
            await current.conn.execute(RENAME, mine, mine)
            if tries.count(mine) == 1:
                await both_hold_one.wait()
            await current.conn.execute(RENAME, theirs, mine)

    await asyncio.gather(rename(one, two), rename(two, one))

    assert len(tries) == 3


@pytest.mark.parametrize(("state", "expected"), [("40P01", ATTEMPTS), ("40001", ATTEMPTS), ("57P01", 1)])
async def test_retries_are_bounded_and_only_for_what_was_undone(pool: asyncpg.Pool, state: str, expected: int) -> None:
    tries = []

    @retried
    async def fail() -> None:
        tries.append(state)
        async with write(pool, "video") as current:
            await current.conn.execute(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    with pytest.raises(Unavailable):
        await fail()

    assert len(tries) == expected


@pytest.mark.parametrize(
    "state", ["08006", "25006", "40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "57P02", "57P03"]
)
async def test_the_servers_trouble_is_unavailable(pool: asyncpg.Pool, state: str) -> None:
    with pytest.raises(Unavailable) as refusal:
        async with connection(pool) as conn:
            await conn.execute(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    assert isinstance(refusal.value.__cause__, asyncpg.PostgresError)
    assert refusal.value.retry_after_s > 0


@pytest.mark.parametrize("state", ["22012", "23505", "42501", "42P01"])
async def test_a_mistake_of_ours_stays_one(pool: asyncpg.Pool, state: str) -> None:
    with pytest.raises(asyncpg.PostgresError):
        async with connection(pool) as conn:
            await conn.execute(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")


async def test_a_statement_that_takes_too_long_is_unavailable(pool: asyncpg.Pool) -> None:
    with pytest.raises(Unavailable):  # ended by the server
        async with connection(pool) as conn:
            await conn.execute("BEGIN; SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(10)")

    with pytest.raises(Unavailable):  # ended by the client
        async with connection(pool) as conn:
            await conn.execute("SELECT pg_sleep(10)", timeout=0.05)

    async with connection(pool) as conn:
        assert await conn.fetchval("SHOW statement_timeout") == "5s"
        assert await conn.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"


async def test_a_connection_that_is_ended_meanwhile_is_unavailable_and_replaced(database_url: str) -> None:
    pool = await open_pool(database_url, size=1)
    try:
        async with connection(pool) as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")

        with pytest.raises(Unavailable):
            async with write(pool, "social") as current:
                await current.conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        async with connection(pool) as conn:
            assert await conn.fetchval("SELECT pg_backend_pid()") != pid
    finally:
        await pool.close()


async def test_a_pool_with_no_connection_left_is_unavailable_in_bounded_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "ACQUIRE_TIMEOUT_S", 0.05)
    pool = await open_pool(database_url, size=2)
    try:
        async with AsyncExitStack() as borrowed:
            for _ in range(2):
                await borrowed.enter_async_context(connection(pool))
            with pytest.raises(Unavailable):
                await borrowed.enter_async_context(connection(pool))
        async with connection(pool) as conn:
            assert await conn.fetchval("SELECT 1") == 1
    finally:
        await pool.close()
    with pytest.raises(Unavailable):
        async with connection(pool):
            pass


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await open_pool("postgresql://kinora_app@/kinora?host=/nowhere", size=1)


@pytest.mark.parametrize("ms", [0, 1, 999, 1_790_000_000_001, 1_790_000_000_999, 253_370_764_799_999])
async def test_times_come_back_to_the_millisecond(pool: asyncpg.Pool, ms: int) -> None:
    async with connection(pool) as conn:
        stored, number = await conn.fetchrow(
            "SELECT $1::timestamptz, (extract(epoch FROM $1::timestamptz) * 1000)::bigint", to_time(ms)
        )

    assert to_ms(stored) == number == ms
