"""Counts beside the truth: `social.counts`, a subject's count being the sum over its slots.

A writer's id picks the slot, so that many writers of one subject seldom wait for one another. Counts are the last rows
a write locks and are locked in one order, so that no two writes can wait for each other in a ring.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple
from zlib import crc32

import asyncpg

SLOTS: Final = 16

BUMP: Final = """
    INSERT INTO social.counts AS c (subject, noun, slot, n)
    SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[])
    ON CONFLICT (subject, noun, slot) DO UPDATE SET n = c.n + excluded.n, version = c.version + 1"""
TOTAL: Final = "SELECT coalesce(sum(n), 0)::bigint FROM social.counts WHERE subject = $1 AND noun = $2"
TOTALS: Final = """
    SELECT subject, noun, sum(n)::bigint AS n, sum(version)::bigint AS version FROM social.counts
    WHERE subject = ANY($1::text[]) AND noun = ANY($2::text[]) GROUP BY subject, noun"""


class Bump(NamedTuple):
    """`by` more of `noun` at `subject`, on account of `writer`."""

    subject: str
    noun: str
    writer: str
    by: int


async def bump(conn: asyncpg.Connection, bumps: Iterable[Bump]) -> None:
    """Moves counts, each (subject, noun, slot) at most once in a call."""
    rows = sorted((b.subject, b.noun, slot_of(b.writer), b.by) for b in bumps)
    if rows:
        await conn.execute(BUMP, *map(list, zip(*rows, strict=True)))


async def total(conn: asyncpg.Connection, subject: str, noun: str) -> int:
    """A count as this transaction sees it: with its own change, without those of writes still under way."""
    n: int = await conn.fetchval(TOTAL, subject, noun)
    return n


def slot_of(writer: str) -> int:
    """The slot of a writer; the same in every process and for ever, or a slot would turn negative."""
    return crc32(writer.encode()) % SLOTS
