"""A store's outbox and the state of its relay, in the store's own schema (`migrations/postgres/0004_events.sql`).

Writers insert entries without a number, inside their own transactions; `seq` shows gaps and arrives out of order while
those overlap. The relay numbers what has committed, so that `number` is dense and never changes: whatever was published
up to a number stays so, and a lost bus is filled again by moving one mark back. Two writes to one record commit in the
order of their `seq` (`write` inserts after the record's row lock was taken), which numbering by `seq` therefore keeps.
"""

from typing import Any

import asyncpg

from app.adapters.postgres.pool import connection, to_time
from app.adapters.postgres.write import retried
from app.core.events import Event
from app.ports.bus import Outgoing

_LEAD = """
    UPDATE STORE.relay SET owner = $1, lease_until = now() + $2 * interval '1 millisecond'
    WHERE owner = $1 OR lease_until < now() RETURNING true"""
# By the relay's two marks and an index that is empty at rest; to ask for a number above the mark may read every entry.
_WAITING = """
    SELECT last_number > published OR EXISTS (SELECT FROM STORE.outbox WHERE number IS NULL) FROM STORE.relay"""
_UNDER_LEASE = "SELECT last_number FROM STORE.relay WHERE owner = $1 AND lease_until >= now() FOR UPDATE"
_NUMBER = """
    WITH committed AS (
        SELECT seq, row_number() OVER (ORDER BY seq) AS place
        FROM (SELECT seq FROM STORE.outbox WHERE number IS NULL ORDER BY seq LIMIT $2) oldest
    ), numbered AS (
        UPDATE STORE.outbox o SET number = $1 + place FROM committed WHERE o.seq = committed.seq RETURNING true
    )
    UPDATE STORE.relay SET last_number = $1 + (SELECT count(*) FROM numbered) WHERE EXISTS (SELECT FROM numbered)"""
_NEXT = """
    SELECT number, event_id, type, key, occurred_at, data FROM STORE.outbox
    WHERE number > (SELECT published FROM STORE.relay) ORDER BY number LIMIT $1"""
_PUBLISHED = """
    UPDATE STORE.relay SET published = least($2, last_number) WHERE owner = $1 AND published < $2"""
_REWIND = "UPDATE STORE.relay SET published = greatest($2, 0) WHERE owner = $1 AND published > $2"
# Looks at the oldest `limit` entries only, not through all that are kept: an entry that is older than those before it
# waits for them.
_PRUNE_ENTRIES = """
    WITH oldest AS (
        SELECT number, occurred_at FROM STORE.outbox
        WHERE number <= (SELECT published FROM STORE.relay) ORDER BY number LIMIT $2
    ), gone AS (
        DELETE FROM STORE.outbox WHERE number IN (SELECT number FROM oldest WHERE occurred_at < $1) RETURNING true
    )
    SELECT count(*) FROM gone"""
_PRUNE_MARKS = """
    WITH gone AS (
        DELETE FROM STORE.applied WHERE cause IN (
            SELECT cause FROM STORE.applied WHERE applied_at < $1 ORDER BY applied_at LIMIT $2)
        RETURNING true
    )
    SELECT count(*) FROM gone"""
_PRUNE_RECEIPTS = """
    WITH gone AS (
        DELETE FROM STORE.receipts WHERE (scope, key) IN (
            SELECT scope, key FROM STORE.receipts WHERE created_at < least($1, now() - interval '24 hours')
            ORDER BY created_at LIMIT $2)
        RETURNING true
    )
    SELECT count(*) FROM gone"""
_BACKLOG = """
    SELECT (SELECT count(*) FROM STORE.outbox WHERE number IS NULL)
         + (SELECT count(*) FROM STORE.outbox WHERE number > (SELECT published FROM STORE.relay))"""


class PostgresOutbox:
    """`app.ports.outbox.Outbox`; see there. Whoever does not hold the lease changes and gets nothing."""

    def __init__(self, pool: asyncpg.Pool, store: str) -> None:
        """`store` is a schema: `social`, `video` or `activity`."""
        self.origin = store
        self._pool = pool

    async def lead(self, owner: str, lease_ms: int) -> bool:
        # now() is no later than the answer, so a leader that counts from its call gives up before the store does.
        return bool(await self._value(_LEAD, owner, lease_ms))

    @retried
    async def next(self, owner: str, limit: int) -> list[Outgoing]:
        if not await self._value(_WAITING):  # so that an idle relay neither locks nor writes
            return []
        async with connection(self._pool) as conn, conn.transaction():
            last_number = await conn.fetchval(self._sql(_UNDER_LEASE), owner)
            if last_number is None:
                return []
            await conn.execute(self._sql(_NUMBER), last_number, limit)
            rows = await conn.fetch(self._sql(_NEXT), limit)
        return [Outgoing(self.origin, number, Event(*event)) for number, *event in rows]

    async def published(self, owner: str, number: int) -> None:
        await self._value(_PUBLISHED, owner, number)

    async def rewind(self, owner: str, number: int) -> None:
        await self._value(_REWIND, owner, number)

    async def prune(self, before_ms: int, limit: int) -> int:
        """As the port says, and receipts too, once they are 24 hours old; at most `limit` of each. Returns how many
        rows went in all, so that 0 means that nothing is left to prune."""
        before = to_time(before_ms)
        entries: int = await self._value(_PRUNE_ENTRIES, before_ms, limit)
        marks: int = await self._value(_PRUNE_MARKS, before, limit)
        receipts: int = await self._value(_PRUNE_RECEIPTS, before, limit)
        return entries + marks + receipts

    async def backlog(self) -> int:
        return int(await self._value(_BACKLOG))

    async def _value(self, sql: str, *args: object) -> Any:
        async with connection(self._pool) as conn:
            return await conn.fetchval(self._sql(sql), *args)

    def _sql(self, template: str) -> str:
        return template.replace("STORE", self.origin)
