"""The social store's counts: `social.counts` by video and user, and the two that comments carry themselves."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from app.adapters.postgres.pool import connection
from app.adapters.postgres.reconcile import LOCK, Kind, PostgresCounts, drifted, missing
from app.adapters.postgres.write import retried
from app.core import buckets
from app.ports.counts import Drift

# Which slot holds the correction does not matter: a count is the sum. The rows are locked in the order of every bump.
_CORRECT: Final = """
    INSERT INTO social.counts AS c (subject, noun, slot, n)
    SELECT subject, 'NOUN', 0, n FROM unnest($1::text[], $2::bigint[]) AS d (subject, n) ORDER BY subject
    ON CONFLICT (subject, noun, slot) DO UPDATE SET n = c.n + excluded.n, version = c.version + 1"""
_SUBJECTS: Final = """
    SELECT subject FROM (
        (SELECT DISTINCT subject FROM social.counts WHERE noun = 'NOUN' AND subject > $1 ORDER BY subject LIMIT $2)
        UNION
        (SELECT DISTINCT COLUMN FROM ROWS AND COLUMN > $1 ORDER BY COLUMN LIMIT $2)) both_sides
    ORDER BY subject LIMIT $2"""
_COMPARE: Final = """
    SELECT s.subject, coalesce(kept.n, 0)::bigint AS stored, coalesce(truth.n, 0) AS truth
    FROM unnest($1::text[]) AS s (subject)
    LEFT JOIN (SELECT subject, sum(n) AS n FROM social.counts
               WHERE noun = 'NOUN' AND subject = ANY($1::text[]) GROUP BY subject) kept ON kept.subject = s.subject
    LEFT JOIN (SELECT COLUMN AS subject, count(*) AS n FROM ROWS AND COLUMN = ANY($1::text[])
               GROUP BY COLUMN) truth ON truth.subject = s.subject"""

_COMMENTS: Final = """
    SELECT comment_id FROM social.comments WHERE (bucket, comment_id) > ($1::smallint, $2)
    ORDER BY bucket, comment_id LIMIT $3"""
_COMMENT_LIKES: Final = """
    SELECT c.comment_id, c.like_count, (SELECT count(*) FROM social.comment_likes l
                                        WHERE l.comment_id = c.comment_id AND l.active)
    FROM social.comments c WHERE c.comment_id = ANY($1::text[])"""
_REPLIES: Final = """
    SELECT c.comment_id, c.reply_count, (SELECT count(*) FROM social.comments r
                                         WHERE r.bucket = c.bucket AND r.parent_comment_id = c.comment_id
                                           AND r.deleted_at IS NULL)
    FROM social.comments c WHERE c.comment_id = ANY($1::text[])"""
_CORRECT_COMMENT: Final = """
    UPDATE social.comments c SET COLUMN = COLUMN + d.n FROM unnest($1::text[], $2::bigint[]) AS d (comment_id, n)
    WHERE c.comment_id = d.comment_id"""

# What an author received: likes of their videos, less those whose event has not had its effect yet.
_RECEIVED: Final = """
    SELECT author_id, coalesce((SELECT sum(n) FROM social.counts
                                WHERE subject = author_id AND noun = 'likes_received'), 0)::bigint AS stored,
           coalesce((SELECT sum(c.n) FROM unnest($2::text[], $3::text[]) AS v (video_id, owner_id)
                     JOIN social.counts c ON c.subject = v.video_id AND c.noun = 'likes'
                     WHERE v.owner_id = author_id), 0)::bigint AS truth
    FROM unnest($1::text[]) AS a (author_id)"""
# Dedup marks are forgotten after seven days, so an event of six is the oldest that can be said to be under way. An
# event about a video that was not given tells of one made after its author's were listed: then nothing can be said.
_EXPLAINED: Final = f"""
    SELECT r.author_id, r.stored, r.truth - coalesce(told.under_way, 0)
    FROM ({_RECEIVED}) r LEFT JOIN (
        SELECT o.data ->> 'author_id' AS author_id,
               sum(CASE o.type WHEN 'video.liked' THEN 1 ELSE -1 END)
                   FILTER (WHERE a.cause IS NULL)::bigint AS under_way,
               bool_or(o.data ->> 'video_id' <> ALL($2::text[])) AS unknown
        FROM social.outbox o LEFT JOIN social.applied a ON a.cause = o.event_id || '/total-likes'
        WHERE o.type IN ('video.liked', 'video.unliked') AND o.data ->> 'author_id' = ANY($1::text[])
          AND o.occurred_at > extract(epoch FROM now() - interval '6 days') * 1000
        GROUP BY 1) told ON told.author_id = r.author_id
    WHERE told.unknown IS NOT TRUE"""  # noqa: S608


def _counted(noun: str, column: str, rows: str) -> Kind:
    def sql(template: str) -> str:
        return template.replace("NOUN", noun).replace("COLUMN", column).replace("ROWS", rows)

    return Kind(sql(_SUBJECTS), sql(_COMPARE), sql(_CORRECT))


class PostgresSocialCounts(PostgresCounts):
    """`app.ports.counts.Counts` for videos and users, and `app.ports.counts.Received`."""

    KINDS: ClassVar[Mapping[str, Kind]] = {
        "likes": _counted("likes", "video_id", "social.reactions WHERE kind = 'like' AND active"),
        "saves": _counted("saves", "video_id", "social.reactions WHERE kind = 'save' AND active"),
        "comments": _counted("comments", "video_id", "social.comments WHERE deleted_at IS NULL"),
        "shares": _counted("shares", "video_id", "social.shares WHERE true"),
        "followers": _counted("followers", "user_id", "social.followers WHERE true"),
        "following": _counted("following", "user_id", "social.follows WHERE active"),
        "blocks": _counted("blocks", "user_id", "social.barriers WHERE kind = 'block' AND active"),
        "mutes": _counted("mutes", "user_id", "social.barriers WHERE kind = 'mute' AND active"),
    }

    @retried
    async def reconcile_received(self, videos: Mapping[str, Sequence[str]], *, repair: bool) -> list[Drift]:
        async with connection(self._pool) as conn:
            suspects = drifted(await conn.fetch(_RECEIVED, *_owned(videos)))
        if not suspects:
            return []
        doubtful = {drift.subject: videos[drift.subject] for drift in suspects}
        async with connection(self._pool) as conn, conn.transaction():
            if repair:
                await conn.execute(LOCK)
            drifts = drifted(await conn.fetch(_EXPLAINED, *_owned(doubtful)))
            if repair and drifts:
                await conn.execute(_CORRECT.replace("NOUN", "likes_received"), *missing(drifts))
        return drifts


class PostgresCommentCounts(PostgresCounts):
    """`app.ports.counts.Counts` for comments. They are paged by bucket, which an id gives."""

    KINDS: ClassVar[Mapping[str, Kind]] = {
        "comment_likes": Kind(_COMMENTS, _COMMENT_LIKES, _CORRECT_COMMENT.replace("COLUMN", "like_count")),
        "replies": Kind(_COMMENTS, _REPLIES, _CORRECT_COMMENT.replace("COLUMN", "reply_count")),
    }

    def _after(self, after: str) -> tuple[object, ...]:
        return (buckets.of_comment(after) if after else -1, after)


def _owned(videos: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str], list[str]]:
    """Authors, and the columns of (video, its author)."""
    pairs = [(video_id, author_id) for author_id, video_ids in videos.items() for video_id in video_ids]
    return list(videos), [video_id for video_id, _ in pairs], [author_id for _, author_id in pairs]
