"""Rows that are switched on and off: follows, barriers, reactions, comment likes.

A row that is off stays as a tombstone, for its `op_seq`: the client's own number of the wish. With a number given,
a wish that is not newer than the row's changes nothing, so that a retry that arrives late cannot undo a later wish.
Without one, the row becomes what is asked and keeps the number it has.
"""

import asyncpg

from app.adapters.postgres.pool import to_time


class Switch:
    """The statements on one table, keyed by all of `key` in the order given."""

    def __init__(self, table: str, *key: str) -> None:
        columns = ", ".join(key)
        values = ", ".join(f"${i}" for i in range(1, len(key) + 1))
        this = " AND ".join(f"{column} = ${i}" for i, column in enumerate(key, 1))
        seq, at = f"${len(key) + 1}::bigint", f"${len(key) + 2}::timestamptz"
        newer = f"({seq} IS NULL OR {seq} > t.op_seq)"
        # Names come from this package alone. -1 stands for "no number yet", below every client's.
        self.turn_on = f"""
            INSERT INTO {table} AS t ({columns}, active, op_seq, created_at)
            VALUES ({values}, true, coalesce({seq}, -1), {at})
            ON CONFLICT ({columns}) DO UPDATE
            SET active = true, op_seq = coalesce({seq}, t.op_seq), created_at = excluded.created_at
            WHERE NOT t.active AND {newer}
            RETURNING true"""  # noqa: S608
        self.turn_off = f"""
            UPDATE {table} AS t SET active = false, op_seq = coalesce({seq}, t.op_seq)
            WHERE {this} AND t.active AND {newer}
            RETURNING true"""  # noqa: S608
        self.bury = f"""
            INSERT INTO {table} ({columns}, active, op_seq, created_at)
            VALUES ({values}, false, {seq}, {at})
            ON CONFLICT ({columns}) DO NOTHING
            RETURNING true"""  # noqa: S608
        self.lock = f"SELECT FROM {table} WHERE {this} FOR UPDATE"
        self.advance = f"UPDATE {table} SET op_seq = {seq} WHERE {this} AND op_seq < {seq}"  # noqa: S608

    async def flip(self, conn: asyncpg.Connection, *key: str, on: bool, op_seq: int | None, now_ms: int) -> bool:
        """Whether the row changed its state. The row, if there is one, is locked from here on if it changed."""
        if on:
            changed = await conn.fetchval(self.turn_on, *key, op_seq, to_time(now_ms))
        else:
            # First make sure of a row: else an older "on" under way would be neither seen nor outnumbered.
            if op_seq is not None and await conn.fetchval(self.bury, *key, op_seq, to_time(now_ms)):
                return False
            if op_seq is not None:
                # Then hold it: an older "on" that came between the two statements below would stay, under our number.
                await conn.execute(self.lock, *key)
            changed = await conn.fetchval(self.turn_off, *key, op_seq)
        if not changed and op_seq is not None:
            await conn.execute(self.advance, *key, op_seq)
        return bool(changed)
