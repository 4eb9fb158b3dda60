"""Rows of sessions and their refresh tokens, within the write of `accounts`.

A token's row is locked before its session's, everywhere, so that rotations and revocations take turns.
"""

from typing import Any, Final

import asyncpg
import msgspec

from app.adapters.postgres.pool import to_ms, to_time
from app.ports.accounts import Session

REVOKED_AT_ONCE = 1_000

_COLUMNS: Final = """
    s.session_id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.user_agent, s.ip, s.revoked_at"""

ADD: Final = """
    INSERT INTO social.sessions
        (session_id, user_id, created_at, last_seen_at, expires_at, user_agent, ip, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
ADD_REFRESH: Final = """
    INSERT INTO social.refresh_tokens (token_hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)"""
GET: Final = f"SELECT {_COLUMNS} FROM social.sessions s WHERE s.session_id = $1"  # noqa: S608
ALIVE: Final = f"""
    SELECT {_COLUMNS} FROM social.sessions s
    WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND (s.created_at, s.session_id) < ($3, $4)
    ORDER BY s.created_at DESC, s.session_id DESC LIMIT $5"""  # noqa: S608
LOCK_REFRESH: Final = """
    SELECT session_id, issued_at, expires_at, spent_at FROM social.refresh_tokens WHERE token_hash = $1
    FOR UPDATE"""
LOCK: Final = GET + " FOR UPDATE"
SPEND: Final = "UPDATE social.refresh_tokens SET spent_at = $2 WHERE token_hash = $1 AND spent_at IS NULL"
SEEN: Final = """
    UPDATE social.sessions SET last_seen_at = $2, expires_at = greatest(expires_at, $3) WHERE session_id = $1
    RETURNING expires_at"""
FORGET: Final = "DELETE FROM social.refresh_tokens WHERE session_id = $1 AND expires_at <= $2"
REVOKE: Final = """
    UPDATE social.sessions SET revoked_at = $3
    WHERE session_id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING true"""
REVOKE_OTHERS: Final = f"""
    UPDATE social.sessions SET revoked_at = $3
    WHERE revoked_at IS NULL AND session_id IN (
        SELECT session_id FROM social.sessions
        WHERE user_id = $1 AND session_id <> $2 AND revoked_at IS NULL AND expires_at > $3
        ORDER BY created_at DESC, session_id DESC LIMIT {REVOKED_AT_ONCE}
        FOR UPDATE)
    RETURNING session_id"""  # noqa: S608


class Token(msgspec.Struct, frozen=True):
    """A refresh token and its session, both locked."""

    token_hash: bytes
    issued_at: int
    expires_at: int
    spent_at: int | None
    session: Session

    def alive_at(self, now_ms: int) -> bool:
        session = self.session
        return session.revoked_at is None and now_ms < min(self.expires_at, session.expires_at)


async def add(conn: asyncpg.Connection, session: Session, refresh_hash: bytes) -> None:
    """Stores a session and its first token, which lives as long."""
    await conn.execute(
        ADD,
        session.session_id,
        session.user_id,
        to_time(session.created_at),
        to_time(session.last_seen_at),
        to_time(session.expires_at),
        session.user_agent,
        session.ip,
        None if session.revoked_at is None else to_time(session.revoked_at),
    )
    await conn.execute(
        ADD_REFRESH, refresh_hash, session.session_id, to_time(session.created_at), to_time(session.expires_at)
    )


async def locked(conn: asyncpg.Connection, token_hash: bytes) -> Token | None:
    """A token and its session, for this write alone."""
    token = await conn.fetchrow(LOCK_REFRESH, token_hash)
    if token is None:
        return None
    session = await conn.fetchrow(LOCK, token["session_id"])
    return Token(
        token_hash,
        to_ms(token["issued_at"]),
        to_ms(token["expires_at"]),
        None if token["spent_at"] is None else to_ms(token["spent_at"]),
        of_row(session),
    )


async def succeed(conn: asyncpg.Connection, token: Token, successor_hash: bytes, now_ms: int) -> Session:
    """Spends the token (once: a second successor does not move that moment) and adds one after it."""
    now, until = to_time(now_ms), to_time(now_ms + token.expires_at - token.issued_at)
    session_id = token.session.session_id
    await conn.execute(SPEND, token.token_hash, now)
    await conn.execute(ADD_REFRESH, successor_hash, session_id, now, until)
    # A family never holds more than one lifetime of tokens; an expired one is unknown either way.
    await conn.execute(FORGET, session_id, now)
    expires_at = await conn.fetchval(SEEN, session_id, now, until)
    return msgspec.structs.replace(token.session, last_seen_at=now_ms, expires_at=to_ms(expires_at))


async def end(conn: asyncpg.Connection, session: Session, now_ms: int) -> Session:
    """Revokes a locked session, and so its whole family."""
    await conn.execute(REVOKE, session.session_id, session.user_id, to_time(now_ms))
    return msgspec.structs.replace(session, revoked_at=now_ms)


def of_row(row: asyncpg.Record) -> Session:
    """A session of its row."""
    fields: dict[str, Any] = dict(row)
    for name in ("created_at", "last_seen_at", "expires_at", "revoked_at"):
        fields[name] = None if row[name] is None else to_ms(row[name])
    return Session(**fields)
