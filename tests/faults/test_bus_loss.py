"""Events that are committed reach every group, whatever becomes of the bus and of those who work on it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from app.adapters.postgres.write import Store
from app.core import events
from app.core.clock import system_ms
from app.core.errors import Never
from app.core.events import Event
from app.work import consumer, publisher, relay
from app.work.consumer import Consumer
from app.work.handling import Handle
from app.work.relay import Relay
from tests.servers.events import EventWorld, becomes, event_world, running

READERS = {"counts": (events.USER_INTERACTION,), "feeds": (events.USER_INTERACTION, events.FEED_UPDATE)}
STORES: tuple[Store, ...] = ("social", "video", "activity")
KEYS = 12
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
async def engines() -> AsyncIterator[EventWorld]:
    async with event_world() as world:
        yield world


@pytest.fixture
async def world(engines: EventWorld, monkeypatch: pytest.MonkeyPatch) -> EventWorld:
    """Nothing happened yet. Batches are small, so that a loss finds many of them half done."""
    monkeypatch.setattr(publisher, "BATCH", 15)
    monkeypatch.setattr(publisher, "FULL", 120)
    monkeypatch.setattr(consumer, "ASK_AGAIN_S", 0.05)
    monkeypatch.setattr(relay, "TRIM_EVERY_S", 0.1)
    await engines.clear()
    return engines


class Ledger:
    """Everything that was emitted, and everything each group was given, in order."""

    def __init__(self, world: EventWorld) -> None:
        self.emitted: list[Event] = []
        self.poison: set[str] = set()
        self._world = world
        self._given: dict[str, list[Event]] = {group: [] for group in READERS}

    async def emit(self, count: int, *, poison_every: int = 0) -> None:
        """Commits so many events in small writes to all stores, a few keys each."""
        for number in range(len(self.emitted), len(self.emitted) + count):
            store = STORES[number % 3]
            key = f"{store}/{number // 3 % KEYS}"
            type_ = "video.liked" if number % 2 else "video.changed"
            event = events.event(type_, key, system_ms(), n=number)
            if poison_every and number % poison_every == 0:
                self.poison.add(event.event_id)
            self.emitted.append(event)
            await self._world.emit(store, event)

    def handler(self, group: str) -> Handle:
        """Has each event's effect, in its store, once."""

        async def handle(batch: Sequence[Event]) -> None:
            for event in batch:
                if event.event_id in self.poison:
                    raise Never("poison")
                if event.topic in READERS[group]:
                    self._given[group].append(event)
                    await self._world.affect(group, event)

        return handle

    def wanted(self, group: str) -> dict[str, int]:
        """What `EventWorld.effects` must come to."""
        return {
            event.event_id: 1
            for event in self.emitted
            if event.topic in READERS[group] and event.event_id not in self.poison
        }

    async def is_settled(self) -> None:
        """Waits until every group has had every effect; once each, and first deliveries in order."""
        for group in READERS:
            await becomes(lambda group=group: self._missing(group), 0, PATIENCE_S)  # type: ignore[misc]
            assert await self._world.effects(group) == self.wanted(group)
            first: dict[str, list[int]] = {}
            for event in dict.fromkeys(event.event_id for event in self._given[group]):
                number = self._numbers[event]
                first.setdefault(self.emitted[number].key, []).append(number)
            assert all(numbers == sorted(numbers) for numbers in first.values())

    async def _missing(self, group: str) -> int:
        return len(self.wanted(group)) - len(await self._world.effects(group))

    @property
    def _numbers(self) -> dict[str, int]:
        return {event.event_id: number for number, event in enumerate(self.emitted)}


def workers(world: EventWorld, ledger: Ledger, owner: str) -> list[Relay | Consumer]:
    """What one worker process runs."""
    ports = (world.bus, world.positions, world.deadletters, owner)
    relays = [Relay([world.outboxes[store] for store in STORES], *ports, READERS)]
    return relays + [Consumer(group, topics, ledger.handler(group), *ports) for group, topics in READERS.items()]


async def test_a_flush_with_unconsumed_events_loses_none(world: EventWorld) -> None:
    ledger = Ledger(world)
    async with running(workers(world, ledger, "relay only")[0]):
        await ledger.emit(90)
        await becomes(world.depth, 90)
    world.valkey.flush()
    async with running(*workers(world, ledger, "all")):
        await ledger.is_settled()


async def test_flushes_in_the_middle_of_republishing_lose_none(world: EventWorld) -> None:
    ledger = Ledger(world)
    await ledger.emit(360)
    async with running(*workers(world, ledger, "a"), *workers(world, ledger, "b")):
        for _ in range(8):
            await becomes(lambda: some(world.depth), True)
            world.valkey.flush()
        await ledger.is_settled()


async def some(depth: Callable[[], Awaitable[int]]) -> bool:
    return await depth() > 0


@pytest.mark.parametrize("saved", [False, True], ids=["empty", "from an old snapshot"])
async def test_a_killed_bus_that_comes_back_loses_none(world: EventWorld, saved: bool) -> None:
    ledger = Ledger(world)
    async with running(*workers(world, ledger, "a"), *workers(world, ledger, "b")):
        await ledger.emit(100)
        if saved:
            world.valkey.save()
        await ledger.emit(100)
        world.valkey.kill()
        await ledger.emit(100)
        world.valkey.start()
        await ledger.emit(100)
        await ledger.is_settled()


async def test_poison_stays_aside_and_the_rest_flows_through_losses(world: EventWorld) -> None:
    ledger = Ledger(world)
    async with running(*workers(world, ledger, "a")):
        await ledger.emit(150, poison_every=11)
        world.valkey.flush()
        await ledger.emit(150, poison_every=11)
        await ledger.is_settled()
        letters = {(letter.group, letter.event.event_id) for letter in await world.deadletters.all(1_000)}
    by_id = {event.event_id: event for event in ledger.emitted}
    assert letters == {
        (group, event_id) for event_id in ledger.poison for group in READERS if by_id[event_id].topic in READERS[group]
    }


async def test_workers_that_come_and_go_lose_none(world: EventWorld) -> None:
    ledger = Ledger(world)
    for life in range(4):
        async with running(*workers(world, ledger, f"a{life}"), *workers(world, ledger, f"b{life}")):
            await ledger.emit(60)
        world.valkey.flush()
    async with running(*workers(world, ledger, "last")):
        await ledger.is_settled()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
async def test_any_sequence_of_losses_loses_none(world: EventWorld, seed: int) -> None:
    draw = random.Random(seed)
    ledger = Ledger(world)
    lives = [workers(world, ledger, f"start {n}") for n in range(2)]
    async with asyncio.TaskGroup() as tasks:
        stops = [asyncio.Event(), asyncio.Event()]

        def begin(place: int) -> list[asyncio.Task[None]]:
            return [tasks.create_task(loop.run(stops[place])) for loop in lives[place]]

        at_work = [begin(0), begin(1)]
        for round_ in range(40):
            await ledger.emit(draw.randrange(60), poison_every=draw.choice([0, 13]))
            match draw.randrange(5):
                case 0 | 1:
                    world.valkey.flush()
                case 2:
                    world.valkey.restart()
                case 3:
                    world.valkey.save()
                case 4:
                    place = draw.randrange(2)
                    for task in at_work[place]:
                        task.cancel()
                    await asyncio.gather(*at_work[place], return_exceptions=True)
                    lives[place] = workers(world, ledger, f"round {round_}")
                    at_work[place] = begin(place)
        await ledger.is_settled()
        for stop in stops:
            stop.set()
