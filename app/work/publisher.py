"""One outbox on its way to the bus: in order, by one leader at a time, and again where the bus lost it.

Durably kept beside the consumers' positions, in the group `relay`, is the epoch into which everything up to the
published mark went. Whoever leads the outbox and meets another epoch moves the mark back to what every group has
handled, and only then notes the new epoch: at any crash in between the next leader does the same again.
"""

import logging
import time
from collections.abc import Collection, Sequence

from app.core.clock import Clock
from app.core.events import TYPES
from app.ports.bus import PARTITIONS, Bus, Delivered, Outgoing, partition_of
from app.ports.outbox import DeadLetters, Outbox, Positions

GROUP = "relay"
LEASE_MS = 5_000
RENEW_AFTER_S = 1.5
BATCH = 500
FULL = 10_000  # entries of one topic on the bus: beyond it events wait in the outbox

logger = logging.getLogger(__name__)


class Publisher:
    """Relays `outbox`; call `step` again and again. `topics` are those that somebody reads: others go nowhere.

    A leader that stalls past its lease does no harm: what it publishes twice the consumers skip by number, and the
    outbox takes no mark from it.
    """

    def __init__(
        self,
        outbox: Outbox,
        bus: Bus,
        positions: Positions,
        deadletters: DeadLetters,
        owner: str,
        topics: Collection[str],
        clock: Clock,
    ) -> None:
        self.outbox = outbox
        self.published = 0
        self._bus = bus
        self._positions = positions
        self._deadletters = deadletters
        self._owner = owner
        self._topics = topics
        self._clock = clock
        self._epoch: str | None = None
        self._floors: dict[tuple[str, int], int] = {}
        self._led_at_s = float("-inf")

    @property
    def leads(self) -> bool:
        """Whether the lease is surely ours."""
        return time.monotonic() < self._led_at_s + LEASE_MS / 1000

    async def step(self, epoch: str) -> bool:
        """Publishes the next batch into the bus's present epoch. False if there is nothing to do now: no entries, the
        lease is another's, or the bus is full. Raises Unavailable."""
        if not await self._lead():
            return False
        if epoch != self._epoch and not await self._enter(epoch):
            return False
        batch = await self.outbox.next(self._owner, BATCH)
        if not batch:
            return False
        wanted = await self._wanted(batch)
        if await self._full(epoch, wanted):
            return False
        if wanted and not await self._bus.publish(epoch, wanted):
            return True  # the epoch ended under us: the next step finds out what to do
        await self.outbox.published(self._owner, batch[-1].number)
        self.published += len(wanted)
        return True

    async def resign(self) -> None:
        """Lets another lead at once."""
        if self.leads:
            self._led_at_s = float("-inf")
            await self.outbox.lead(self._owner, 0)

    async def _lead(self) -> bool:
        now_s = time.monotonic()
        if now_s < self._led_at_s + RENEW_AFTER_S:
            return True
        led = await self.outbox.lead(self._owner, LEASE_MS)
        self._led_at_s = now_s if led else float("-inf")
        return led

    async def _enter(self, epoch: str) -> bool:
        """Makes sure that everything above the published mark, and nothing that a group still needs below it, is to
        be published into this epoch."""
        origin = self.outbox.origin
        position = await self._positions.acquire(GROUP, origin, 0, self._owner, LEASE_MS)
        if position is None:
            return False
        floors = await self._positions.floors(origin)
        if position.epoch != epoch:
            slowest = min((floors.get(place, 0) for place in self._places()), default=0)
            await self.outbox.rewind(self._owner, slowest)
            if not self.leads:  # then the mark may not have moved
                return False
            position.epoch = epoch
            if not await self._positions.commit(GROUP, origin, 0, position):
                return False
            logger.info("outbox enters an epoch", extra={"origin": origin, "epoch": epoch, "after": slowest})
        self._epoch, self._floors = epoch, floors
        return True

    async def _wanted(self, batch: Sequence[Outgoing]) -> list[Outgoing]:
        """Without what every group has handled, what nobody reads, and what no version of ours knows."""
        wanted = []
        for outgoing in batch:
            topic = TYPES.get(outgoing.event.type)
            if topic is None:
                error = f"unknown event type {outgoing.event.type!r}"
                await self._deadletters.put(GROUP, Delivered("", outgoing), error, self._clock())
                logger.error("event of an unknown type set aside", extra={"event_id": outgoing.event.event_id})
            elif topic in self._topics:
                floor = self._floors.get((topic, partition_of(outgoing.event.key)), 0)
                if outgoing.number > floor:
                    wanted.append(outgoing)
        return wanted

    async def _full(self, epoch: str, batch: Sequence[Outgoing]) -> bool:
        for topic in {outgoing.event.topic for outgoing in batch}:
            if await self._bus.depth(epoch, topic) >= FULL:
                return True
        return False

    def _places(self) -> list[tuple[str, int]]:
        return [(topic, partition) for topic in self._topics for partition in range(PARTITIONS)]
