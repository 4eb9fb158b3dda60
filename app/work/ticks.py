"""Periodic work, done by one process at a time and not again after a restart until it is due.

When a tick last ran is kept with its lease (group `tick`, topic its name), so that whoever is first to find it due
runs it, and the others see that it was done. A tick must be harmless when it runs twice.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from app.core.clock import Clock, system_ms
from app.core.errors import Unavailable
from app.ports.outbox import Positions
from app.work.pacing import Backoff, pause

GROUP = "tick"
RAN_AT = "ran_at_ms"
MARGIN_S = 5.0
LOOK_EVERY_S = 60.0  # a clock may be set, and a laptop may sleep
LEAVE_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class Tick(msgspec.Struct, frozen=True):
    """`run` is called every `every_s`, and cancelled after `limit_s`."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[None]]
    limit_s: float = 60.0


class Ticks:
    """Runs each of `ticks` on its own: one that fails or hangs holds up none of the others.

    `ran` counts runs, `failures` those that raised; each is logged and tried again before it is due.
    """

    def __init__(self, ticks: Sequence[Tick], positions: Positions, owner: str, clock: Clock = system_ms) -> None:
        self.ran = 0
        self.failures = 0
        self._ticks = ticks
        self._positions = positions
        self._owner = f"{owner}/ticks"
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then what runs is finished, and other processes may take over at once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for tick in self._ticks:
                    tasks.create_task(self._keep(tick, stop))
        finally:
            await self._leave()

    async def _keep(self, tick: Tick, stop: asyncio.Event) -> None:
        backoff = Backoff(min(1.0, tick.every_s), min(60.0, tick.every_s))
        while not stop.is_set():
            try:
                due_in_s = await self._turn(tick)
            except Unavailable:
                logger.warning("tick waits for a store", extra={"tick": tick.name})
                await pause(stop, backoff.next_s())
            except Exception:
                self.failures += 1
                logger.exception("tick failed", extra={"tick": tick.name})
                await pause(stop, backoff.next_s())
            else:
                backoff.reset()
                # The jitter lets processes that wait for the same moment come one after the other.
                late_s = random.uniform(0.0, min(0.1 * tick.every_s, 1.0))  # noqa: S311 - nothing to guess
                await pause(stop, min(due_in_s, LOOK_EVERY_S) + late_s)

    async def _turn(self, tick: Tick) -> float:
        """Runs the tick if it is due and nobody else runs it; seconds until it is due next."""
        lease_ms = int((tick.limit_s + MARGIN_S) * 1000)
        position = await self._positions.acquire(GROUP, tick.name, 0, self._owner, lease_ms)
        if position is None:
            return tick.every_s
        now_ms = self._clock()
        since_ms = now_ms - position.marks.get(RAN_AT, 0)
        if 0 <= since_ms < tick.every_s * 1000:  # below 0 the clock was set back: better once too often
            await self._let_go(tick)
            return tick.every_s - since_ms / 1000
        async with asyncio.timeout(tick.limit_s):
            await tick.run()
        self.ran += 1
        position.marks = {RAN_AT: now_ms}
        await self._positions.commit(GROUP, tick.name, 0, position)
        await self._let_go(tick)
        return max(0.0, tick.every_s - (self._clock() - now_ms) / 1000)

    async def _let_go(self, tick: Tick) -> None:
        """Between two runs nobody holds the lease: a process that is killed then keeps no other from running it."""
        await self._positions.acquire(GROUP, tick.name, 0, self._owner, 0)

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                await self._positions.release(self._owner)
        except (Unavailable, TimeoutError):
            logger.warning("leases of ticks were left to run out", extra={"owner": self._owner})
