"""Follows, blocks and mutes.

A follow or block concerns a pair of people and touches rows of both, in both directions. All such writes of one pair
take turns by an advisory lock: a follow cannot slip past a block under way, nor can two of them meet in a ring.
"""

from collections.abc import Sequence
from typing import Final

import asyncpg

from app.adapters.postgres.counts import TOTALS, Bump, bump, total
from app.adapters.postgres.keyset import batch, newest_first
from app.adapters.postgres.pool import connection, to_ms, to_time
from app.adapters.postgres.switches import Switch
from app.adapters.postgres.write import Write, retried, write
from app.core.cursors import Keyset
from app.core.errors import Conflict, NotFound
from app.core.events import Event, event
from app.ports.graph import EDGES_LIMIT, Circle, Edge, FollowCounts, Relation, Toggled

FOLLOWER_BATCH = 10_000

FOLLOWS: Final = Switch("social.follows", "user_id", "other_id")
BARRIERS: Final = Switch("social.barriers", "user_id", "kind", "other_id")

LOCK_PAIR: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
BLOCKED: Final = """
    SELECT EXISTS (SELECT FROM social.barriers
                   WHERE user_id = $1 AND kind IN ('block', 'block_by') AND other_id = $2 AND active)"""
ADD_FOLLOWER: Final = """
    INSERT INTO social.followers (user_id, follower_id, follower_no, created_at)
    SELECT $1, user_id, user_no, $3 FROM social.users WHERE user_id = $2
    RETURNING true"""
DROP_FOLLOWER: Final = "DELETE FROM social.followers WHERE user_id = $1 AND follower_id = $2"

FOLLOWERS: Final = """
    SELECT created_at, follower_id FROM social.followers
    WHERE user_id = $1 AND (created_at, follower_id) < ($2, $3)
    ORDER BY created_at DESC, follower_id DESC LIMIT $4"""
FOLLOWING: Final = """
    SELECT created_at, other_id FROM social.follows
    WHERE user_id = $1 AND active AND (created_at, other_id) < ($2, $3)
    ORDER BY created_at DESC, other_id DESC LIMIT $4"""
FOLLOWER_PAGE: Final = """
    SELECT follower_id, follower_no FROM social.followers
    WHERE user_id = $1 AND follower_id > $2 ORDER BY follower_id LIMIT $3"""
RELATIONS: Final = """
    SELECT other_id AS other, 'following' AS kind FROM social.follows
    WHERE user_id = $1 AND other_id = ANY($2::text[]) AND active
    UNION ALL
    SELECT follower_id, 'followed_by' FROM social.followers
    WHERE user_id = $1 AND follower_id = ANY($2::text[])
    UNION ALL
    SELECT other_id, kind FROM social.barriers
    WHERE user_id = $1 AND kind IN ('block', 'block_by', 'mute') AND other_id = ANY($2::text[]) AND active"""
CIRCLE: Final = """
    SELECT f.other_id AS other, CASE WHEN r.user_id IS NULL THEN 'following' ELSE 'friend' END AS kind
    FROM social.follows f
    LEFT JOIN social.followers r ON r.user_id = $1 AND r.follower_id = f.other_id
    WHERE f.user_id = $1 AND f.active
    UNION ALL
    SELECT other_id, kind FROM social.barriers WHERE user_id = $1 AND active"""

_FIELD: Final = {"block": "blocked", "block_by": "blocked_by", "mute": "muted"}


