"""Tiers of creators and the progress of fan-outs."""

from typing import Final

import asyncpg

from app.adapters.postgres.pool import connection
from app.ports.tiers import Stamp, Standing

_COLUMNS: Final = "user_id, tier, epoch, selective_until, pull_until, changed_at"
_GET: Final = f"SELECT {_COLUMNS} FROM social.tiers WHERE user_id = $1"  # noqa: S608
# The time is the database's own: readers ask for what changed since, and must not depend on each writer's clock.
_NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_FIRST: Final = f"""
    INSERT INTO social.tiers ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, {_NOW})
    ON CONFLICT DO NOTHING RETURNING true"""  # noqa: S608
_NEXT: Final = f"""
    UPDATE social.tiers SET tier = $2, epoch = $3, selective_until = $4, pull_until = $5, changed_at = {_NOW}
    WHERE user_id = $1 AND epoch = $3 - 1 RETURNING true"""  # noqa: S608
_CHANGED: Final = f"""
    SELECT now, found.* FROM (SELECT {_NOW} AS now) clock LEFT JOIN (
        SELECT {_COLUMNS} FROM social.tiers WHERE (changed_at, user_id) > ($1, $2)
        ORDER BY changed_at, user_id LIMIT $3) found ON true
    ORDER BY changed_at, user_id"""  # noqa: S608
_STAMP: Final = """
    INSERT INTO social.fanouts (event_id, video_id, tier, epoch, started_at)
    SELECT $1, $2, coalesce(t.tier, 'push'), coalesce(t.epoch, 0), $4
    FROM (VALUES ($3::text)) author (user_id) LEFT JOIN social.tiers t USING (user_id)
    ON CONFLICT DO NOTHING RETURNING tier, epoch, after_id, done"""
_STAMPED: Final = "SELECT tier, epoch, after_id, done FROM social.fanouts WHERE event_id = $1"
_ADVANCE: Final = """
    UPDATE social.fanouts SET after_id = greatest(after_id, $2), done = done OR $3 WHERE event_id = $1"""
_UNFINISHED: Final = """
    SELECT event_id, video_id, tier, epoch, after_id, done FROM social.fanouts
    WHERE NOT done AND started_at < $1 ORDER BY started_at LIMIT $2"""
_PRUNE: Final = """
    WITH gone AS (
        DELETE FROM social.fanouts WHERE event_id IN (
            SELECT event_id FROM social.fanouts WHERE started_at < $1 ORDER BY started_at LIMIT $2)
        RETURNING true)
    SELECT count(*) FROM gone"""


class PostgresTiers:
    """`app.ports.tiers.Tiers`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def standing(self, user_id: str) -> Standing:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(_GET, user_id)
        return Standing(*row) if row else Standing(user_id)

    async def cross(self, to: Standing) -> bool:
        sql = _FIRST if to.epoch == 1 else _NEXT
        async with connection(self._pool) as conn:
            return bool(await conn.fetchval(sql, to.user_id, to.tier, to.epoch, to.selective_until, to.pull_until))

    async def changed_since(self, since_ms: int, after_id: str, limit: int) -> tuple[list[Standing], int]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_CHANGED, since_ms, after_id, limit)
        # Where nothing changed there is one row, with the time alone.
        return [Standing(*row) for _, *row in rows if row[0] is not None], rows[0]["now"]

    async def stamp(self, event_id: str, video_id: str, author_id: str, now_ms: int) -> Stamp:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(_STAMP, event_id, video_id, author_id, now_ms)
            return Stamp(*(row or await conn.fetchrow(_STAMPED, event_id)))

    async def advance(self, event_id: str, after_id: str, *, done: bool) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(_ADVANCE, event_id, after_id, done)

    async def unfinished(self, before_ms: int, limit: int) -> list[tuple[str, str, Stamp]]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_UNFINISHED, before_ms, limit)
        return [(event_id, video_id, Stamp(*stamp)) for event_id, video_id, *stamp in rows]

    async def prune(self, before_ms: int, limit: int) -> int:
        async with connection(self._pool) as conn:
            return int(await conn.fetchval(_PRUNE, before_ms, limit))
