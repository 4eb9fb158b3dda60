"""What tests of consumers share: a handler that takes notes, and events on four partitions."""

from collections.abc import Awaitable, Callable, Sequence

from app.core import events
from app.core.clock import system_ms
from app.core.events import Event
from app.ports.bus import Outgoing
from app.work import handling
from app.work.consumer import Consumer
from tests.servers.events import EventWorld

SOCIAL = events.USER_INTERACTION
KEYS = ["a", "b", "c", "d"]  # one for each partition


class Diary:
    """A handler that notes what it is given, by key, and then does what it is told to for some events."""

    def __init__(self, **trouble: Callable[[], Awaitable[object]]) -> None:
        self.seen: dict[str, list[int]] = {}
        self.tries: dict[int, int] = {}
        self._trouble = trouble

    async def __call__(self, batch: Sequence[Event]) -> None:
        for event in batch:
            number = event.data["n"]
            self.tries[number] = self.tries.get(number, 0) + 1
            if trouble := self._trouble.get(f"at_{number}"):
                await trouble()
            self.seen.setdefault(event.key, []).append(number)

    def first(self, key: str) -> list[int]:
        """Numbers of a key by first delivery."""
        return list(dict.fromkeys(self.seen.get(key, [])))


def raising(error: Exception) -> Callable[[], Awaitable[object]]:
    async def trouble() -> None:
        raise error

    return trouble


def a_consumer(world: EventWorld, handle: handling.Handle, group: str = "counts", owner: str = "here") -> Consumer:
    return Consumer(group, (SOCIAL,), handle, world.bus, world.positions, world.deadletters, owner)


def liked(number: int, key: str) -> Outgoing:
    return Outgoing("social", number, events.event("video.liked", key, system_ms(), n=number))


async def publish(world: EventWorld, *outgoing: Outgoing) -> None:
    """Puts events on the bus, in the epoch `one`."""
    await world.bus.begin("one")
    assert await world.bus.publish("one", outgoing)


async def marks(world: EventWorld, group: str = "counts") -> dict[str, int]:
    """Up to which number the group has handled the partition of each of KEYS, where it has handled any."""
    rows = await world.pool.fetch(
        "SELECT part, (marks->>'social')::bigint FROM work.positions WHERE grp = $1 AND topic = $2 AND marks <> '{}'",
        *(group, SOCIAL),
    )
    return {KEYS[part]: mark for part, mark in sorted(rows)}


async def letters(world: EventWorld) -> list[int]:
    return [letter.event.data["n"] for letter in await world.deadletters.all(1_000)]
