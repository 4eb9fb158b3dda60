"""Leased jobs. See `app.ports.jobs`."""

import asyncio
import secrets

import pytest

from app.core.clock import HOUR_MS, system_ms
from app.core.errors import Unavailable
from app.ports.jobs import Job, Jobs
from tests.contract.kill import killed_at

LEASE_MS = 60_000


def a_name() -> str:
    """A kind, subject or cause that no other test names."""
    return secrets.token_hex(8)


async def queued(jobs: Jobs, kind: str, count: int = 1) -> list[str]:
    subjects = [a_name() for _ in range(count)]
    for subject in subjects:
        assert await jobs.queue(kind, subject, cause=a_name(), now_ms=system_ms())
    return subjects


async def claimed(jobs: Jobs, kind: str, lease_ms: int = LEASE_MS) -> Job:
    job = await jobs.claim(kind, "a", lease_ms)
    assert job is not None
    return job


async def test_a_job_is_claimed_worked_on_and_finished(jobs: Jobs) -> None:
    kind = a_name()
    (subject,) = await queued(jobs, kind)
    assert await jobs.progress(kind, subject) is None
    job = await claimed(jobs, kind)
    assert (job.kind, job.subject, job.attempt) == (kind, subject, 1)
    assert await jobs.claim(kind, "b", LEASE_MS) is None
    assert await jobs.progress(kind, subject) == 0
    assert await jobs.heartbeat(job, LEASE_MS, 40)
    assert await jobs.progress(kind, subject) == 40
    assert await jobs.depth(kind) == 1
    assert await jobs.finish(job)
    assert await jobs.depth(kind) == 0
    assert await jobs.progress(kind, subject) is None
    assert await jobs.claim(kind, "b", LEASE_MS) is None
    assert not await jobs.finish(job)
    assert not await jobs.heartbeat(job, LEASE_MS, 50)
    assert not await jobs.retry_later(job, 0, "late")


async def test_a_cause_adds_one_job_even_after_it_is_done(jobs: Jobs) -> None:
    kind, subject, why = a_name(), a_name(), a_name()
    results = await asyncio.gather(*(jobs.queue(kind, subject, cause=why, now_ms=system_ms()) for _ in range(6)))
    assert sorted(results) == [False] * 5 + [True]
    assert await jobs.finish(await claimed(jobs, kind))
    assert not await jobs.queue(kind, subject, cause=why, now_ms=system_ms())
    assert await jobs.queue(kind, subject, cause=a_name(), now_ms=system_ms())
    assert await jobs.queue(a_name(), subject, cause=why, now_ms=system_ms())


async def test_a_subject_has_one_job_waiting_or_running(jobs: Jobs) -> None:
    kind, subject = a_name(), a_name()
    results = await asyncio.gather(*(jobs.queue(kind, subject, cause=a_name(), now_ms=system_ms()) for _ in range(6)))
    assert sorted(results) == [False] * 5 + [True]
    job = await claimed(jobs, kind)
    assert not await jobs.queue(kind, subject, cause=a_name(), now_ms=system_ms())
    assert await jobs.finish(job)
    assert await jobs.queue(kind, subject, cause=a_name(), now_ms=system_ms())


async def test_jobs_are_claimed_oldest_first_and_by_kind(jobs: Jobs) -> None:
    kind = a_name()
    subjects = await queued(jobs, kind, 4)
    await queued(jobs, a_name())
    assert [(await claimed(jobs, kind)).subject for _ in subjects] == subjects


async def test_a_queueing_clock_that_is_ahead_delays_nothing(jobs: Jobs) -> None:
    kind = a_name()
    assert await jobs.queue(kind, a_name(), cause=a_name(), now_ms=system_ms() + HOUR_MS)
    await claimed(jobs, kind)


async def test_two_claimers_never_share_a_job(jobs: Jobs) -> None:
    kind = a_name()
    subjects = await queued(jobs, kind, 20)

    async def claim_all(owner: str) -> list[Job]:
        mine = []
        while (job := await jobs.claim(kind, owner, LEASE_MS)) is not None:
            mine.append(job)
        return mine

    shares = await asyncio.gather(*(claim_all(f"owner {n}") for n in range(6)))
    assert sorted(job.subject for share in shares for job in share) == sorted(subjects)


