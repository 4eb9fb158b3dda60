"""Counts are locked in one order, whatever order they are given in; else two writes could wait in a ring."""

import asyncio

import asyncpg

from app.adapters.postgres.counts import Bump, bump, total
from app.adapters.postgres.pool import connection
from app.core import ids


async def test_counts_given_in_opposite_order_do_not_wait_in_a_ring(pool: asyncpg.Pool) -> None:
    one, two = sorted([ids.new("vid"), ids.new("vid")])
    bumps = [Bump(subject, "likes", "writer", 1) for subject in (one, two)]
    async with connection(pool) as conn:
        await bump(conn, bumps)

    async def write(order: list[Bump], pids: asyncio.Queue[int]) -> None:
        async with connection(pool) as conn, conn.transaction():
            pids.put_nowait(await conn.fetchval("SELECT pg_backend_pid()"))
            await bump(conn, order)

    pids: asyncio.Queue[int] = asyncio.Queue()
    async with asyncio.TaskGroup() as writers, connection(pool) as holder, holder.transaction():
        await bump(holder, bumps[1:])
        for order in (bumps[::-1], bumps):  # begin one after the other; both wait in the end, directly or behind
            writers.create_task(write(order, pids))
            await until_waiting(holder, await pids.get())

    async with connection(pool) as conn:
        assert await total(conn, one, "likes") == 3
        assert await total(conn, two, "likes") == 4


async def until_waiting(conn: asyncpg.Connection, pid: int) -> None:
    async with asyncio.timeout(4):
        while not await conn.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):
            continue  # each turn waits for the server's answer
