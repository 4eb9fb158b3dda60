"""One partition of a topic, read in order by one consumer at a time: lease, read, effect, then position."""

import asyncio
import time
from collections.abc import Sequence

from app.core.clock import Clock
from app.ports.bus import Bus, Delivered
from app.ports.outbox import Position, Positions
from app.work.handling import EVENT_LIMIT_S, Handling

LEASE_MS = 15_000
# No attempt begins with less of the lease left than it may take, so none runs on while another has the partition.
RENEW_AFTER_S = LEASE_MS / 1000 - EVENT_LIMIT_S - 1.0
READ_LIMIT = 100
READ_WAIT_MS = 1_000


class LeaseLostError(Exception):
    """Another consumer has the partition: whatever was read is no longer ours to handle."""


class Partition:
    """Call `turn` again and again; after an exception call `forget` first."""

    def __init__(
        self, topic: str, number: int, bus: Bus, positions: Positions, handling: Handling, owner: str, clock: Clock
    ) -> None:
        self.topic = topic
        self.number = number
        self.lag_ms = 0  # age of the oldest event of the last batch; 0 when there was nothing to read
        self._bus = bus
        self._positions = positions
        self._handling = handling
        self._owner = owner
        self._clock = clock
        self._epoch: str | None = None
        self._position: Position | None = None
        self._renew_at_s = 0.0

    async def turn(self, stop: asyncio.Event) -> bool:
        """Reads once, waiting up to READ_WAIT_MS, and handles what came; after `stop` no more than one event of it.
        False if there is nothing to read from: the lease is another's, or the bus has no epoch yet. Raises
        Unavailable, or LeaseLostError on the way."""
        try:
            position = await self._hold()
        except LeaseLostError:
            self.lag_ms = 0
            return False
        self._epoch = self._epoch or await self._bus.epoch()
        if self._epoch is None:
            return False
        offset = position.offset if position.epoch == self._epoch else ""
        read = await self._bus.read(
            self._epoch, self.topic, {self.number: offset}, limit=READ_LIMIT, wait_ms=READ_WAIT_MS
        )
        if read is None:
            self._epoch = None
            return True
        deliveries = read.get(self.number, [])
        if deliveries:
            await self._take(self._epoch, deliveries, stop)
        else:
            self.lag_ms = 0
        return True

    def forget(self) -> None:
        """Drops what is known about lease, epoch and position: the next turn asks anew."""
        self._epoch = None
        self._position = None

    async def _take(self, epoch: str, deliveries: Sequence[Delivered], stop: asyncio.Event) -> None:
        position = await self._hold()
        fresh = _fresh(deliveries, position.marks)
        if fresh:
            self.lag_ms = max(0, self._clock() - fresh[0].outgoing.event.occurred_at)
        if not fresh or await self._handling.all_at_once(fresh):
            await self._commit(epoch, deliveries[-1].offset, fresh)
            return
        for delivered in fresh:
            await self._hold()
            await self._handling.one(delivered)
            await self._commit(epoch, delivered.offset, [delivered])
            if stop.is_set():
                return

    async def _hold(self) -> Position:
        """The position, under a lease that lasts for one more attempt."""
        now_s = time.monotonic()
        if self._position is not None and now_s < self._renew_at_s:
            return self._position
        stored = await self._positions.acquire(self._group, self.topic, self.number, self._owner, LEASE_MS)
        if stored is None:
            self._position = None
            raise LeaseLostError
        self._position = stored
        self._renew_at_s = now_s + RENEW_AFTER_S
        return stored

    async def _commit(self, epoch: str, offset: str, done: Sequence[Delivered]) -> None:
        held = self._position
        if held is None:
            raise LeaseLostError
        marks = dict(held.marks)
        for delivered in done:
            outgoing = delivered.outgoing
            if outgoing.origin:
                marks[outgoing.origin] = outgoing.number
        position = Position(epoch, offset, marks, held.fence)
        if not await self._positions.commit(self._group, self.topic, self.number, position):
            raise LeaseLostError
        self._position = position

    @property
    def _group(self) -> str:
        return self._handling.group


def _fresh(deliveries: Sequence[Delivered], marks: dict[str, int]) -> list[Delivered]:
    """Those that were not handled before. A relay publishes again after a crash or a loss, always in order."""
    marks = dict(marks)
    fresh = []
    for delivered in deliveries:
        outgoing = delivered.outgoing
        if not outgoing.origin:  # it could not be read
            fresh.append(delivered)
        elif outgoing.number > marks.get(outgoing.origin, 0):
            marks[outgoing.origin] = outgoing.number
            fresh.append(delivered)
    return fresh
