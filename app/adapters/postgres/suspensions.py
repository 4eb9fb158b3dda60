"""Suspensions: columns of the user's row, which a new session waits for."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from app.adapters.postgres import sessions
from app.adapters.postgres.pool import to_time
from app.adapters.postgres.write import retried, write
from app.core.errors import Forbidden, NotFound
from app.core.events import Event, event

_SUSPEND: Final = """
    UPDATE social.users
    SET suspended_at = $2, suspension_reason = $3, updated_at = greatest($2, updated_at + interval '1 millisecond')
    WHERE user_id = $1 AND suspended_at IS NULL RETURNING true"""
_LIFT: Final = """
    UPDATE social.users
    SET suspended_at = NULL, suspension_reason = NULL, updated_at = greatest($2, updated_at + interval '1 millisecond')
    WHERE user_id = $1 AND suspended_at IS NOT NULL RETURNING true"""
_EXISTS: Final = "SELECT true FROM social.users WHERE user_id = $1"
_REASON: Final = """
    SELECT coalesce(suspension_reason, '') FROM social.users WHERE user_id = $1 AND suspended_at IS NOT NULL"""
_STANDING: Final = "SELECT true FROM social.users WHERE user_id = $1 FOR SHARE"
_BATCHES: Final = 1_000  # a million sessions: more than a person can open before the first have expired


class PostgresSuspensions:
    """`app.ports.suspensions.Suspensions`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def suspend(
        self, user_id: str, reason: str, now_ms: int, *, events: Sequence[Event] = ()
    ) -> list[str] | None:
        async with write(self._pool, "social", events=events) as current:
            current.changed = bool(await current.conn.fetchval(_SUSPEND, user_id, to_time(now_ms), reason))
            if not current.changed:
                await _require(current.conn, user_id)
                return None
            ended = await _end_sessions(current.conn, user_id, now_ms)
            current.events += [
                event("session.revoked", user_id, now_ms, user_id=user_id, session_id=session_id)
                for session_id in ended
            ]
            return ended

    @retried
    async def lift(self, user_id: str, now_ms: int, *, events: Sequence[Event] = ()) -> bool:
        async with write(self._pool, "social", events=events) as current:
            current.changed = bool(await current.conn.fetchval(_LIFT, user_id, to_time(now_ms)))
            if not current.changed:
                await _require(current.conn, user_id)
            return current.changed


async def hold(conn: asyncpg.Connection, user_id: str) -> None:
    """Keeps suspensions of this person waiting until the transaction ends; Forbidden if one came first."""
    await conn.execute(_STANDING, user_id)
    await refuse(conn, user_id)


async def refuse(conn: asyncpg.Connection, user_id: str) -> None:
    """Forbidden `suspended`, with the reason, if the person is suspended."""
    reason = await conn.fetchval(_REASON, user_id)
    if reason is not None:
        raise Forbidden(f"This account is suspended{': ' if reason else '.'}{reason}", code="suspended")


async def _end_sessions(conn: asyncpg.Connection, user_id: str, now_ms: int) -> list[str]:
    ended: list[str] = []
    for _ in range(_BATCHES):
        rows = await conn.fetch(sessions.REVOKE_OTHERS, user_id, "", to_time(now_ms))
        ended += [row["session_id"] for row in rows]
        if len(rows) < sessions.REVOKED_AT_ONCE:
            break
    return ended


async def _require(conn: asyncpg.Connection, user_id: str) -> None:
    if not await conn.fetchval(_EXISTS, user_id):
        raise NotFound("There is no such person.")
