"""The video store on PostgreSQL: one document a record, with the columns that conditions and indices need beside it."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from app.adapters.postgres.keyset import batch
from app.adapters.postgres.pool import connection
from app.adapters.postgres.write import find_receipt, retried, write
from app.core.cursors import Keyset
from app.core.errors import Conflict, NotFound, Stale
from app.core.events import Event, Receipt
from app.ports.videos import Counts, Status, Video, VideoAndCounts
from hotpath.pure.records import Stored

MAX_AUTHORS = 1_000

_TOP = Keyset(2**63 - 1, "")  # above every row of a list that starts with the newest

_COUNTS_OF_GROUP = {"reactions": {"likes", "comments", "shares", "saves"}, "views": {"views"}}

# The upsert is the quota check: its row lock makes parallel creations queue, and each sees the sum of those before.
_RESERVE = """
    INSERT INTO video.authors AS a (user_id, reserved_bytes, visible_videos)
    SELECT $1, $2::bigint, $3::bigint WHERE $2 <= $4::bigint
    ON CONFLICT (user_id) DO UPDATE
    SET reserved_bytes = a.reserved_bytes + $2, visible_videos = a.visible_videos + $3
    WHERE a.reserved_bytes + $2 <= $4
    RETURNING true"""
_MOVE_AUTHOR = """
    UPDATE video.authors SET reserved_bytes = reserved_bytes + $2, visible_videos = visible_videos + $3
    WHERE user_id = $1"""
_INSERT = """
    INSERT INTO video.videos (
        video_id, version, status, moderation_status, visibility, category, music_id,
        updated_at, publish_at, published_at, processed_at, reserved_bytes, document, user_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"""
_LOCK = "SELECT document::text FROM video.videos WHERE video_id = $1 FOR UPDATE"
_UPDATE = """
    UPDATE video.videos SET
        version = $2, status = $3, moderation_status = $4, visibility = $5, category = $6, music_id = $7,
        updated_at = $8, publish_at = $9, published_at = $10, processed_at = $11, reserved_bytes = $12, document = $13
    WHERE video_id = $1"""
_GET_MANY = """
    SELECT v.video_id, v.user_id, v.music_id, v.document::text,
           (coalesce(r.numbers, '{}') || coalesce(w.numbers, '{}'))::text AS counts,
           coalesce(r.version, 0) + coalesce(w.version, 0) AS counts_version
    FROM video.videos v
    LEFT JOIN video.counts r ON r.video_id = v.video_id AND r.grp = 'reactions'
    LEFT JOIN video.counts w ON w.video_id = v.video_id AND w.grp = 'views'
    WHERE v.video_id = ANY($1::text[])"""
_BY_AUTHOR = """
    SELECT document::text FROM video.videos
    WHERE user_id = $1 AND status <> 'deleted' AND (created_at, video_id) < ($2, $3)
    ORDER BY created_at DESC, video_id DESC LIMIT $4"""
_NEWEST_BY_AUTHORS = """
    SELECT author.place, newest.published_at, newest.video_id
    FROM unnest($1::text[]) WITH ORDINALITY AS author (user_id, place)
    CROSS JOIN LATERAL (
        SELECT v.published_at, v.video_id FROM video.videos v
        WHERE v.user_id = author.user_id AND v.status = 'active' AND v.visibility <> 'private' AND v.published_at <= $2
        ORDER BY v.published_at DESC, v.video_id DESC LIMIT $3
    ) newest
    ORDER BY author.place, newest.published_at DESC, newest.video_id DESC"""
_NEWEST_AMONG = """
    SELECT newest.published_at, newest.video_id
    FROM unnest($1::text[]) AS author (user_id)
    CROSS JOIN LATERAL (
        SELECT v.published_at, v.video_id FROM video.videos v
        WHERE v.user_id = author.user_id AND v.status = 'active' AND v.visibility <> 'private' AND v.published_at <= $2
        ORDER BY v.published_at DESC, v.video_id DESC LIMIT $3
    ) newest
    ORDER BY newest.published_at DESC, newest.video_id DESC LIMIT $4"""
_FRESH = """
    SELECT published_at, video_id FROM video.videos
    WHERE status = 'active' AND visibility = 'public' AND (published_at, video_id) < ($1, $2)
    ORDER BY published_at DESC, video_id DESC LIMIT $3"""
_FRESH_IN_CATEGORY = """
    SELECT published_at, video_id FROM video.videos
    WHERE status = 'active' AND visibility = 'public' AND category = $4 AND (published_at, video_id) < ($1, $2)
    ORDER BY published_at DESC, video_id DESC LIMIT $3"""
_BY_MUSIC = """
    SELECT published_at, video_id FROM video.videos
    WHERE status = 'active' AND visibility = 'public' AND music_id = $1 AND (published_at, video_id) < ($2, $3)
    ORDER BY published_at DESC, video_id DESC LIMIT $4"""
_STALLED = """
    SELECT document::text FROM video.videos WHERE status = $1 AND updated_at < $2
    ORDER BY updated_at, video_id LIMIT $3"""
_DUE = """
    SELECT document::text FROM video.videos
    WHERE status = 'processing' AND processed_at IS NOT NULL AND moderation_status = 'approved' AND publish_at <= $1
    ORDER BY publish_at, video_id LIMIT $2"""
_SET_COUNTS = """
    INSERT INTO video.counts AS c (video_id, grp, version, numbers) VALUES ($1, $2, $3, $4)
    ON CONFLICT (video_id, grp) DO UPDATE SET version = excluded.version, numbers = excluded.numbers
    WHERE c.version < excluded.version
    RETURNING true"""
_AUTHORS_COUNTS = "SELECT user_id, visible_videos FROM video.authors WHERE user_id = ANY($1::text[])"
_RESERVED_BYTES = "SELECT reserved_bytes FROM video.authors WHERE user_id = $1"

# Straight from jsonb's text into the struct: the pool's codec would build dicts on the way.
_decode_video = msgspec.json.Decoder(Video).decode
_decode_counts = msgspec.json.Decoder(Counts).decode


class PostgresVideos:
    """`app.ports.videos.Videos`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def create(
        self,
        video: Video,
        *,
        quota_bytes: int,
        events: Sequence[Event] = (),
        receipt: Receipt | None = None,
    ) -> None:
        async with write(self._pool, "video", events=events, receipt=receipt) as w:
            within_quota = await w.conn.fetchval(
                _RESERVE, video.user_id, video.reserved_bytes, int(_visible(video)), quota_bytes
            )
            if not within_quota:
                raise Conflict("Your videos take all the space you have; delete some first.", code="quota_exceeded")
            await w.conn.execute(_INSERT, *_columns(video), video.user_id, video.created_at)

    async def get(self, video_id: str) -> VideoAndCounts | None:
        return (await self.get_many([video_id])).get(video_id)

    async def get_many(self, video_ids: Sequence[str]) -> dict[str, VideoAndCounts]:
        rows = await self.stored(video_ids)
        return {row[0]: VideoAndCounts(_decode_video(row[3]), _decode_counts(row[4]), row[5]) for row in rows}

    async def stored(self, video_ids: Sequence[str]) -> list[Stored]:
        return await self._fetch(_GET_MANY, batch(video_ids))

    @retried
    async def save(
        self,
        video: Video,
        *,
        events: Sequence[Event] = (),
        cause: str | None = None,
        receipt: Receipt | None = None,
    ) -> Video:
        async with write(self._pool, "video", events=events, cause=cause, receipt=receipt) as w:
            document = await w.conn.fetchval(_LOCK, video.video_id)
            if document is None:
                raise NotFound("There is no such video.")
            stored = _decode_video(document)
            if w.applied:
                return stored
            if stored.version != video.version:
                raise Stale("The video was changed meanwhile.")
            saved = msgspec.structs.replace(video, version=video.version + 1)
            await w.conn.execute(_UPDATE, *_columns(saved))
            more_bytes = saved.reserved_bytes - stored.reserved_bytes
            more_visible = _visible(saved) - _visible(stored)
            if more_bytes or more_visible:
                await w.conn.execute(_MOVE_AUTHOR, stored.user_id, more_bytes, more_visible)
            return saved

    async def by_author(self, user_id: str, after: Keyset | None, limit: int) -> list[Video]:
        below = after or _TOP
        return _videos(await self._fetch(_BY_AUTHOR, user_id, below.at, below.id, limit))

    async def newest_by_authors(
        self, user_ids: Sequence[str], before_ms: int, per_author: int
    ) -> list[list[tuple[int, str]]]:
        if len(user_ids) > MAX_AUTHORS:
            raise ValueError(f"{len(user_ids)} authors are more than {MAX_AUTHORS}")
        newest: list[list[tuple[int, str]]] = [[] for _ in user_ids]
        for place, published_at, video_id in await self._fetch(_NEWEST_BY_AUTHORS, user_ids, before_ms, per_author):
            newest[place - 1].append((published_at, video_id))
        return newest

    async def newest_among(
        self, user_ids: Sequence[str], before_ms: int, per_author: int, limit: int
    ) -> list[tuple[int, str]]:
        if len(user_ids) > MAX_AUTHORS:
            raise ValueError(f"{len(user_ids)} authors are more than {MAX_AUTHORS}")
        # As the driver has them: a build takes their ids, and a hundred tuples would be made for nothing.
        return await self._fetch(_NEWEST_AMONG, user_ids, before_ms, per_author, limit)

    async def fresh(self, after: Keyset | None, limit: int, category: str | None = None) -> list[tuple[int, str]]:
        below = after or _TOP
        if category is None:
            return _places(await self._fetch(_FRESH, below.at, below.id, limit))
        return _places(await self._fetch(_FRESH_IN_CATEGORY, below.at, below.id, limit, category))

    async def by_music(self, music_id: str, after: Keyset | None, limit: int) -> list[tuple[int, str]]:
        below = after or _TOP
        return _places(await self._fetch(_BY_MUSIC, music_id, below.at, below.id, limit))

    async def stalled(self, status: Status, before_ms: int, limit: int) -> list[Video]:
        return _videos(await self._fetch(_STALLED, status, before_ms, limit))

    async def due(self, now_ms: int, limit: int) -> list[Video]:
        return _videos(await self._fetch(_DUE, now_ms, limit))

    async def set_counts(self, video_id: str, group: str, counts: dict[str, int], version: int) -> bool:
        if counts.keys() != _COUNTS_OF_GROUP[group]:  # a name that no reader knows would be lost without a sign
            raise ValueError(f"the counts of {group} are {sorted(_COUNTS_OF_GROUP[group])}")
        async with connection(self._pool) as conn:
            return bool(await conn.fetchval(_SET_COUNTS, video_id, group, version, counts))

    async def authors_counts(self, user_ids: Sequence[str]) -> dict[str, int]:
        return dict(await self._fetch(_AUTHORS_COUNTS, user_ids))

    async def reserved_bytes(self, user_id: str) -> int:
        async with connection(self._pool) as conn:
            return int(await conn.fetchval(_RESERVED_BYTES, user_id) or 0)

    async def find_receipt(self, scope: str, key: str) -> Receipt | None:
        return await find_receipt(self._pool, "video", scope, key)

    async def _fetch(self, sql: str, *args: object) -> list[Any]:
        async with connection(self._pool) as conn:
            rows: list[Any] = await conn.fetch(sql, *args)
            return rows


def _columns(video: Video) -> tuple[object, ...]:
    """$1 to $13 of _INSERT and _UPDATE."""
    return (
        video.video_id,
        video.version,
        video.status,
        video.moderation_status,
        video.visibility,
        video.category,
        video.music_id,
        video.updated_at,
        video.publish_at,
        video.published_at,
        video.processed_at,
        video.reserved_bytes,
        video,
    )


def _visible(video: Video) -> bool:
    return video.status == "active" and video.visibility != "private"


def _videos(rows: list[Any]) -> list[Video]:
    return [_decode_video(row[0]) for row in rows]


def _places(rows: list[Any]) -> list[tuple[int, str]]:
    return list(map(tuple, rows))
