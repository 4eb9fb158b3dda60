"""What is noted for the trending ledger and not yet folded into it: rows that are only added and taken away."""

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg

from app.adapters.postgres.contributions import Part
from app.core import velocity

_NOTE: Final = """
    INSERT INTO activity.trending_pending
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                         $7::float8[], $8::float8[], $9::float8[], $10::float8[])"""
_ONE_FOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('trending/fold', 0))"
_TAKE: Final = """
    DELETE FROM activity.trending_pending
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM activity.trending_pending LIMIT $1))
    RETURNING scope, video_id, published_at, views, likes, shares, heat_in, heat_out, base_in, base_out"""
_MOVE: Final = """
    INSERT INTO activity.trending_ledger AS l
        (scope, video_id, published_at, views, likes, shares, heat_in, heat_out, base_in, base_out)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                         $7::float8[], $8::float8[], $9::float8[], $10::float8[])
    ON CONFLICT (scope, video_id) DO UPDATE
    SET views = l.views + excluded.views, likes = l.likes + excluded.likes, shares = l.shares + excluded.shares,
        heat_in = activity.log2_more(l.heat_in, excluded.heat_in),
        heat_out = activity.log2_more(l.heat_out, excluded.heat_out),
        base_in = activity.log2_more(l.base_in, excluded.base_in),
        base_out = activity.log2_more(l.base_out, excluded.base_out)"""

Row = tuple[str, str, int, int, int, int, float | None, float | None, float | None, float | None]  # as the table


async def note(conn: asyncpg.Connection, parts: Iterable[Part]) -> None:
    """Adds what these parts come to, one row a (scope, video)."""
    rows = summed(row for part in parts for row in _rows(part))
    if rows:
        await conn.execute(_NOTE, *zip(*rows, strict=True))


async def fold(conn: asyncpg.Connection, limit: int) -> tuple[int, int]:
    """Moves at most `limit` noted rows into the ledger; how many, and how many rows of it changed. In a transaction."""
    await conn.execute(_ONE_FOLD)
    taken = await conn.fetch(_TAKE, limit)
    rows = summed(tuple(row) for row in taken)
    if rows:
        await conn.execute(_MOVE, *zip(*rows, strict=True))
    return len(taken), len(rows)


def summed(rows: Iterable[Row]) -> list[Row]:
    """One row a (scope, video), in that order: writers of the same rows come to them in one order."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row[0], row[1]), []).append(row)
    return [_sum(key, groups[key]) for key in sorted(groups)]


def _sum(key: tuple[str, str], rows: Sequence[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    return (
        *key,
        min(row[2] for row in rows),
        sum(row[3] for row in rows),
        sum(row[4] for row in rows),
        sum(row[5] for row in rows),
        velocity.log2_sum(row[6] for row in rows),
        velocity.log2_sum(row[7] for row in rows),
        velocity.log2_sum(row[8] for row in rows),
        velocity.log2_sum(row[9] for row in rows),
    )


def _rows(part: Part) -> list[Row]:
    heat = base = None
    if part.weight:
        heat = velocity.log2_heat(abs(part.weight), part.weighed_at)
        base = velocity.log2_heat(abs(part.weight), part.weighed_at, velocity.BASE_HALF_LIFE_MS)
    logs = (heat, None, base, None) if part.weight > 0 else (None, heat, None, base)
    counts = part.views, part.likes, part.shares
    return [(scope, part.video_id, part.published_at, *counts, *logs) for scope in part.scopes]
