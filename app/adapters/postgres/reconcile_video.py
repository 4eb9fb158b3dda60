"""The video store's own counts by author, and the copies it holds of other stores' counts."""

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar, Final

from app.adapters.postgres.pool import connection
from app.adapters.postgres.reconcile import Kind, PostgresCounts
from app.ports.counts import Copy

_SUBJECTS: Final = """
    SELECT user_id FROM (
        (SELECT user_id FROM video.authors WHERE user_id > $1 ORDER BY user_id LIMIT $2)
        UNION
        (SELECT DISTINCT user_id FROM video.videos WHERE status <> 'deleted' AND user_id > $1
         ORDER BY user_id LIMIT $2)) both_sides
    ORDER BY user_id LIMIT $2"""
_COMPARE: Final = """
    SELECT s.user_id, coalesce(a.COLUMN, 0) AS stored, coalesce(truth.n, 0)::bigint AS truth
    FROM unnest($1::text[]) AS s (user_id)
    LEFT JOIN video.authors a ON a.user_id = s.user_id
    LEFT JOIN (SELECT user_id, TRUTH AS n FROM video.videos
               WHERE status <> 'deleted' AND user_id = ANY($1::text[]) GROUP BY user_id) truth
           ON truth.user_id = s.user_id"""
_CORRECT: Final = """
    INSERT INTO video.authors AS a (user_id, COLUMN) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT (user_id) DO UPDATE SET COLUMN = a.COLUMN + excluded.COLUMN"""

_AUTHORS: Final = """
    WITH page AS (
        SELECT DISTINCT user_id FROM video.videos WHERE user_id > $1 ORDER BY user_id LIMIT $2)
    SELECT user_id, video_id FROM video.videos JOIN page USING (user_id)"""
_COPIES: Final = """
    WITH page AS (SELECT video_id FROM video.videos WHERE video_id > $1 ORDER BY video_id LIMIT $2)
    SELECT page.video_id, g.grp, coalesce(c.version, -1), coalesce(c.numbers, '{}')
    FROM page CROSS JOIN (VALUES ('reactions'), ('views')) AS g (grp)
    LEFT JOIN video.counts c ON c.video_id = page.video_id AND c.grp = g.grp
    ORDER BY page.video_id"""
_PUT_COPY: Final = """
    INSERT INTO video.counts AS c (video_id, grp, version, numbers) VALUES ($1, $2, $3, $4)
    ON CONFLICT (video_id, grp) DO UPDATE SET version = excluded.version, numbers = excluded.numbers
    WHERE c.version = $5
    RETURNING true"""


def _by_author(column: str, truth: str) -> Kind:
    compare = _COMPARE.replace("COLUMN", column).replace("TRUTH", truth)
    return Kind(_SUBJECTS, compare, _CORRECT.replace("COLUMN", column))


class PostgresVideoCounts(PostgresCounts):
    """`app.ports.counts.Counts` for authors, and `app.ports.counts.Copies`."""

    KINDS: ClassVar[Mapping[str, Kind]] = {
        "reserved_bytes": _by_author("reserved_bytes", "sum(reserved_bytes)"),
        "visible_videos": _by_author(
            "visible_videos", "count(*) FILTER (WHERE status = 'active' AND visibility <> 'private')"
        ),
    }

    async def authors(self, after_id: str, limit: int) -> dict[str, list[str]]:
        videos: defaultdict[str, list[str]] = defaultdict(list)
        async with connection(self._pool) as conn:
            for user_id, video_id in await conn.fetch(_AUTHORS, after_id, limit):
                videos[user_id].append(video_id)
        return dict(sorted(videos.items()))

    async def copies(self, after_id: str, limit: int) -> list[Copy]:
        async with connection(self._pool) as conn:
            return [Copy(*row) for row in await conn.fetch(_COPIES, after_id, limit)]

    async def put_copy(self, copy: Copy, seen_version: int) -> bool:
        values = copy.video_id, copy.group, copy.version, copy.numbers
        async with connection(self._pool) as conn:
            return bool(await conn.fetchval(_PUT_COPY, *values, seen_version))
