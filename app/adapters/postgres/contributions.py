"""What each event added to the trending ledger, stored in the ledger's own transaction."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from app.ports.trending import Contribution, Delta

# Taking an actor's part out and adding their unlike take turns: else the unlike could miss that its like is gone.
_LOCK_ACTOR: Final = "SELECT pg_advisory_xact_lock(hashtextextended('trending/' || $1, 0))"
_LOCK_ACTORS: Final = """
    SELECT pg_advisory_xact_lock_shared(hashtextextended('trending/' || actor, 0))
    FROM (SELECT unnest($1::text[]) AS actor ORDER BY actor) a"""
_RETRACTED_LIKES: Final = """
    SELECT c.actor, c.video_id FROM activity.trending_contributions c
    JOIN unnest($1::text[], $2::text[]) AS u (actor, video_id) ON c.actor = u.actor AND c.video_id = u.video_id
    WHERE c.retracted GROUP BY c.actor, c.video_id HAVING sum(c.likes) > 0"""
_PUT: Final = """
    INSERT INTO activity.trending_contributions
        (cause, actor, video_id, published_at, scopes, views, likes, shares, at, retracted)
    SELECT cause, actor, video_id, published_at, string_to_array(scopes, ' '), views, likes, shares,
           least(at, (extract(epoch FROM now()) * 1000)::bigint), retracted
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::boolean[])
         AS c (cause, actor, video_id, published_at, scopes, views, likes, shares, at, retracted)"""
_TAKE: Final = """
    WITH chosen AS (
        SELECT cause FROM activity.trending_contributions WHERE actor = $1 AND NOT retracted ORDER BY cause LIMIT $2)
    UPDATE activity.trending_contributions c SET retracted = true FROM chosen WHERE c.cause = chosen.cause
    RETURNING c.cause, c.actor, c.video_id, c.published_at, c.scopes, c.views, c.likes, c.shares, c.at"""
_NEWEST: Final = """
    SELECT cause, actor, views, likes, shares, scopes, at, retracted FROM activity.trending_contributions
    WHERE video_id = $1 AND ($2 = ANY(scopes)) ORDER BY at DESC, cause LIMIT $3"""
_PRUNE: Final = """
    WITH gone AS (
        DELETE FROM activity.trending_contributions WHERE cause IN (
            SELECT cause FROM activity.trending_contributions WHERE at < $1 ORDER BY at LIMIT $2
            FOR UPDATE SKIP LOCKED)
        RETURNING true)
    SELECT count(*) FROM gone"""


async def put(conn: asyncpg.Connection, deltas: Sequence[tuple[str, Delta]]) -> list[Delta]:
    """Stores (cause, delta) by cause; returns those that move the ledger. An unlike whose like was retracted takes
    nothing back a second time, so it is stored as retracted too."""
    unlikes = [delta for _, delta in deltas if delta.likes < 0]
    void: set[tuple[str, str]] = set()
    if unlikes:
        actors = [delta.actor for delta in unlikes]
        await conn.execute(_LOCK_ACTORS, actors)
        found = await conn.fetch(_RETRACTED_LIKES, actors, [delta.video_id for delta in unlikes])
        void = {(actor, video_id) for actor, video_id in found}
    rows, counting = [], []
    for cause, delta in sorted(deltas, key=lambda pair: pair[0]):
        retracted = delta.likes < 0 and (delta.actor, delta.video_id) in void
        if retracted:
            void.remove((delta.actor, delta.video_id))
        else:
            counting.append(delta)
        counts = delta.views, delta.likes, delta.shares
        scopes = " ".join(delta.scopes)
        rows.append((cause, delta.actor, delta.video_id, delta.published_at, scopes, *counts, delta.at, retracted))
    await conn.execute(_PUT, *zip(*rows, strict=True))
    return counting


async def take(conn: asyncpg.Connection, actor: str, limit: int) -> list[Delta]:
    """Marks the actor's next `limit` contributions as retracted; what they had added."""
    await conn.execute(_LOCK_ACTOR, actor)
    rows = await conn.fetch(_TAKE, actor, limit)
    return [
        Delta(
            event_id=row["cause"],
            video_id=row["video_id"],
            published_at=row["published_at"],
            scopes=tuple(row["scopes"]),
            views=row["views"],
            likes=row["likes"],
            shares=row["shares"],
            actor=row["actor"],
            at=row["at"],
        )
        for row in rows
    ]


async def newest(conn: asyncpg.Connection, video_id: str, scope: str, limit: int) -> list[Contribution]:
    """A video's latest contributions to a scope, the newest first."""
    rows = await conn.fetch(_NEWEST, video_id, scope, limit)
    return [Contribution(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


async def prune(conn: asyncpg.Connection, before_ms: int, limit: int) -> int:
    """Forgets at most `limit` older ones; how many."""
    count: int = await conn.fetchval(_PRUNE, before_ms, limit)
    return count
