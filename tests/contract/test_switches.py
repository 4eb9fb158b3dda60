"""Of two wishes the newer one stands, also where the older comes between the statements of the newer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from app.adapters.postgres.graph import FOLLOWS
from app.adapters.postgres.pool import connection
from app.core import ids

NOW_MS = 1_790_000_000_000


class Stepping:
    """A connection after each of whose statements something may happen."""

    def __init__(self, conn: asyncpg.Connection, then: Callable[[int], Awaitable[None]]) -> None:
        self._conn = conn
        self._then = then
        self.statements = 0

    async def fetchval(self, *asked: Any) -> Any:
        found = await self._conn.fetchval(*asked)
        await self._step()
        return found

    async def execute(self, *asked: Any) -> Any:
        done = await self._conn.execute(*asked)
        await self._step()
        return done

    async def _step(self) -> None:
        self.statements += 1
        await self._then(self.statements)


@pytest.mark.parametrize("place", [1, 2, 3, 4])
async def test_an_older_on_between_the_statements_of_a_newer_off_does_not_stand(pool: asyncpg.Pool, place: int) -> None:
    ada, bob = ids.new("usr"), ids.new("usr")
    older: list[asyncio.Task[bool]] = []
    async with connection(pool) as first, first.transaction():
        await FOLLOWS.flip(first, ada, bob, on=True, op_seq=0, now_ms=NOW_MS)
        await FOLLOWS.flip(first, ada, bob, on=False, op_seq=1, now_ms=NOW_MS)

    async with connection(pool) as conn, connection(pool) as other:
        other_pid = await other.fetchval("SELECT pg_backend_pid()")

        async def comes(statement: int) -> None:
            """The older wish, as far as it gets: to its end, or to where it waits for the newer one."""
            if statement != place:
                return
            older.append(asyncio.create_task(wish(other)))
            async with connection(pool) as watcher, asyncio.timeout(4):
                while not (older[0].done() or await waits(watcher, other_pid)):
                    continue  # each turn waits for the server's answer

        async def wish(conn: asyncpg.Connection) -> bool:
            async with conn.transaction():
                return await FOLLOWS.flip(conn, ada, bob, on=True, op_seq=2, now_ms=NOW_MS)

        stepping: Any = Stepping(conn, comes)
        async with conn.transaction():
            await FOLLOWS.flip(stepping, ada, bob, on=False, op_seq=3, now_ms=NOW_MS)
        assert older  # it came
        await older[0]
        query = "SELECT active, op_seq FROM social.follows WHERE user_id = $1 AND other_id = $2"
        row = await conn.fetchrow(query, ada, bob)
    assert (row["active"], row["op_seq"]) == (False, 3)


async def waits(watcher: asyncpg.Connection, pid: int) -> bool:
    """Whether the connection of this process waits for another's lock."""
    return bool(await watcher.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid))
