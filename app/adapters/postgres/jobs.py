"""Jobs as rows: a claim takes the oldest that nobody holds (SKIP LOCKED), and its fence names the lease from then on.

Due times and leases go by the database's clock alone, so that workers whose clocks differ agree on them.
"""

from typing import Any

import asyncpg

from app.adapters.postgres.errortext import error_text
from app.adapters.postgres.pool import connection, to_time
from app.core import ids
from app.ports.jobs import Job

_QUEUE = """
    INSERT INTO work.jobs (job_id, kind, subject, cause, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING true"""
_CLAIM = """
    UPDATE work.jobs SET
        owner = $2, lease_until = now() + $3 * interval '1 millisecond',
        fence = fence + 1, attempt = attempt + 1, progress = 0
    WHERE job_id = (
        SELECT job_id FROM work.jobs
        WHERE kind = $1 AND done_at IS NULL AND due_at <= now() AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING job_id, kind, subject, attempt, fence"""
# A lease that ran out is still its holder's until somebody else claims the job: only then does the fence move.
_HEARTBEAT = """
    UPDATE work.jobs SET lease_until = now() + $3 * interval '1 millisecond', progress = $4
    WHERE job_id = $1 AND fence = $2 AND lease_until IS NOT NULL RETURNING true"""
_FINISH = """
    UPDATE work.jobs SET done_at = now(), lease_until = NULL, progress = 100, error = NULL
    WHERE job_id = $1 AND fence = $2 AND lease_until IS NOT NULL RETURNING true"""
_RETRY_LATER = """
    UPDATE work.jobs SET owner = '', lease_until = NULL, due_at = now() + $3 * interval '1 millisecond', error = $4
    WHERE job_id = $1 AND fence = $2 AND lease_until IS NOT NULL RETURNING true"""
# The row stays, because its cause must not add the job again.
_CANCEL = """
    UPDATE work.jobs SET done_at = now(), lease_until = NULL, error = 'cancelled'
    WHERE kind = $1 AND subject = $2 AND done_at IS NULL"""
_DEPTH = "SELECT count(*) FROM work.jobs WHERE kind = $1 AND done_at IS NULL"
_PRUNE = """
WITH old AS (SELECT job_id FROM work.jobs WHERE done_at < $1 ORDER BY done_at LIMIT $2),
gone AS (DELETE FROM work.jobs WHERE job_id IN (SELECT job_id FROM old) RETURNING 1)
SELECT count(*) FROM gone"""
_PROGRESS = """
    SELECT progress FROM work.jobs
    WHERE kind = $1 AND subject = $2 AND done_at IS NULL AND lease_until IS NOT NULL"""


class PostgresJobs:
    """`app.ports.jobs.Jobs`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def queue(self, kind: str, subject: str, *, cause: str, now_ms: int) -> bool:
        return bool(await self._value(_QUEUE, ids.new("job", now_ms), kind, subject, cause, to_time(now_ms)))

    async def claim(self, kind: str, owner: str, lease_ms: int) -> Job | None:
        async with connection(self._pool) as conn:
            row = await conn.fetchrow(_CLAIM, kind, owner, lease_ms)
        return Job(*row) if row else None

    async def heartbeat(self, job: Job, lease_ms: int, progress: int) -> bool:
        return bool(await self._value(_HEARTBEAT, job.job_id, job.fence, lease_ms, progress))

    async def finish(self, job: Job) -> bool:
        return bool(await self._value(_FINISH, job.job_id, job.fence))

    async def retry_later(self, job: Job, delay_ms: int, error: str) -> bool:
        return bool(await self._value(_RETRY_LATER, job.job_id, job.fence, delay_ms, error_text(error)))

    async def cancel(self, kind: str, subject: str) -> None:
        await self._value(_CANCEL, kind, subject)

    async def prune(self, before_ms: int, limit: int) -> int:
        return int(await self._value(_PRUNE, to_time(before_ms), limit))

    async def depth(self, kind: str) -> int:
        return int(await self._value(_DEPTH, kind))

    async def progress(self, kind: str, subject: str) -> int | None:
        progress: int | None = await self._value(_PROGRESS, kind, subject)
        return progress

    async def _value(self, sql: str, *args: object) -> Any:
        async with connection(self._pool) as conn:
            return await conn.fetchval(sql, *args)
