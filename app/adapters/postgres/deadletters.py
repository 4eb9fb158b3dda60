"""Events that a group could not handle, kept until somebody replays them."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from app.adapters.postgres.errortext import error_text
from app.adapters.postgres.pool import connection
from app.core.events import Event
from app.ports.bus import Delivered
from app.ports.outbox import DeadLetter

_PUT = """
    INSERT INTO work.dead_letters (grp, event_id, event, error, failed_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (grp, event_id) DO NOTHING"""
_ALL = "SELECT letter_id, grp, event, error, failed_at FROM work.dead_letters ORDER BY letter_id LIMIT $1"
_REQUEST_REPLAY = """
    WITH marked AS (
        UPDATE work.dead_letters SET replay = true
        WHERE cardinality($1::bigint[]) = 0 OR letter_id = ANY($1) RETURNING true
    )
    SELECT count(*) FROM marked"""
_WANTED = """
    SELECT letter_id, grp, event, error, failed_at FROM work.dead_letters
    WHERE replay AND grp = $1 ORDER BY letter_id LIMIT $2"""
_REMOVE = "DELETE FROM work.dead_letters WHERE letter_id = $1"
_FAILED_AGAIN = "UPDATE work.dead_letters SET replay = false, error = $2 WHERE letter_id = $1"

_decode_event = msgspec.json.Decoder(Event).decode


class PostgresDeadLetters:
    """`app.ports.outbox.DeadLetters`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def put(self, group: str, delivered: Delivered, error: str, now_ms: int) -> None:
        event = delivered.outgoing.event
        text = msgspec.json.encode(event).decode()
        await self._execute(_PUT, group, error_text(event.event_id), text, error_text(error), now_ms)

    async def all(self, limit: int) -> list[DeadLetter]:
        return await self._letters(_ALL, limit)

    async def request_replay(self, letter_ids: Sequence[int]) -> int:
        async with connection(self._pool) as conn:
            return int(await conn.fetchval(_REQUEST_REPLAY, letter_ids))

    async def wanted(self, group: str, limit: int) -> list[DeadLetter]:
        return await self._letters(_WANTED, group, limit)

    async def settle(self, letter_id: int, error: str | None) -> None:
        if error is None:
            await self._execute(_REMOVE, letter_id)
        else:
            await self._execute(_FAILED_AGAIN, letter_id, error_text(error))

    async def _execute(self, sql: str, *args: object) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(sql, *args)

    async def _letters(self, sql: str, *args: object) -> list[DeadLetter]:
        async with connection(self._pool) as conn:
            rows: list[Any] = await conn.fetch(sql, *args)
        return [
            DeadLetter(letter_id, group, _decode_event(event), error, failed_at)
            for letter_id, group, event, error, failed_at in rows
        ]
