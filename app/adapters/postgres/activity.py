"""The activity store on PostgreSQL: facts and history partitioned by month, and the counts that follow from them."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import asyncpg
import msgspec

from app.adapters.postgres.keyset import batch
from app.adapters.postgres.pool import connection
from app.adapters.postgres.write import retried, write
from app.core.clock import DAY_MS
from app.core.cursors import Keyset
from app.core.events import Event
from app.ports.activity import COUNT_AGAIN_AFTER_MS, Interaction, Recorded, View, Watched

SLOTS = 16  # rows over which one video's count is spread, so that a viral video is not one hot row
MAX_INTERACTIONS = 500
KEPT_MS = 90 * DAY_MS

_TOP = Keyset(2**63 - 1, "")  # above every row of a list that starts with the newest
_PRUNE_ROWS = 5_000
_PRUNE_ROUNDS = 200  # at most a million rows in one call; the next call goes on

# One statement, because every view runs it. The upsert of last_counted is the 30-minute rule: parallel facts of one
# viewer queue at its row, and those that find it fresh return nothing, which the three others read as "not counted".
_RECORD = """
    WITH newly_counted AS (
        INSERT INTO activity.last_counted AS l (viewer, video_id, counted_at)
        SELECT $1, $3, $9::bigint WHERE $4 = 'engaged' AND NOT $7::boolean
        ON CONFLICT (viewer, video_id) DO UPDATE SET counted_at = excluded.counted_at
        WHERE l.counted_at <= excluded.counted_at - $13::bigint
        RETURNING true
    ), total AS (
        INSERT INTO activity.view_counts AS c (video_id, slot, n)
        SELECT $3, $10::smallint, 1 FROM newly_counted
        ON CONFLICT (video_id, slot) DO UPDATE SET n = c.n + 1
    ), watched AS (
        INSERT INTO activity.watch_history AS h (user_id, watched_at, video_id, watched_ms, completed)
        SELECT $11, $12::bigint, $3, $5::integer, $4 IN ('complete', 'loop') WHERE $11::text IS NOT NULL
        ON CONFLICT (user_id, watched_at, video_id) DO UPDATE
        SET watched_ms = greatest(h.watched_ms, excluded.watched_ms), completed = h.completed OR excluded.completed
    )
    INSERT INTO activity.views (viewer, event_id, video_id, type, watched_ms, position_ms, own, region, at, counted)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, EXISTS (SELECT FROM newly_counted)
    RETURNING counted"""
_HISTORY = """
    SELECT watched_at, video_id, watched_ms, completed FROM activity.watch_history
    WHERE user_id = $1 AND (watched_at, video_id) < ($2, $3)
    ORDER BY watched_at DESC, video_id DESC LIMIT $4"""
_VIEW_COUNTS = """
    SELECT video_id, sum(n)::bigint FROM activity.view_counts WHERE video_id = ANY($1::text[]) GROUP BY video_id"""
_INTERACT = """
    INSERT INTO activity.user_interactions AS i (user_id, kind, subject, at)
    SELECT u, k, s, max(at) FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS done (u, k, s, at)
    GROUP BY u, k, s ORDER BY u, k, s
    ON CONFLICT (user_id, kind, subject) DO UPDATE SET at = excluded.at WHERE i.at < excluded.at"""
_WATCHERS = """
    SELECT DISTINCT user_id FROM activity.watch_history WHERE user_id > $2 AND watched_at >= $1
    ORDER BY user_id LIMIT $3"""
_ENGAGEMENT = """
    SELECT user_id, count(*) FROM activity.user_interactions WHERE user_id = ANY($1::text[]) AND at >= $2
    GROUP BY user_id"""
_MAINTAIN = "SELECT activity.maintain($1)"
_PRUNE_LAST_COUNTED = """
    WITH gone AS (
        DELETE FROM activity.last_counted WHERE (viewer, video_id) IN (
            SELECT viewer, video_id FROM activity.last_counted WHERE counted_at < $1
            ORDER BY counted_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING true)
    SELECT count(*) FROM gone"""
_PRUNE_INTERACTIONS = """
    WITH gone AS (
        DELETE FROM activity.user_interactions WHERE (user_id, kind, subject) IN (
            SELECT user_id, kind, subject FROM activity.user_interactions WHERE at < $1
            ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING true)
    SELECT count(*) FROM gone"""


class PostgresActivity:
    """`app.ports.activity.Activity`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @retried
    async def record_view(self, view: View, event: Event) -> Recorded:
        # The facts' own key holds their time too, as a partitioned table demands, so it can't tell that an event id
        # came before: the dedup mark does. Marks outlive every playback token, without which no fact comes here.
        async with write(self._pool, "activity", cause=f"view/{view.viewer}/{view.event_id}") as w:
            if w.applied:
                return Recorded(fresh=False, counted=False)
            counted = bool(await w.conn.fetchval(_RECORD, *_parameters(view)))
            seen = {"kind": view.type, "own": view.own, "counted": counted}
            w.events = [msgspec.structs.replace(event, data=event.data | seen)]
            return Recorded(fresh=True, counted=counted)

    async def history(self, user_id: str, after: Keyset | None, limit: int) -> list[Watched]:
        below = after or _TOP
        return [Watched(*row) for row in await self._fetch(_HISTORY, user_id, below.at, below.id, limit)]

    async def view_counts(self, video_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        # A count of views only grows, so it is its own version.
        return {video_id: (n, n) for video_id, n in await self._fetch(_VIEW_COUNTS, batch(video_ids))}

    @retried
    async def record_interactions(self, done: Sequence[Interaction]) -> None:
        if len(done) > MAX_INTERACTIONS:
            raise ValueError(f"{len(done)} interactions are more than {MAX_INTERACTIONS}")
        rows = [(each.user_id, each.kind, each.subject, each.at) for each in done]
        if rows:
            async with connection(self._pool) as conn:
                await conn.execute(_INTERACT, *zip(*rows, strict=True))

    async def watchers(self, since_ms: int, after_id: str, limit: int) -> list[str]:
        return [user_id for (user_id,) in await self._fetch(_WATCHERS, since_ms, after_id, limit)]

    async def engagement(self, user_ids: Sequence[str], since_ms: int) -> dict[str, int]:
        return dict(await self._fetch(_ENGAGEMENT, batch(user_ids), since_ms))

    async def maintain(self, now_ms: int) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(_MAINTAIN, now_ms)
        # A row decides nothing once it is COUNT_AGAIN_AFTER_MS old; a day leaves room for clocks that differ.
        await self._prune(_PRUNE_LAST_COUNTED, now_ms - DAY_MS)
        await self._prune(_PRUNE_INTERACTIONS, now_ms - KEPT_MS)

    async def _prune(self, sql: str, before_ms: int) -> None:
        async with connection(self._pool) as conn:
            for _ in range(_PRUNE_ROUNDS):
                if await conn.fetchval(sql, before_ms, _PRUNE_ROWS) < _PRUNE_ROWS:
                    return

    async def _fetch(self, sql: str, *args: object) -> list[Any]:
        async with connection(self._pool) as conn:
            rows: list[Any] = await conn.fetch(sql, *args)
            return rows


def _parameters(view: View) -> tuple[object, ...]:
    """$1 to $13 of _RECORD."""
    return (
        view.viewer,
        view.event_id,
        view.video_id,
        view.type,
        view.watched_ms,
        view.position_ms,
        view.own,
        view.region,
        view.at,
        crc32(view.viewer.encode()) % SLOTS,
        view.user_id,
        view.playback_at,
        COUNT_AGAIN_AFTER_MS,
    )
