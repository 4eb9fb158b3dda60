"""The trending ledger on PostgreSQL: one row per (scope, video), whose rank key the table derives from its counts.

The formula stands in the schema, beside the columns it reads, so that no write can leave a key that differs from its
counts; a test holds it equal to `hotpath.trending.rank_key`.
"""

from collections.abc import Collection, Sequence

import asyncpg

from app.adapters.postgres import contributions
from app.adapters.postgres.pool import connection
from app.adapters.postgres.write import retried, write
from app.ports.trending import Contribution, Delta, LedgerColumns, Standing

MAX_DELTAS = 500
MAX_SCOPES = 1_000
MAX_ABOVE = 10_000
PRUNE_ROWS = 5_000
PRUNE_ROUNDS = 200  # at most a million rows in one call; the next call goes on

_MARK_MANY = """
    INSERT INTO activity.applied (cause) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING cause"""
_ADD = """
    INSERT INTO activity.trending_ledger AS l (scope, video_id, published_at, views, likes, shares)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    ON CONFLICT (scope, video_id) DO UPDATE
    SET views = l.views + excluded.views, likes = l.likes + excluded.likes, shares = l.shares + excluded.shares"""
_LEADERS = """
    SELECT video_id, points, published_at FROM activity.trending_ledger
    WHERE scope = $1 AND rank_key >= $2 ORDER BY rank_key DESC, video_id LIMIT $3"""
# From each scope's best row to the next scope's, by the index: the cost is one descent a scope, not one step a row.
_SCOPES = """
    WITH RECURSIVE best AS (
        (SELECT scope, rank_key FROM activity.trending_ledger ORDER BY scope, rank_key DESC LIMIT 1)
        UNION ALL
        SELECT following.scope, following.rank_key FROM best CROSS JOIN LATERAL (
            SELECT l.scope, l.rank_key FROM activity.trending_ledger l WHERE l.scope > best.scope
            ORDER BY l.scope, l.rank_key DESC LIMIT 1
        ) following
    )
    SELECT scope FROM best WHERE rank_key >= $1 LIMIT $2"""
_STANDING = """
    SELECT l.views, l.likes, l.shares, l.published_at,
           (SELECT count(*) FROM (
                SELECT FROM activity.trending_ledger o
                WHERE o.scope = l.scope AND o.rank_key >= l.rank_key
                  AND (o.rank_key > l.rank_key OR o.video_id < l.video_id) LIMIT $3) higher)
    FROM activity.trending_ledger l WHERE l.scope = $1 AND l.video_id = $2"""

_Row = tuple[str, str, int, int, int, int]  # the parameters of _ADD, one row


class PostgresLedger:
    """`app.ports.trending.Ledger`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def add(self, deltas: Sequence[Delta], group: str) -> None:
        if len(deltas) > MAX_DELTAS:
            raise ValueError(f"{len(deltas)} deltas are more than {MAX_DELTAS}")
        by_cause: dict[str, Delta] = {}
        for delta in deltas:
            by_cause.setdefault(f"{delta.event_id}/{group}", delta)
        async with write(self._pool, "activity") as w:
            # Marks and rows are both written in the order of their keys, so that batches that overlap can't deadlock.
            marked = await w.conn.fetch(_MARK_MANY, sorted(by_cause))
            if marked:
                counting = await contributions.put(w.conn, [(cause, by_cause[cause]) for (cause,) in marked])
                await _move(w.conn, _aggregated(counting))

    async def leaders(self, scope: str, rank_key_from: int, limit: int) -> LedgerColumns:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_LEADERS, scope, rank_key_from, limit)
        return LedgerColumns([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])

    async def scopes(self, rank_key_from: int) -> list[str]:
        async with connection(self._pool) as conn:
            return [scope for (scope,) in await conn.fetch(_SCOPES, rank_key_from, MAX_SCOPES)]

    async def standing(self, video_id: str, scope: str) -> Standing | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(_STANDING, scope, video_id, MAX_ABOVE)
        return Standing(*row) if row else None

    async def contributions(self, video_id: str, scope: str, limit: int) -> list[Contribution]:
        async with connection(self._pool) as conn:
            return await contributions.newest(conn, video_id, scope, limit)

    @retried
    async def retract(self, actor: str, limit: int) -> tuple[int, frozenset[str]]:
        async with write(self._pool, "activity") as w:
            taken = await contributions.take(w.conn, actor, min(limit, MAX_DELTAS))
            rows = _aggregated(taken)
            await _move(w.conn, [(*row[:3], -row[3], -row[4], -row[5]) for row in rows])
        return len(taken), frozenset(scope for scope, *_ in rows)

    async def prune(self, before_ms: int) -> None:
        async with connection(self._pool) as conn:
            for _ in range(PRUNE_ROUNDS):
                if await contributions.prune(conn, before_ms, PRUNE_ROWS) < PRUNE_ROWS:
                    return


async def _move(conn: asyncpg.Connection, rows: Sequence[_Row]) -> None:
    if rows:
        await conn.execute(_ADD, *zip(*rows, strict=True))


def _aggregated(deltas: Collection[Delta]) -> list[_Row]:
    """One row per (scope, video), sorted by that."""
    rows: dict[tuple[str, str], _Row] = {}
    for delta in deltas:
        for scope in delta.scopes:
            key = scope, delta.video_id
            _, _, published_at, views, likes, shares = rows.get(key, (*key, delta.published_at, 0, 0, 0))
            rows[key] = (*key, published_at, views + delta.views, likes + delta.likes, shares + delta.shares)
    return [rows[key] for key in sorted(rows)]
