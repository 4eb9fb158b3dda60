"""Progress of long effects, a row each."""

from typing import Final

import asyncpg

from app.adapters.postgres.pool import connection, to_time
from app.core.cursors import Keyset

_GET: Final = "SELECT at, id FROM work.progress WHERE effect = $1"
_NOTE: Final = """
    INSERT INTO work.progress (effect, at, id) VALUES ($1, $2, $3)
    ON CONFLICT (effect) DO UPDATE SET at = excluded.at, id = excluded.id, noted_at = now()"""
_PRUNE: Final = """
    WITH gone AS (
        DELETE FROM work.progress WHERE effect IN (
            SELECT effect FROM work.progress WHERE noted_at < $1 ORDER BY noted_at LIMIT $2)
        RETURNING true)
    SELECT count(*) FROM gone"""


class PostgresProgress:
    """`app.ports.progress.Progress`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of(self, effect: str) -> Keyset | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(_GET, effect)
        return Keyset(*row) if row else None

    async def note(self, effect: str, after: Keyset) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(_NOTE, effect, after.at, after.id)

    async def prune(self, before_ms: int, limit: int) -> int:
        async with connection(self._pool) as conn:
            return int(await conn.fetchval(_PRUNE, to_time(before_ms), limit))
