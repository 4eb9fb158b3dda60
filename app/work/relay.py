"""The relay: from each store's outbox to the bus, and again whatever a bus that lost its memory had not delivered."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from app.core.clock import DAY_MS, Clock, system_ms
from app.core.errors import Unavailable
from app.core.events import TOPICS
from app.ports.bus import Bus
from app.ports.outbox import DeadLetters, Outbox, Positions
from app.work.pacing import Backoff, pause
from app.work.publisher import Publisher

QUICK_S, SLOW_S = 0.020, 0.250  # between two looks at an outbox: right after an entry, and after a while without any
TRIM_EVERY_S = 1.0
FIRST_PRUNE_AFTER_S, PRUNE_EVERY_S = 60.0, 3600.0  # the first soon: a laptop may never run for an hour
KEEP_MS = 7 * DAY_MS
PRUNE_ROWS, PRUNE_ROUNDS = 1_000, 1_000
REGISTER_LEASE_MS = 0
LEAVE_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class Relay:
    """Leads as many of `outboxes` as no other relay does. `readers` says which topics each group reads.

    `published` counts entries, `failures` unexpected errors (each is logged, and the work tried again).
    """

    def __init__(
        self,
        outboxes: Sequence[Outbox],
        bus: Bus,
        positions: Positions,
        deadletters: DeadLetters,
        owner: str,
        readers: Mapping[str, Collection[str]],
        clock: Clock = system_ms,
    ) -> None:
        self.failures = 0
        self._bus = bus
        self._positions = positions
        self._owner = f"{owner}/relay"
        self._readers = readers
        self._clock = clock
        self._trimmed: dict[tuple[str, int], tuple[str, str]] = {}
        topics = frozenset(topic for read in readers.values() for topic in read)
        self._publishers = [
            Publisher(outbox, bus, positions, deadletters, self._owner, topics, clock) for outbox in outboxes
        ]

    @property
    def published(self) -> int:
        """Entries put on the bus, those published again included."""
        return sum(publisher.published for publisher in self._publishers)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then other relays may lead at once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._until_done(stop, self._register)
                for publisher in self._publishers:
                    tasks.create_task(self._publish(publisher, stop))
                tasks.create_task(self._repeat(stop, self._trim, TRIM_EVERY_S, TRIM_EVERY_S))
                tasks.create_task(self._repeat(stop, self._prune, FIRST_PRUNE_AFTER_S, PRUNE_EVERY_S))
        finally:
            await self._leave()

    async def _publish(self, publisher: Publisher, stop: asyncio.Event) -> None:
        idle, backoff = Backoff(QUICK_S, SLOW_S), _backoff()
        while not stop.is_set():
            try:
                epoch = await self._epoch()
                busy = epoch is not None and await publisher.step(epoch)
            except Unavailable:
                await pause(stop, backoff.next_s())
                continue
            except Exception:
                self._failed("an outbox could not be relayed", publisher.outbox.origin)
                await pause(stop, backoff.next_s())
                continue
            backoff.reset()
            if busy:
                idle.reset()
            else:
                await pause(stop, idle.next_s())

    async def _epoch(self) -> str | None:
        """The bus's present epoch, a new one if it lost its memory: the publishers see that it is not the one they
        published into, whoever began it. None if another relay was quicker: ask again."""
        epoch = await self._bus.epoch()
        if epoch is not None:
            return epoch
        fresh = secrets.token_hex(8)
        if not await self._bus.begin(fresh):
            return None
        logger.warning("the bus begins a new epoch", extra={"epoch": fresh})
        return fresh

    async def _register(self) -> None:
        """Makes every group known as a reader of its topics before anything is trimmed: a group that starts later
        than another would miss what that one had read by then."""
        for group, topics in self._readers.items():
            for topic in topics:
                await self._positions.acquire(group, topic, 0, f"{self._owner}/register", REGISTER_LEASE_MS)

    async def _trim(self) -> None:
        """Frees what every group has read."""
        epoch = await self._bus.epoch()
        if epoch is None or not any(publisher.leads for publisher in self._publishers):
            return
        offsets = await self._positions.slowest_offsets(epoch)
        for (topic, partition), offset in offsets.items():
            # The groups of other loops hold positions on things that are no topics.
            if topic in TOPICS and self._trimmed.get((topic, partition)) != (epoch, offset):
                await self._bus.trim(epoch, topic, partition, offset)
                self._trimmed[topic, partition] = (epoch, offset)

    async def _prune(self) -> None:
        for publisher in self._publishers:
            for _ in range(PRUNE_ROUNDS):
                if not publisher.leads or not await publisher.outbox.prune(self._clock() - KEEP_MS, PRUNE_ROWS):
                    break

    async def _repeat(
        self, stop: asyncio.Event, work: Callable[[], Awaitable[None]], after_s: float, every_s: float
    ) -> None:
        await pause(stop, after_s)
        while not stop.is_set():
            await self._until_done(stop, work)
            await pause(stop, every_s)

    async def _until_done(self, stop: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
        backoff = _backoff()
        while not stop.is_set():
            try:
                await work()
            except Unavailable:
                await pause(stop, backoff.next_s())
            except Exception:
                self._failed("the relay's housekeeping failed", work.__name__)
                await pause(stop, backoff.next_s())
            else:
                return

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                for publisher in self._publishers:
                    await publisher.resign()
                await self._positions.release(self._owner)
        except (Unavailable, TimeoutError):
            logger.warning("leases of the relay were left to run out", extra={"owner": self._owner})

    def _failed(self, what: str, where: str) -> None:
        self.failures += 1
        logger.exception(what, extra={"where": where})


def _backoff() -> Backoff:
    return Backoff(0.1, 5.0)
