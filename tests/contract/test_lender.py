"""The pool's connections at hand: used again, given up when they ended badly, and never kept from who waits."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.adapters.postgres import lender
from app.adapters.postgres.lender import Lender
from app.adapters.postgres.pool import connection, open_pool
from app.core.errors import Unavailable
from tests.waiting import until

PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[Lender]:
    """A pool of four, of which two may be at hand."""
    pool = await open_pool(database_url, size=4)
    yield pool
    await pool.close()


async def asked(pool: Lender) -> int:
    async with connection(pool) as conn:
        pid: int = await conn.fetchval(PID)
    return pid


async def test_a_connection_at_hand_is_used_again_and_each_by_one_at_a_time(small: Lender) -> None:
    first = await asked(small)
    assert [await asked(small) for _ in range(3)] == [first] * 3

    async with connection(small) as one, connection(small) as other:
        assert await one.fetchval(PID) != await other.fetchval(PID)
    assert small.get_idle_size() == small.get_size() - 2  # both are still lent, as far as asyncpg knows


async def test_whoever_waits_gets_what_comes_back(small: Lender) -> None:
    rounds = await asyncio.gather(*(asked(small) for _ in range(100)))
    assert len(set(rounds)) <= 4
    # Two at hand, and asyncpg's own way is open meanwhile.
    assert await asyncio.gather(*(small.fetchval("SELECT 1") for _ in range(20))) == [1] * 20


async def test_what_ended_in_an_error_or_was_given_up_is_not_at_hand(small: Lender) -> None:
    first = await asked(small)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with connection(small) as conn:
            await conn.fetchval("SELECT 1 / 0")
    assert small.at_hand() is None
    assert await asked(small) == first  # it went back to asyncpg, sound

    async def dawdle() -> None:
        async with connection(small) as conn:
            await conn.execute("SELECT pg_sleep(30)")

    dawdling = asyncio.create_task(dawdle())
    await until(lambda: small.fetchval("SELECT true FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'"))
    dawdling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dawdling
    assert small.at_hand() is None
    assert await asked(small)


async def test_a_connection_that_died_at_hand_costs_nobody_an_answer(small: Lender) -> None:
    async with connection(small) as conn, connection(small):
        dead = await conn.fetchval(PID)
    held = list(small._at_hand)
    assert await small.fetchval("SELECT pg_terminate_backend($1)", dead)

    await until(lambda: not all(map(lender._is_open, held)))

    assert dead not in await asyncio.gather(*(asked(small) for _ in range(4)))


async def test_what_is_at_hand_goes_back_after_a_while_and_with_the_pool(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lender, "AT_HAND_S", 0.05)
    pool = await open_pool(database_url, size=4)
    await asked(pool)
    assert pool.get_idle_size() < pool.get_size()
    await until(lambda: pool.get_idle_size() == pool.get_size())
    await asked(pool)
    async with asyncio.timeout(5):
        await pool.close()
    with pytest.raises(Unavailable):
        await asked(pool)
