"""The durable side of events: each store's outbox, the consumers' positions, and the dead letters."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.core.events import Event
from app.ports.bus import Delivered, Outgoing


class Outbox(Protocol):
    """One per store. Exactly one relay at a time works on it (`lead`)."""

    origin: str

    async def lead(self, owner: str, lease_ms: int) -> bool:
        """Takes or keeps the relay's lease."""

    async def next(self, owner: str, limit: int) -> list[Outgoing]:
        """Numbers what is not numbered yet, in commit order, and returns the next entries after the published mark."""

    async def published(self, owner: str, number: int) -> None:
        """Moves the published mark forward."""

    async def rewind(self, owner: str, number: int) -> None:
        """Moves the published mark back to `number`: what comes after will be published again."""

    async def prune(self, before_ms: int, limit: int) -> int:
        """Deletes published entries older than that (seven days), and dedup marks of the same age."""

    async def backlog(self) -> int:
        """Entries not yet published."""


class Position(msgspec.Struct):
    """Where a group stands in one partition: the bus offset within `epoch`, and per origin the last outbox number."""

    epoch: str
    offset: str
    marks: dict[str, int]
    fence: int


class Positions(Protocol):
    async def acquire(self, group: str, topic: str, partition: int, owner: str, lease_ms: int) -> Position | None:
        """Takes or keeps the lease on a partition; None while another owner holds it."""

    async def commit(self, group: str, topic: str, partition: int, position: Position) -> bool:
        """Stores the position if `position.fence` is still the lease's."""

    async def release(self, owner: str) -> None:
        """Gives up all leases of an owner, so that others need not wait for them to run out."""

    async def floors(self, origin: str) -> dict[tuple[str, int], int]:
        """For each (topic, partition) the smallest mark of `origin` over all groups that read the topic."""

    async def slowest_offsets(self, epoch: str) -> dict[tuple[str, int], str]:
        """For each (topic, partition) the smallest offset of this epoch over the groups; only partitions on which
        every group has one."""


class DeadLetter(msgspec.Struct, frozen=True):
    letter_id: int
    group: str
    event: Event
    error: str
    failed_at: int


class DeadLetters(Protocol):
    async def put(self, group: str, delivered: Delivered, error: str, now_ms: int) -> None:
        """Keeps an event its group could not handle; once per (group, event)."""

    async def all(self, limit: int) -> list[DeadLetter]:
        """Oldest first."""

    async def request_replay(self, letter_ids: Sequence[int]) -> int:
        """Marks letters to be handled again; all of them if none is named. Returns how many."""

    async def wanted(self, group: str, limit: int) -> list[DeadLetter]:
        """Letters of a group that are marked."""

    async def settle(self, letter_id: int, error: str | None) -> None:
        """Removes a letter after success, or takes its mark off and notes the new error."""
