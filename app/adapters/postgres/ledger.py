"""The trending ledger on PostgreSQL: one row per (scope, video), whose rank key the table derives from its counts.

The formula stands in the schema, beside the columns it reads, so that no write can leave a key that differs from its
counts; a test holds it equal to `hotpath.trending.rank_key`. What events add is noted first, in rows of its own, and
folded in a moment later: a viral video costs its row one change a fold.
"""

from collections.abc import Sequence

import asyncpg
import msgspec

from app.adapters.postgres import contributions, pending
from app.adapters.postgres.contributions import Part
from app.adapters.postgres.pool import connection
from app.adapters.postgres.write import retried, write
from app.ports.trending import Contribution, Delta, HeatColumns, LedgerColumns, Standing

MAX_DELTAS = 500
MAX_SCOPES = 1_000
MAX_ABOVE = 10_000
FOLD_ROWS = 20_000
FOLD_ROUNDS = 100  # at most two million noted rows in one call; the next call goes on
PRUNE_ROWS = 5_000
PRUNE_ROUNDS = 200  # at most a million rows in one call; the next call goes on

_MARK_MANY = """
    INSERT INTO activity.applied (cause) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
    RETURNING cause, (extract(epoch FROM now()) * 1000)::bigint"""
_LEADERS = """
    SELECT video_id, points, published_at FROM activity.trending_ledger
    WHERE scope = $1 AND rank_key >= $2 ORDER BY rank_key DESC, video_id LIMIT $3"""
_HOTTEST = """
    SELECT video_id, heat, base FROM activity.trending_ledger
    WHERE scope = $1 AND heat >= $2 ORDER BY heat DESC, video_id LIMIT $3"""
# From each scope's best row to the next scope's, by the index: the cost is one descent a scope, not one step a row.
_SCOPES_BY = """
    WITH RECURSIVE best AS (
        (SELECT scope, KEY FROM activity.trending_ledger WHERE KEY IS NOT NULL ORDER BY scope, KEY DESC LIMIT 1)
        UNION ALL
        SELECT following.scope, following.KEY FROM best CROSS JOIN LATERAL (
            SELECT l.scope, l.KEY FROM activity.trending_ledger l WHERE l.scope > best.scope AND l.KEY IS NOT NULL
            ORDER BY l.scope, l.KEY DESC LIMIT 1
        ) following
    )
    SELECT scope FROM best WHERE KEY >= $1 LIMIT $2"""
_SCOPES, _HOT_SCOPES = (_SCOPES_BY.replace("KEY", key) for key in ("rank_key", "heat"))
_STANDING = """
    SELECT l.views, l.likes, l.shares, l.published_at,
           (SELECT count(*) FROM (
                SELECT FROM activity.trending_ledger o
                WHERE o.scope = l.scope AND o.rank_key >= l.rank_key
                  AND (o.rank_key > l.rank_key OR o.video_id < l.video_id) LIMIT $3) higher),
           l.heat, l.base,
           (SELECT count(*) FROM (
                SELECT FROM activity.trending_ledger o
                WHERE o.scope = l.scope AND o.heat > l.heat LIMIT $3) hotter)
    FROM activity.trending_ledger l WHERE l.scope = $1 AND l.video_id = $2"""


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
            marked = dict(await w.conn.fetch(_MARK_MANY, sorted(by_cause)))
            if marked:
                now_ms = next(iter(marked.values()))
                fresh = [(cause, delta) for cause, delta in by_cause.items() if cause in marked]
                await pending.note(w.conn, await contributions.put(w.conn, fresh, now_ms))

    @retried
    async def fold(self) -> int:
        changed = 0
        for _ in range(FOLD_ROUNDS):
            async with write(self._pool, "activity") as w:
                taken, rows = await pending.fold(w.conn, FOLD_ROWS)
            changed += rows
            if taken < FOLD_ROWS:
                break
        return changed

    async def hottest(self, scope: str, heat_from: float, limit: int) -> HeatColumns:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_HOTTEST, scope, heat_from, limit)
        return HeatColumns([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])

    async def hot_scopes(self, heat_from: float) -> list[str]:
        async with connection(self._pool) as conn:
            return [scope for (scope,) in await conn.fetch(_HOT_SCOPES, heat_from, MAX_SCOPES)]

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
            await pending.note(w.conn, [_undone(part) for part in taken])
        return len(taken), frozenset(scope for part in taken for scope in part.scopes)

    async def prune(self, before_ms: int) -> None:
        async with connection(self._pool) as conn:
            for _ in range(PRUNE_ROUNDS):
                if await contributions.prune(conn, before_ms, PRUNE_ROWS) < PRUNE_ROWS:
                    return


def _undone(part: Part) -> Part:
    return msgspec.structs.replace(part, views=-part.views, likes=-part.likes, shares=-part.shares, weight=-part.weight)
