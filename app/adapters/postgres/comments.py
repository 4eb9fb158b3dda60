"""Comments, replies and likes of comments. Every statement names the bucket, which either id gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from app.adapters.postgres.counts import Bump, bump
from app.adapters.postgres.keyset import batch, newest_first, oldest_first
from app.adapters.postgres.pool import connection, to_ms, to_time
from app.adapters.postgres.switches import Switch
from app.adapters.postgres.write import retried, write
from app.core import buckets
from app.core.cursors import Keyset
from app.core.errors import NotFound
from app.core.events import Event, Receipt
from app.ports.comments import Comment
from app.ports.graph import Toggled

LIKES: Final = Switch("social.comment_likes", "user_id", "comment_id")

_COLUMNS: Final = """
    comment_id, video_id, user_id, parent_comment_id, content, like_count, reply_count,
    created_at, updated_at, deleted_at"""

INSERT: Final = """
    INSERT INTO social.comments
        (bucket, comment_id, video_id, user_id, parent_comment_id, content, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
ADD_REPLY: Final = """
    UPDATE social.comments SET reply_count = reply_count + 1
    WHERE bucket = $1 AND comment_id = $2 AND video_id = $3 AND parent_comment_id IS NULL AND deleted_at IS NULL
    RETURNING true"""
DROP_REPLY: Final = "UPDATE social.comments SET reply_count = reply_count - 1 WHERE bucket = $1 AND comment_id = $2"
GET: Final = f"SELECT {_COLUMNS} FROM social.comments WHERE bucket = $1 AND comment_id = $2"  # noqa: S608
OF_VIDEO: Final = f"""
    SELECT {_COLUMNS} FROM social.comments
    WHERE bucket = $1 AND video_id = $2 AND parent_comment_id IS NULL
      AND (deleted_at IS NULL OR reply_count > 0) AND (created_at, comment_id) < ($3, $4)
    ORDER BY created_at DESC, comment_id DESC LIMIT $5"""  # noqa: S608
REPLIES: Final = f"""
    SELECT {_COLUMNS} FROM social.comments
    WHERE bucket = $1 AND parent_comment_id = $2 AND deleted_at IS NULL AND (created_at, comment_id) > ($3, $4)
    ORDER BY created_at, comment_id LIMIT $5"""  # noqa: S608
EDIT: Final = f"""
    UPDATE social.comments SET content = $3, updated_at = $4
    WHERE bucket = $1 AND comment_id = $2 AND deleted_at IS NULL
    RETURNING {_COLUMNS}"""  # noqa: S608
DELETE: Final = """
    UPDATE social.comments SET content = '', updated_at = $3, deleted_at = $3
    WHERE bucket = $1 AND comment_id = $2 AND deleted_at IS NULL
    RETURNING video_id, user_id, parent_comment_id"""
LOCK: Final = """
    SELECT like_count FROM social.comments WHERE bucket = $1 AND comment_id = $2 AND deleted_at IS NULL
    FOR NO KEY UPDATE"""
COUNT_LIKE: Final = """
    UPDATE social.comments SET like_count = like_count + $3 WHERE bucket = $1 AND comment_id = $2
    RETURNING like_count"""
LIKED: Final = """
    SELECT comment_id FROM social.comment_likes
    WHERE user_id = $1 AND comment_id = ANY($2::text[]) AND active"""


class PostgresComments:
    """`app.ports.comments.Comments`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def create(self, comment: Comment, *, events: Sequence[Event] = (), receipt: Receipt | None = None) -> None:
        bucket, parent = buckets.of_video(comment.video_id), comment.parent_comment_id
        async with write(self._pool, "social", events=events, receipt=receipt) as current:
            conn = current.conn
            if parent is not None and not await conn.fetchval(ADD_REPLY, bucket, parent, comment.video_id):
                raise NotFound("There is no such comment to reply to.")
            await conn.execute(
                INSERT,
                bucket,
                comment.comment_id,
                comment.video_id,
                comment.user_id,
                parent,
                comment.content,
                to_time(comment.created_at),
                to_time(comment.updated_at),
            )
            await bump(conn, [Bump(comment.video_id, "comments", comment.user_id, 1)])

    async def get(self, comment_id: str) -> Comment | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(GET, buckets.of_comment(comment_id), comment_id)
        return _comment(row) if row else None

    async def of_video(self, video_id: str, after: Keyset | None, limit: int) -> list[Comment]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(OF_VIDEO, buckets.of_video(video_id), video_id, *newest_first(after), limit)
        return [_comment(row) for row in rows]

    async def replies(self, comment_id: str, after: Keyset | None, limit: int) -> list[Comment]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(REPLIES, buckets.of_comment(comment_id), comment_id, *oldest_first(after), limit)
        return [_comment(row) for row in rows]

    async def edit(self, comment_id: str, content: str, now_ms: int) -> Comment | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(EDIT, buckets.of_comment(comment_id), comment_id, content, to_time(now_ms))
        return _comment(row) if row else None

    @retried
    async def delete(self, comment_id: str, now_ms: int, *, events: Sequence[Event] = ()) -> bool:
        bucket = buckets.of_comment(comment_id)
        async with write(self._pool, "social", events=events) as current:
            gone = await current.conn.fetchrow(DELETE, bucket, comment_id, to_time(now_ms))
            current.changed = gone is not None
            if gone is not None:
                if gone["parent_comment_id"] is not None:
                    await current.conn.execute(DROP_REPLY, bucket, gone["parent_comment_id"])
                # On the writer's account, whoever deletes it: that slot counted it.
                await bump(current.conn, [Bump(gone["video_id"], "comments", gone["user_id"], -1)])
            return current.changed

    @retried
    async def like(self, user_id: str, comment_id: str, on: bool, *, op_seq: int | None, now_ms: int) -> Toggled | None:
        bucket = buckets.of_comment(comment_id)
        async with write(self._pool, "social") as current:
            conn = current.conn
            # The comment is locked before the like, so that none is stored for a comment that is being deleted.
            count = await conn.fetchval(LOCK, bucket, comment_id)
            if count is None:
                return None
            changed = await LIKES.flip(conn, user_id, comment_id, on=on, op_seq=op_seq, now_ms=now_ms)
            if changed:
                count = await conn.fetchval(COUNT_LIKE, bucket, comment_id, 1 if on else -1)
            return Toggled(changed, count)

    async def liked(self, user_id: str, comment_ids: Sequence[str]) -> frozenset[str]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(LIKED, user_id, batch(comment_ids))
        return frozenset(row["comment_id"] for row in rows)


def _comment(row: asyncpg.Record) -> Comment:
    fields = dict(row)
    for name in ("created_at", "updated_at", "deleted_at"):
        at: datetime | None = row[name]
        fields[name] = None if at is None else to_ms(at)
    return Comment(**fields)
