"""A group's consumer: reads its topics' partitions, as many of them as no other consumer of the group holds."""

import asyncio
import logging
from collections.abc import Collection

from app.core.clock import Clock, system_ms
from app.core.errors import Unavailable
from app.ports.bus import PARTITIONS, Bus
from app.ports.outbox import DeadLetters, Positions
from app.work.handling import Handle, Handling
from app.work.pacing import Backoff, jittered, pause
from app.work.partition import LeaseLostError, Partition

ASK_AGAIN_S = 1.0  # while there is nothing to read from
REPLAY_EVERY_S = 5.0
REPLAY_LIMIT = 100
REPLAY_TOPIC = "deadletters"  # no topic: the position whose lease says who replays
REPLAY_LEASE_MS = 60_000
LEAVE_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class Consumer:
    """`handle` gets events of `topics`, per key in order, each at least once, of every type: it passes over those it
    has no use for. It must not assume that it is called once: effects are keyed by event (`app.core.events.cause`).

    `failures` counts unexpected errors of the loop itself; each is logged, and the partition read again.
    """

    def __init__(
        self,
        group: str,
        topics: Collection[str],
        handle: Handle,
        bus: Bus,
        positions: Positions,
        deadletters: DeadLetters,
        owner: str,
        clock: Clock = system_ms,
    ) -> None:
        self.group = group
        self.failures = 0
        self._owner = f"{owner}/{group}"
        self._positions = positions
        self._handling = Handling(group, handle, deadletters, clock)
        self._partitions = [
            Partition(topic, number, bus, positions, self._handling, self._owner, clock)
            for topic in topics
            for number in range(PARTITIONS)
        ]

    @property
    def handled(self) -> int:
        """Events that had their effect, repeats included."""
        return self._handling.handled

    @property
    def dead(self) -> int:
        """Events that went to the dead letters."""
        return self._handling.dead

    @property
    def lag_ms(self) -> int:
        """How old the oldest event was that a partition met last."""
        return max((partition.lag_ms for partition in self._partitions), default=0)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then what is being handled is finished, and other consumers may take over at once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for partition in self._partitions:
                    tasks.create_task(self._read(partition, stop))
                tasks.create_task(self._replay(stop))
        finally:
            await self._leave()

    async def _read(self, partition: Partition, stop: asyncio.Event) -> None:
        backoff = Backoff(0.1, 5.0)
        while not stop.is_set():
            try:
                readable = await partition.turn(stop)
            except LeaseLostError:
                partition.forget()
            except Unavailable:
                partition.forget()
                await pause(stop, backoff.next_s())
            except Exception:
                self._failed("a partition could not be read", f"{partition.topic}/{partition.number}")
                partition.forget()
                await pause(stop, backoff.next_s())
            else:
                backoff.reset()
                if not readable:
                    await pause(stop, jittered(ASK_AGAIN_S))

    async def _replay(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if await self._positions.acquire(self.group, REPLAY_TOPIC, 0, self._owner, REPLAY_LEASE_MS):
                    await self._handling.replay(REPLAY_LIMIT)
            except Unavailable:
                logger.info("replay of dead letters waits", extra={"group": self.group})
            except Exception:
                self._failed("dead letters could not be replayed", self.group)
            await pause(stop, jittered(REPLAY_EVERY_S))

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                await self._positions.release(self._owner)
        except (Unavailable, TimeoutError):
            logger.warning("leases of a consumer were left to run out", extra={"owner": self._owner})

    def _failed(self, what: str, where: str) -> None:
        self.failures += 1
        logger.exception(what, extra={"where": where})
