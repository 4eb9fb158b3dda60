"""Where the consumers stand, with the lease of one consumer on each (group, topic, partition).

A group reads a topic from its first `acquire` on any partition of it. From then on all PARTITIONS of that topic count
for it: one it holds no position on was read up to nothing.
"""

import asyncpg

from app.adapters.postgres.pool import connection
from app.ports.bus import PARTITIONS
from app.ports.outbox import Position

_ACQUIRE = """
    INSERT INTO work.positions AS p (grp, topic, part, owner, lease_until, fence)
    VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond', 1)
    ON CONFLICT (grp, topic, part) DO UPDATE
    SET owner = excluded.owner, lease_until = excluded.lease_until,
        fence = p.fence + CASE WHEN p.owner = excluded.owner THEN 0 ELSE 1 END
    WHERE p.owner = excluded.owner OR p.lease_until < now()
    RETURNING epoch, "offset", marks, fence"""
_COMMIT = """
    UPDATE work.positions SET epoch = $5, "offset" = $6, marks = $7
    WHERE grp = $1 AND topic = $2 AND part = $3 AND fence = $4 RETURNING true"""
# The fence moves too, so that a commit which was on its way when its owner let go is refused.
_RELEASE = """
    UPDATE work.positions SET owner = '', lease_until = '-infinity', fence = fence + 1 WHERE owner = $1"""
_FLOORS = """
    SELECT reader.topic, part, min(coalesce((p.marks ->> $1)::bigint, 0))
    FROM (SELECT DISTINCT grp, topic FROM work.positions) reader
    CROSS JOIN generate_series(0, $2 - 1) part
    LEFT JOIN work.positions p USING (grp, topic, part)
    GROUP BY reader.topic, part"""
_OFFSETS = """
    SELECT reader.topic, part, array_agg(CASE WHEN p.epoch = $1 THEN p."offset" ELSE '' END)
    FROM (SELECT DISTINCT grp, topic FROM work.positions) reader
    CROSS JOIN generate_series(0, $2 - 1) part
    LEFT JOIN work.positions p USING (grp, topic, part)
    GROUP BY reader.topic, part"""


class PostgresPositions:
    """`app.ports.outbox.Positions`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def acquire(self, group: str, topic: str, partition: int, owner: str, lease_ms: int) -> Position | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(_ACQUIRE, group, topic, partition, owner, lease_ms)
        return Position(*row) if row else None

    async def commit(self, group: str, topic: str, partition: int, position: Position) -> bool:
        async with connection(self._pool) as conn:
            stored = await conn.fetchval(
                _COMMIT, group, topic, partition, position.fence, position.epoch, position.offset, position.marks
            )
        return bool(stored)

    async def release(self, owner: str) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(_RELEASE, owner)

    async def floors(self, origin: str) -> dict[tuple[str, int], int]:
        """As the port says. A group that has no mark of `origin` in a partition counts there as 0, one that was never
        on that partition included; a topic that nobody reads is absent."""
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_FLOORS, origin, PARTITIONS)
        return {(topic, part): mark for topic, part, mark in rows}

    async def slowest_offsets(self, epoch: str) -> dict[tuple[str, int], str]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_OFFSETS, epoch, PARTITIONS)
        return {(topic, part): min(offsets, key=_in_order) for topic, part, offsets in rows if all(offsets)}


def _in_order(offset: str) -> tuple[int, ...]:
    """An offset is a number (Kafka) or two with a dash between (Redis Streams); as text, 10 would come before 9."""
    return tuple(int(number) for number in offset.split("-"))
