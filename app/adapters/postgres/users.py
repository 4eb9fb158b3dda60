"""Profiles."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from app.adapters.postgres.keyset import batch
from app.adapters.postgres.pool import connection, to_ms, to_time
from app.adapters.postgres.write import write
from app.core.errors import NotFound, Stale
from app.core.events import Event
from app.ports.users import User
from hotpath.pure.records import Author

_COLUMNS: Final = """
    u.user_id, u.user_no, u.username, u.display_name, u.bio, u.avatar, u.verified, u.country,
    u.created_at, u.updated_at, u.suspended_at"""

GET: Final = f"SELECT {_COLUMNS} FROM social.users u WHERE u.user_id = $1"  # noqa: S608
GET_MANY: Final = f"SELECT {_COLUMNS} FROM social.users u WHERE u.user_id = ANY($1::text[])"  # noqa: S608
AUTHORS: Final = """
    SELECT user_id, username, display_name, avatar, verified,
           floor(extract(epoch FROM updated_at) * 1000)::bigint, suspended_at IS NOT NULL
    FROM social.users WHERE user_id = ANY($1::text[])"""
BY_USERNAME: Final = f"""
    SELECT {_COLUMNS} FROM social.usernames n JOIN social.users u ON u.user_id = n.user_id
    WHERE n.username_key = $1"""  # noqa: S608
UPDATE: Final = """
    UPDATE social.users SET display_name = $2, bio = $3, avatar = $4, country = $5, updated_at = $6
    WHERE user_id = $1 AND ($7::timestamptz IS NULL OR updated_at = $7)
      AND (display_name, bio, avatar, country) IS DISTINCT FROM ($2, $3, $4, $5)
    RETURNING true"""
UPDATED_AT: Final = "SELECT updated_at FROM social.users WHERE user_id = $1"


class PostgresUsers:
    """`app.ports.users.Users`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get(self, user_id: str) -> User | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(GET, user_id)
        return _user(row) if row else None

    async def get_many(self, user_ids: Sequence[str]) -> dict[str, User]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(GET_MANY, batch(user_ids))
        return {row[0]: _user(row) for row in rows}

    async def authors(self, user_ids: Sequence[str]) -> dict[str, Author]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(AUTHORS, batch(user_ids))
        return {row[0]: row for row in rows}

    async def by_username(self, username: str) -> User | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(BY_USERNAME, username)
        return _user(row) if row else None

    async def update(self, user: User, *, base_ms: int | None = None, events: Sequence[Event] = ()) -> None:
        base = None if base_ms is None else to_time(base_ms)
        async with write(self._pool, "social", events=events) as current:
            written = await current.conn.fetchval(
                UPDATE,
                user.user_id,
                user.display_name,
                user.bio,
                user.avatar,
                user.country,
                to_time(user.updated_at),
                base,
            )
            current.changed = bool(written)
            if not current.changed:
                stored = await current.conn.fetchval(UPDATED_AT, user.user_id)
                if stored is None:
                    raise NotFound("There is no such user.")
                if base is not None and stored != base:
                    raise Stale("The profile was changed meanwhile.")


def _user(row: asyncpg.Record) -> User:
    user_id, user_no, username, display_name, bio, avatar, verified, country, created_at, updated_at, suspended_at = row
    return User(
        user_id=user_id,
        user_no=user_no,
        username=username,
        display_name=display_name,
        bio=bio,
        avatar=avatar,
        verified=verified,
        country=country,
        created_at=to_ms(created_at),
        updated_at=to_ms(updated_at),
        suspended_at=None if suspended_at is None else to_ms(suspended_at),
    )