async def test_a_lease_that_ran_out_is_taken_over_and_its_holder_refused(jobs: Jobs) -> None:
    kind = a_name()
    await queued(jobs, kind)
    dead = await claimed(jobs, kind, 0)  # out at once
    successor = await claimed(jobs, kind)
    assert (successor.job_id, successor.attempt) == (dead.job_id, 2)
    assert successor.fence > dead.fence
    assert not await jobs.heartbeat(dead, LEASE_MS, 90)
    assert not await jobs.finish(dead)
    assert not await jobs.retry_later(dead, 0, "late")
    assert await jobs.progress(kind, dead.subject) == 0
    assert await jobs.heartbeat(successor, LEASE_MS, 10)
    assert await jobs.finish(successor)


async def test_a_heartbeat_in_time_keeps_the_lease(jobs: Jobs) -> None:
    kind = a_name()
    await queued(jobs, kind)
    job = await claimed(jobs, kind, 0)
    assert await jobs.heartbeat(job, LEASE_MS, 1)  # nobody had taken it yet
    assert await jobs.claim(kind, "b", LEASE_MS) is None


async def test_a_job_given_back_is_due_later_and_counts_its_attempts(jobs: Jobs) -> None:
    kind = a_name()
    (subject,) = await queued(jobs, kind)
    first = await claimed(jobs, kind)
    assert await jobs.retry_later(first, 0, "no\x00space")
    assert await jobs.progress(kind, subject) is None
    assert not await jobs.heartbeat(first, LEASE_MS, 50)
    second = await claimed(jobs, kind)
    assert (second.attempt, second.fence > first.fence) == (2, True)
    assert await jobs.retry_later(second, HOUR_MS, "no space")
    assert await jobs.claim(kind, "b", LEASE_MS) is None
    assert await jobs.depth(kind) == 1


async def test_a_cancelled_job_is_gone_and_its_holder_loses_the_lease(jobs: Jobs) -> None:
    kind = a_name()
    running, waiting = await queued(jobs, kind, 2)
    job = await claimed(jobs, kind)
    assert job.subject == running
    await jobs.cancel(kind, running)
    assert not await jobs.heartbeat(job, LEASE_MS, 50)
    assert not await jobs.finish(job)
    assert await jobs.depth(kind) == 1
    await jobs.cancel(kind, waiting)
    assert await jobs.depth(kind) == 0
    assert await jobs.claim(kind, "b", LEASE_MS) is None
    assert await jobs.queue(kind, running, cause=a_name(), now_ms=system_ms())


async def test_a_cause_does_not_bring_a_cancelled_job_back(jobs: Jobs) -> None:
    kind, subject, why = a_name(), a_name(), a_name()
    assert await jobs.queue(kind, subject, cause=why, now_ms=system_ms())
    await jobs.cancel(kind, subject)
    assert not await jobs.queue(kind, subject, cause=why, now_ms=system_ms())
    assert await jobs.depth(kind) == 0


async def test_a_claim_killed_on_its_way_takes_nothing(jobs: Jobs, migrator_database_url: str) -> None:
    kind = a_name()
    await queued(jobs, kind)
    async with killed_at(migrator_database_url, "work.jobs", kind=kind):
        with pytest.raises(Unavailable):
            await jobs.claim(kind, "a", LEASE_MS)
    assert (await claimed(jobs, kind)).attempt == 1


async def test_ended_jobs_are_forgotten_and_living_ones_kept(jobs: Jobs) -> None:
    kind, why = a_name(), a_name()
    ended, _living = a_name(), await queued(jobs, kind, 1)
    assert await jobs.queue(kind, ended, cause=why, now_ms=system_ms())
    await jobs.cancel(kind, ended)
    await jobs.prune(system_ms() - 60_000, 10_000)
    assert not await jobs.queue(kind, ended, cause=why, now_ms=system_ms())
    while await jobs.prune(system_ms() + 60_000, 10_000):
        pass
    assert await jobs.queue(kind, ended, cause=why, now_ms=system_ms())
    assert await jobs.depth(kind) == 2
