"""Long work as leased jobs with a heartbeat: whoever dies loses the lease, and another goes on."""

from typing import Protocol

import msgspec


class Job(msgspec.Struct, frozen=True):
    """`attempt` starts at 1. `fence` names this lease: a heartbeat or an end with an older one is refused."""

    job_id: str
    kind: str
    subject: str
    attempt: int
    fence: int


class Jobs(Protocol):
    async def queue(self, kind: str, subject: str, *, cause: str, now_ms: int) -> bool:
        """Adds a job unless this `cause` added it before, or one for the same subject is waiting or running."""

    async def claim(self, kind: str, owner: str, lease_ms: int) -> Job | None:
        """The oldest job that is due or whose lease ran out."""

    async def heartbeat(self, job: Job, lease_ms: int, progress: int) -> bool:
        """Extends the lease; False if it was lost: stop working at once."""

    async def finish(self, job: Job) -> bool:
        """Ends it; False if the lease was lost."""

    async def retry_later(self, job: Job, delay_ms: int, error: str) -> bool:
        """Gives it back, due after `delay_ms`."""

    async def cancel(self, kind: str, subject: str) -> None:
        """Takes waiting and running jobs of a subject away; a running one loses its lease."""

    async def prune(self, before_ms: int, limit: int) -> int:
        """Forgets jobs that ended before then, oldest first; how many. Their causes could queue them again: keep
        them as long as an event may come back."""

    async def depth(self, kind: str) -> int:
        """Jobs waiting or running."""

    async def progress(self, kind: str, subject: str) -> int | None:
        """The running job's last heartbeat progress (0–100), if any."""
