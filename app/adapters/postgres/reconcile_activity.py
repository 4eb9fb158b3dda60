"""The activity store's count of views, against the counted facts as far as they are kept."""

from collections.abc import Mapping
from typing import ClassVar, Final

from app.adapters.postgres.reconcile import Kind, PostgresCounts
from app.core import ids
from app.core.clock import DAY_MS, system_ms

KEPT_MS: Final = 90 * DAY_MS

_SUBJECTS: Final = """
    SELECT video_id FROM (
        (SELECT DISTINCT video_id FROM activity.view_counts WHERE video_id > $1 ORDER BY video_id LIMIT $2)
        UNION
        (SELECT DISTINCT video_id FROM activity.views WHERE counted AND video_id > $1 ORDER BY video_id LIMIT $2)
    ) both_sides
    ORDER BY video_id LIMIT $2"""
# Facts are dropped after 90 days. Of a video made before that ($2 is the first id made since), the kept facts are the
# least its count can be; of a later one they are the count.
_COMPARE: Final = """
    WITH facts AS (
        SELECT video_id, count(*) AS n FROM activity.views WHERE counted AND video_id = ANY($1::text[])
        GROUP BY video_id
    ), counts AS (
        SELECT video_id, sum(n)::bigint AS n FROM activity.view_counts WHERE video_id = ANY($1::text[])
        GROUP BY video_id
    )
    SELECT s.video_id, coalesce(c.n, 0) AS stored,
           CASE WHEN s.video_id COLLATE "C" >= $2 THEN coalesce(f.n, 0)
                ELSE greatest(coalesce(f.n, 0), coalesce(c.n, 0)) END AS truth
    FROM unnest($1::text[]) AS s (video_id)
    LEFT JOIN facts f ON f.video_id = s.video_id
    LEFT JOIN counts c ON c.video_id = s.video_id"""
_CORRECT: Final = """
    INSERT INTO activity.view_counts AS c (video_id, slot, n)
    SELECT video_id, 0, n FROM unnest($1::text[], $2::bigint[]) AS d (video_id, n) ORDER BY video_id
    ON CONFLICT (video_id, slot) DO UPDATE SET n = c.n + excluded.n"""


class PostgresViewCounts(PostgresCounts):
    """`app.ports.counts.Counts` for views."""

    KINDS: ClassVar[Mapping[str, Kind]] = {"views": Kind(_SUBJECTS, _COMPARE, _CORRECT)}

    def _known(self) -> tuple[object, ...]:
        return (ids.floor("vid", system_ms() - KEPT_MS),)
