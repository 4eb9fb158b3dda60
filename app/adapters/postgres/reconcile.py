"""Compares counts with their rows, a page of subjects at a time.

A write changes a row and its count in one transaction. So what one statement sees of both differs by the drift alone,
whatever is written meanwhile, and a repair that adds the difference loses nothing. Only two repairs at once would add
it twice: they take turns by an advisory lock, taken before the comparison.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

import asyncpg

from app.adapters.postgres.pool import connection
from app.adapters.postgres.write import retried
from app.ports.counts import PAGE, Compared, Drift

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('reconcile'))"


class Kind(NamedTuple):
    """`subjects`: $1 after, $2 limit → ids ascending. `compare`: $1 ids → (subject, stored, truth). `repair`: $1 ids,
    $2 what to add to the count of each."""

    subjects: str
    compare: str
    repair: str


class PostgresCounts:
    """`app.ports.counts.Counts`, for the kinds of a store."""

    KINDS: ClassVar[Mapping[str, Kind]]

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.kinds = tuple(self.KINDS)

    @retried
    async def reconcile(self, kind: str, after: str, limit: int, *, repair: bool) -> Compared:
        if not 1 <= limit <= PAGE:
            raise ValueError(f"a page holds 1 to {PAGE} entities")
        statements = self.KINDS[kind]
        async with connection(self._pool) as conn, conn.transaction():
            if repair:
                await conn.execute(LOCK)
            subjects = [row[0] for row in await conn.fetch(statements.subjects, *self._after(after), limit)]
            rows = await conn.fetch(statements.compare, subjects, *self._known())
            drifts = drifted(rows)
            if repair and drifts:
                await conn.execute(statements.repair, *missing(drifts))
        return Compared(len(rows), drifts, subjects[-1] if len(subjects) == limit else None)

    def _after(self, after: str) -> tuple[object, ...]:
        return (after,)

    def _known(self) -> tuple[object, ...]:
        """More that a comparison takes."""
        return ()


def drifted(rows: list[Any]) -> list[Drift]:
    """Of (subject, stored, truth) those that differ, the latest id first: a reply before its parent, which is the
    order in which deleting a reply locks the two."""
    drifts = (Drift(subject, stored, truth) for subject, stored, truth in rows if stored != truth)
    return sorted(drifts, key=lambda drift: drift.subject, reverse=True)


def missing(drifts: list[Drift]) -> tuple[list[str], list[int]]:
    """The parameters of a repair."""
    return [drift.subject for drift in drifts], [drift.truth - drift.stored for drift in drifts]
