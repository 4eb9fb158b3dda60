"""What each event added to the trending ledger, stored in the write that notes it for the ledger."""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from app.ports.trending import Contribution, Delta

# Taking an actor's part out and adding their unlike take turns: else the unlike could miss that its like is gone.
_LOCK_ACTOR: Final = "SELECT pg_advisory_xact_lock(hashtextextended('trending/' || $1, 0))"
_LOCK_ACTORS: Final = """
    SELECT pg_advisory_xact_lock_shared(hashtextextended('trending/' || actor, 0))
    FROM (SELECT unnest($1::text[]) AS actor ORDER BY actor) a"""
_LATEST_LIKES: Final = """
    SELECT DISTINCT ON (c.actor, c.video_id) c.actor, c.video_id, c.scopes, c.weight, c.weighed_at, c.retracted
    FROM activity.trending_contributions c
    JOIN unnest($1::text[], $2::text[]) AS u (actor, video_id) ON c.actor = u.actor AND c.video_id = u.video_id
    WHERE c.likes > 0 ORDER BY c.actor, c.video_id, c.at DESC, c.cause DESC"""
_WEIGHTS: Final = """
    SELECT c.actor, c.video_id, CASE WHEN c.views <> 0 THEN 'view' WHEN c.likes <> 0 THEN 'like' ELSE 'share' END,
           sum(c.weight)
    FROM activity.trending_contributions c
    JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS u (actor, video_id)
        ON c.actor = u.actor AND c.video_id = u.video_id
    WHERE c.weight <> 0 AND NOT c.retracted GROUP BY 1, 2, 3"""
_PUT: Final = """
    INSERT INTO activity.trending_contributions
        (cause, actor, video_id, published_at, scopes, views, likes, shares, at, retracted, weight, weighed_at)
    SELECT cause, actor, video_id, published_at, string_to_array(scopes, ' '), views, likes, shares, at, retracted,
           weight, weighed_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::boolean[], $11::smallint[], $12::bigint[])
         AS c (cause, actor, video_id, published_at, scopes, views, likes, shares, at, retracted, weight, weighed_at)"""
_TAKE: Final = """
    WITH chosen AS (
        SELECT cause FROM activity.trending_contributions WHERE actor = $1 AND NOT retracted ORDER BY cause LIMIT $2)
    UPDATE activity.trending_contributions c SET retracted = true FROM chosen WHERE c.cause = chosen.cause
    RETURNING c.video_id, c.published_at, c.scopes, c.views, c.likes, c.shares, c.weight, c.weighed_at"""
_NEWEST: Final = """
    SELECT cause, actor, views, likes, shares, scopes, at, retracted, weight, weighed_at
    FROM activity.trending_contributions
    WHERE video_id = $1 AND ($2 = ANY(scopes)) ORDER BY at DESC, cause LIMIT $3"""
_PRUNE: Final = """
    WITH gone AS (
        DELETE FROM activity.trending_contributions WHERE cause IN (
            SELECT cause FROM activity.trending_contributions WHERE at < $1 ORDER BY at LIMIT $2
            FOR UPDATE SKIP LOCKED)
        RETURNING true)
    SELECT count(*) FROM gone"""

_Of = tuple[str, str]  # (actor, video id)


class Part(msgspec.Struct, frozen=True):
    """What moves the ledger: counts, and `weight` (negative where an unlike takes it out) at `weighed_at`."""

    video_id: str
    published_at: int
    scopes: tuple[str, ...]
    views: int
    likes: int
    shares: int
    weight: int
    weighed_at: int


class _Like(msgspec.Struct, frozen=True):
    scopes: tuple[str, ...]
    weight: int
    weighed_at: int
    retracted: bool


class _Past(msgspec.Struct):
    """What the batch's actors did to its videos before: the latest like, and the weight in force of each kind."""

    likes: dict[_Of, _Like]
    weights: dict[tuple[str, str, str], int]


async def put(conn: asyncpg.Connection, deltas: Sequence[tuple[str, Delta]], now_ms: int) -> list[Part]:
    """Stores (cause, delta) by cause, in the order given; returns what moves the ledger. An unlike whose like was
    retracted takes nothing back a second time, so it is stored as retracted too."""
    past = await _past(conn, [delta for _, delta in deltas])
    rows, moving = [], []
    for cause, delta in deltas:
        part, retracted = _part(delta, past, now_ms)
        if not retracted:
            moving.append(part)
        counts = part.views, part.likes, part.shares
        rows.append(
            (
                cause,
                delta.actor,
                delta.video_id,
                delta.published_at,
                " ".join(part.scopes),
                *counts,
                min(delta.at, now_ms),
                retracted,
                part.weight,
                part.weighed_at,
            )
        )
    await conn.execute(_PUT, *zip(*rows, strict=True))
    return moving


def _part(delta: Delta, past: _Past, now_ms: int) -> tuple[Part, bool]:
    """What a delta comes to after all that came before it, and whether it is void."""
    of, kind = (delta.actor, delta.video_id), _kind(delta)
    scopes, weight, weighed_at, void = delta.scopes, 0, min(delta.at, now_ms), False
    like = past.likes.get(of) if delta.likes < 0 else None
    if like is not None:
        scopes, weight, weighed_at, void = like.scopes, -like.weight, like.weighed_at, like.retracted
    elif delta.weight > 0 and past.weights.get((*of, kind), 0) <= 0:
        weight = delta.weight
    if not void:
        past.weights[*of, kind] = past.weights.get((*of, kind), 0) + weight
    if delta.likes > 0:
        past.likes[of] = _Like(scopes, weight, weighed_at, retracted=False)
    counts = delta.views, delta.likes, delta.shares
    return Part(delta.video_id, delta.published_at, scopes, *counts, weight, weighed_at), void


async def _past(conn: asyncpg.Connection, deltas: Sequence[Delta]) -> _Past:
    past = _Past({}, {})
    unlikes = [delta for delta in deltas if delta.likes < 0]
    if unlikes:
        actors = [delta.actor for delta in unlikes]
        await conn.execute(_LOCK_ACTORS, actors)
        for actor, video_id, scopes, *rest in await conn.fetch(
            _LATEST_LIKES, actors, [delta.video_id for delta in unlikes]
        ):
            past.likes[actor, video_id] = _Like(tuple(scopes), *rest)
    weighty = [delta for delta in deltas if delta.weight > 0]
    if weighty:
        actors = [delta.actor for delta in weighty]
        rows = await conn.fetch(_WEIGHTS, actors, [delta.video_id for delta in weighty])
        past.weights = {(actor, video_id, kind): weight for actor, video_id, kind, weight in rows}
    return past


def _kind(delta: Delta) -> str:
    if delta.views:
        return "view"
    return "like" if delta.likes else "share"


async def take(conn: asyncpg.Connection, actor: str, limit: int) -> list[Part]:
    """Marks the actor's next `limit` contributions as retracted; what they had added."""
    await conn.execute(_LOCK_ACTOR, actor)
    rows = await conn.fetch(_TAKE, actor, limit)
    return [Part(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


async def newest(conn: asyncpg.Connection, video_id: str, scope: str, limit: int) -> list[Contribution]:
    """A video's latest contributions to a scope, the newest first."""
    rows = await conn.fetch(_NEWEST, video_id, scope, limit)
    return [Contribution(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


async def prune(conn: asyncpg.Connection, before_ms: int, limit: int) -> int:
    """Forgets at most `limit` older ones; how many."""
    count: int = await conn.fetchval(_PRUNE, before_ms, limit)
    return count
