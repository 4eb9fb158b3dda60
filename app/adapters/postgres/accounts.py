"""Credentials and registration. Sessions and refresh tokens, which the same port holds, are in `sessions`."""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from app.adapters.postgres import sessions, suspensions
from app.adapters.postgres.keyset import BATCH, batch, newest_first
from app.adapters.postgres.pool import connection, to_time
from app.adapters.postgres.write import find_receipt, retried, write
from app.core.cursors import Keyset
from app.core.errors import Conflict, NotFound
from app.core.events import Event, Receipt, event
from app.ports.accounts import Credentials, NewAccount, Rotation, Session
from app.ports.users import User

CLAIM_NAME: Final = """
    INSERT INTO social.usernames (username_key, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true"""
CLAIM_EMAIL: Final = """
    INSERT INTO social.emails (email_key, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true"""
ADD_USER: Final = """
    INSERT INTO social.users
        (user_id, username, display_name, bio, avatar, verified, country, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING user_no"""
ADD_CREDENTIALS: Final = "INSERT INTO social.credentials (user_id, email, password_hash) VALUES ($1, $2, $3)"
BY_NAME: Final = """
    SELECT c.user_id, c.email, c.password_hash
    FROM social.usernames k JOIN social.credentials c USING (user_id) WHERE k.username_key = $1"""
BY_EMAIL: Final = """
    SELECT c.user_id, c.email, c.password_hash
    FROM social.emails k JOIN social.credentials c USING (user_id) WHERE k.email_key = $1"""
USED: Final = "UPDATE social.sessions SET last_seen_at = $2 WHERE session_id = $1 AND last_seen_at < $2"
OPENED: Final = """
    SELECT u.user_id, u.user_no FROM social.users u
    WHERE u.user_id = ANY($1::text[]) AND EXISTS (
        SELECT FROM social.sessions s WHERE s.user_id = u.user_id AND s.last_seen_at >= $2)"""
BY_NUMBERS: Final = "SELECT user_id FROM social.users WHERE user_no = ANY($1::integer[])"
BY_ID: Final = "SELECT user_id, email, password_hash FROM social.credentials WHERE user_id = $1"
REPLACE_HASH: Final = """
    UPDATE social.credentials SET password_hash = $2, changed_at = now() WHERE user_id = $1 RETURNING true"""


class PostgresAccounts:
    """`app.ports.accounts.Accounts`. Refresh tokens slide: each lives as long as the one it replaces was meant to,
    and the session with it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def register(
        self,
        account: NewAccount,
        session: Session,
        refresh_hash: bytes,
        *,
        events: Sequence[Event] = (),
        receipt: Receipt | None = None,
    ) -> User:
        user = account.user
        async with write(self._pool, "social", events=events, receipt=receipt) as current:
            conn = current.conn
            if not await conn.fetchval(CLAIM_NAME, account.username_key, user.user_id):
                raise Conflict("This username is taken.", code="username_taken")
            if not await conn.fetchval(CLAIM_EMAIL, account.email_key, user.user_id):
                raise Conflict("There is an account with this e-mail address.", code="email_taken")
            user_no = await conn.fetchval(
                ADD_USER,
                user.user_id,
                user.username,
                user.display_name,
                user.bio,
                user.avatar,
                user.verified,
                user.country,
                to_time(user.created_at),
                to_time(user.updated_at),
            )
            await conn.execute(ADD_CREDENTIALS, user.user_id, account.email, account.password_hash)
            await sessions.add(conn, session, refresh_hash)
        return msgspec.structs.replace(user, user_no=user_no)

    async def find(self, *, username_key: str | None = None, email_key: bytes | None = None) -> Credentials | None:
        if username_key is not None:
            return await self._credentials(BY_NAME, username_key)
        return await self._credentials(BY_EMAIL, email_key)

    async def credentials(self, user_id: str) -> Credentials | None:
        return await self._credentials(BY_ID, user_id)

    async def set_password(self, user_id: str, password_hash: str) -> None:
        async with connection(self._pool) as conn:
            if not await conn.fetchval(REPLACE_HASH, user_id, password_hash):
                raise NotFound("There is no such user.")

    async def open_session(self, session: Session, refresh_hash: bytes) -> None:
        async with write(self._pool, "social") as current:
            await suspensions.hold(current.conn, session.user_id)
            await sessions.add(current.conn, session, refresh_hash)

    @retried
    async def rotate(
        self,
        refresh_hash: bytes,
        successor_hash: bytes,
        now_ms: int,
        *,
        grace_ms: int,
        events_if_reused: Sequence[Event] = (),
    ) -> Rotation:
        async with write(self._pool, "social") as current:
            token = await sessions.locked(current.conn, refresh_hash)
            if token is None:
                return Rotation("unknown")
            if not token.alive_at(now_ms):
                await suspensions.refuse(current.conn, token.session.user_id)
                return Rotation("unknown")
            if token.spent_at is None or now_ms - token.spent_at <= grace_ms:
                return Rotation("rotated", await sessions.succeed(current.conn, token, successor_hash, now_ms))
            session = await sessions.end(current.conn, token.session, now_ms)
            current.events = [_about(session, fact) for fact in events_if_reused]
            return Rotation("reused", session)

    async def session(self, session_id: str) -> Session | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(sessions.GET, session_id)
        return sessions.of_row(row) if row else None

    async def sessions(self, user_id: str, after: Keyset | None, limit: int, now_ms: int) -> list[Session]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(sessions.ALIVE, user_id, to_time(now_ms), *newest_first(after), limit)
        return [sessions.of_row(row) for row in rows]

    async def revoke(self, user_id: str, session_id: str, now_ms: int, *, events: Sequence[Event] = ()) -> bool:
        async with write(self._pool, "social", events=events) as current:
            revoked = await current.conn.fetchval(sessions.REVOKE, session_id, user_id, to_time(now_ms))
            current.changed = bool(revoked)
            return current.changed

    @retried
    async def revoke_others(self, user_id: str, keep_session_id: str, now_ms: int) -> list[str]:
        async with write(self._pool, "social") as current:
            rows = await current.conn.fetch(sessions.REVOKE_OTHERS, user_id, keep_session_id, to_time(now_ms))
            ended = [row["session_id"] for row in rows]
            current.events = [
                event("session.revoked", user_id, now_ms, user_id=user_id, session_id=session_id)
                for session_id in ended
            ]
            return ended

    async def seen(self, session_id: str, now_ms: int) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(USED, session_id, to_time(now_ms))

    async def opened_since(self, user_ids: Sequence[str], since_ms: int) -> dict[str, int]:
        async with connection(self._pool) as conn:
            return dict(await conn.fetch(OPENED, batch(user_ids), to_time(since_ms)))

    async def by_numbers(self, user_nos: Sequence[int]) -> list[str]:
        async with connection(self._pool) as conn:
            return [row[0] for row in await conn.fetch(BY_NUMBERS, list(user_nos)[:BATCH])]

    async def find_receipt(self, scope: str, key: str) -> Receipt | None:
        return await find_receipt(self._pool, "social", scope, key)

    async def _credentials(self, sql: str, key: str | bytes | None) -> Credentials | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(sql, key)
        return Credentials(*row) if row else None


def _about(session: Session, fact: Event) -> Event:
    """The event with what only the store knows; its key too, if the caller could not know the user."""
    data = {**fact.data, "user_id": session.user_id, "session_id": session.session_id}
    return msgspec.structs.replace(fact, key=fact.key or session.user_id, data=data)