class PostgresGraph:
    """`app.ports.graph.Graph`."""

    def __init__(self, pool: asyncpg.Pool, *, edges_limit: int = EDGES_LIMIT) -> None:
        self._pool = pool
        self._edges_limit = edges_limit

    @retried
    async def toggle(
        self,
        edge: Edge,
        user_id: str,
        other_id: str,
        on: bool,
        *,
        op_seq: int | None,
        now_ms: int,
        events: Sequence[Event] = (),
    ) -> Toggled:
        async with write(self._pool, "social", events=events) as current:
            if edge == "follow":
                return await self._follow(current, user_id, other_id, on, op_seq, now_ms)
            put_up = _block if edge == "block" else _mute
            toggled = await put_up(current, user_id, other_id, on, op_seq, now_ms)
            self._refuse_beyond_limit(edge, toggled.count if on and toggled.changed else 0)
            return toggled

    async def _follow(
        self, current: Write, user_id: str, other_id: str, on: bool, op_seq: int | None, now_ms: int
    ) -> Toggled:
        conn = current.conn
        await _lock_pair(conn, user_id, other_id)
        if on and await conn.fetchval(BLOCKED, user_id, other_id):
            raise Conflict("One of the two has blocked the other.", code="blocked")
        current.changed = await FOLLOWS.flip(conn, user_id, other_id, on=on, op_seq=op_seq, now_ms=now_ms)
        if current.changed:
            if not on:
                await conn.execute(DROP_FOLLOWER, other_id, user_id)
            elif not await conn.fetchval(ADD_FOLLOWER, other_id, user_id, to_time(now_ms)):
                raise NotFound("There is no such user.")
            await bump(conn, _follow_bumps(user_id, other_id, 1 if on else -1))
            if on:
                self._refuse_beyond_limit("follow", await total(conn, user_id, "following"))
        return Toggled(current.changed, await total(conn, other_id, "followers"))

    def _refuse_beyond_limit(self, edge: Edge, count: int) -> None:
        # The person is the only writer of this count, whose row is locked by now: the limit holds in parallel too.
        if count > self._edges_limit:
            raise Conflict(f"Nobody can {edge} more than {self._edges_limit}.", code=f"{edge}_limit")

    async def followers(self, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        return await self._page(FOLLOWERS, user_id, after, limit)

    async def following(self, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        return await self._page(FOLLOWING, user_id, after, limit)

    async def follower_batch(self, user_id: str, after_id: str, limit: int) -> list[tuple[str, int]]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(FOLLOWER_PAGE, user_id, after_id, min(limit, FOLLOWER_BATCH))
        return [(row["follower_id"], row["follower_no"]) for row in rows]

    async def counts(self, user_ids: Sequence[str]) -> dict[str, FollowCounts]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(TOTALS, batch(user_ids), ["followers", "following"])
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            found.setdefault(row["subject"], {})[row["noun"]] = row["n"]
        return {user_id: FollowCounts(**numbers) for user_id, numbers in found.items()}

    async def relations(self, viewer_id: str, other_ids: Sequence[str]) -> dict[str, Relation]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(RELATIONS, viewer_id, batch(other_ids))
        found: dict[str, dict[str, bool]] = {other_id: {} for other_id in other_ids}
        for row in rows:
            found[row["other"]][_FIELD.get(row["kind"], row["kind"])] = True
        return {other_id: Relation(**flags) for other_id, flags in found.items()}

    async def circle(self, user_id: str) -> Circle:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(CIRCLE, user_id)
        sets: dict[str, set[str]] = {kind: set() for kind in ("following", "friend", "block", "block_by", "mute")}
        for row in rows:
            sets[row["kind"]].add(row["other"])
        return Circle(
            following=frozenset(sets["following"] | sets["friend"]),
            friends=frozenset(sets["friend"]),
            blocked=frozenset(sets["block"] | sets["block_by"]),
            muted=frozenset(sets["mute"]),
        )

    async def _page(self, sql: str, user_id: str, after: Keyset | None, limit: int) -> list[Keyset]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(sql, user_id, *newest_first(after), limit)
        return [Keyset(to_ms(at), other) for at, other in rows]


async def _block(current: Write, user_id: str, other_id: str, on: bool, op_seq: int | None, now_ms: int) -> Toggled:
    conn = current.conn
    await _lock_pair(conn, user_id, other_id)
    current.changed = await BARRIERS.flip(conn, user_id, "block", other_id, on=on, op_seq=op_seq, now_ms=now_ms)
    if current.changed:
        await BARRIERS.flip(conn, other_id, "block_by", user_id, on=on, op_seq=None, now_ms=now_ms)
        bumps = [Bump(user_id, "blocks", user_id, 1 if on else -1)]
        if on:
            for follower, followed in ((user_id, other_id), (other_id, user_id)):
                bumps += await _end_follow(current, follower, followed, now_ms)
        await bump(conn, bumps)
    return Toggled(current.changed, await total(conn, user_id, "blocks"))


async def _end_follow(current: Write, follower: str, followed: str, now_ms: int) -> list[Bump]:
    if not await FOLLOWS.flip(current.conn, follower, followed, on=False, op_seq=None, now_ms=now_ms):
        return []
    await current.conn.execute(DROP_FOLLOWER, followed, follower)
    current.events.append(event("user.unfollowed", follower, now_ms, user_id=follower, other_id=followed))
    return _follow_bumps(follower, followed, -1)


async def _mute(current: Write, user_id: str, other_id: str, on: bool, op_seq: int | None, now_ms: int) -> Toggled:
    conn = current.conn
    current.changed = await BARRIERS.flip(conn, user_id, "mute", other_id, on=on, op_seq=op_seq, now_ms=now_ms)
    if current.changed:
        await bump(conn, [Bump(user_id, "mutes", user_id, 1 if on else -1)])
    return Toggled(current.changed, await total(conn, user_id, "mutes"))


def _follow_bumps(follower: str, followed: str, by: int) -> list[Bump]:
    # Both on the follower's account, whoever ends it: each slot stays the number of its own followers.
    return [Bump(followed, "followers", follower, by), Bump(follower, "following", follower, by)]


async def _lock_pair(conn: asyncpg.Connection, one: str, other: str) -> None:
    await conn.execute(LOCK_PAIR, "|".join(sorted((one, other))))
