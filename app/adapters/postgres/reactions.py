"""Likes, saves and shares of videos."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from app.adapters.postgres.counts import TOTALS, Bump, bump, total
from app.adapters.postgres.keyset import batch, newest_first
from app.adapters.postgres.pool import connection, to_ms, to_time
from app.adapters.postgres.switches import Switch
from app.adapters.postgres.write import retried, write
from app.core.cursors import Keyset
from app.core.events import Event
from app.ports.graph import Toggled
from app.ports.reactions import Reaction, ReactionCounts, RecentReactions

REACTIONS: Final = Switch("social.reactions", "user_id", "kind", "video_id")

ADD_SHARE: Final = """
    INSERT INTO social.shares (video_id, event_id, user_id, channel, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (video_id, event_id) DO NOTHING RETURNING true"""
MINE: Final = """
    SELECT created_at, video_id FROM social.reactions
    WHERE user_id = $1 AND kind = $2 AND active AND (created_at, video_id) < ($3, $4)
    ORDER BY created_at DESC, video_id DESC LIMIT $5"""
RECENT: Final = """
    SELECT video_id FROM social.reactions WHERE user_id = $1 AND kind = $2 AND active
    ORDER BY video_id DESC LIMIT $3"""
REACTED: Final = """
    SELECT video_id FROM social.reactions
    WHERE user_id = $1 AND kind = $2 AND video_id = ANY($3::text[]) AND active"""

_NOUN: Final[dict[Reaction, str]] = {"like": "likes", "save": "saves"}
_NOUNS: Final = ["likes", "saves", "comments", "shares"]
_RECEIVED: Final = "likes_received"


class PostgresReactions:
    """`app.ports.reactions.Reactions`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def toggle(
        self,
        reaction: Reaction,
        user_id: str,
        video_id: str,
        on: bool,
        *,
        op_seq: int | None,
        now_ms: int,
        events: Sequence[Event] = (),
    ) -> Toggled:
        noun = _NOUN[reaction]
        async with write(self._pool, "social", events=events) as current:
            conn = current.conn
            current.changed = await REACTIONS.flip(
                conn, user_id, reaction, video_id, on=on, op_seq=op_seq, now_ms=now_ms
            )
            if current.changed:
                await bump(conn, [Bump(video_id, noun, user_id, 1 if on else -1)])
            return Toggled(current.changed, await total(conn, video_id, noun))

    @retried
    async def share(self, event: Event, user_id: str, video_id: str, channel: str) -> int:
        async with write(self._pool, "social", events=[event]) as current:
            conn = current.conn
            added = await conn.fetchval(
                ADD_SHARE, video_id, event.event_id, user_id, channel, to_time(event.occurred_at)
            )
            current.changed = bool(added)
            if current.changed:
                await bump(conn, [Bump(video_id, "shares", user_id, 1)])
            return await total(conn, video_id, "shares")

    async def mine(self, reaction: Reaction, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(MINE, user_id, reaction, *newest_first(after), limit)
        return [Keyset(to_ms(at), video_id) for at, video_id in rows]

    async def recent(self, reaction: Reaction, user_id: str, limit: int) -> RecentReactions:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(RECENT, user_id, reaction, limit + 1)
        newest = [row["video_id"] for row in rows]
        # The first that did not fit is the bound: everything above it is among those that did.
        return RecentReactions(frozenset(newest[:limit]), newest[limit] if len(newest) > limit else "")

    async def reacted(self, reaction: Reaction, user_id: str, video_ids: Sequence[str]) -> frozenset[str]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(REACTED, user_id, reaction, batch(video_ids))
        return frozenset(row["video_id"] for row in rows)

    async def counts(self, video_ids: Sequence[str]) -> dict[str, ReactionCounts]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(TOTALS, batch(video_ids), _NOUNS)
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            numbers = found.setdefault(row["subject"], {"version": 0})
            numbers[row["noun"]] = row["n"]
            numbers["version"] += row["version"]
        return {video_id: ReactionCounts(**numbers) for video_id, numbers in found.items()}

    @retried
    async def add_total_likes(self, author_id: str, delta: int, *, cause: str) -> None:
        async with write(self._pool, "social", cause=cause) as current:
            if not current.applied:
                # Here the writer is the cause: any slot will do, and one author's likes come in parallel.
                await bump(current.conn, [Bump(author_id, _RECEIVED, cause, delta)])

    async def total_likes(self, author_ids: Sequence[str]) -> dict[str, int]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(TOTALS, batch(author_ids), [_RECEIVED])
        return {row["subject"]: row["n"] for row in rows}
