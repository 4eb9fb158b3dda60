import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.core import events
from app.core.clock import system_ms
from app.core.errors import Never, Unavailable
from app.core.events import Event
from app.core.ids import new
from app.ports.bus import PARTITIONS, Outgoing, partition_of
from app.ports.outbox import Position
from app.work import consumer, handling, partition
from app.work.consumer import Consumer
from tests.servers.events import EventWorld, becomes, running

SOCIAL = events.USER_INTERACTION
KEYS = ["a", "b", "c", "d"]  # one for each partition


def test_the_keys_used_here_are_of_one_partition_each() -> None:
    assert [partition_of(key) for key in KEYS] == list(range(PARTITIONS))


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


async def test_events_are_handled_in_order_and_once(world: EventWorld) -> None:
    diary = Diary()
    await publish(world, *(liked(number, KEYS[number % 4]) for number in range(1, 401)))
    reader = a_consumer(world, diary)
    async with running(reader):
        await becomes(lambda: reader.handled, 400)
        await publish(world, *(liked(number, KEYS[number % 4]) for number in range(401, 501)))
        await becomes(lambda: reader.handled, 500)
    for key in KEYS:
        assert diary.seen[key] == [number for number in range(1, 501) if KEYS[number % 4] == key]
    assert (reader.dead, reader.failures) == (0, 0)


async def test_what_was_handled_before_a_restart_is_not_handled_again(world: EventWorld) -> None:
    before, after = Diary(), Diary()
    await publish(world, liked(1, "a"), liked(2, "a"))
    async with running(a_consumer(world, before, owner="first life")):
        await becomes(lambda: marks(world), {"a": 2})
    await publish(world, liked(3, "a"))
    async with running(a_consumer(world, after, owner="second life")):
        await becomes(lambda: marks(world), {"a": 3})
    assert (before.seen, after.seen) == ({"a": [1, 2]}, {"a": [3]})


async def test_what_a_relay_publishes_again_is_passed_over(world: EventWorld) -> None:
    diary = Diary()
    numbers = [1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5]
    await publish(world, *(liked(number, "a") for number in numbers))
    async with running(a_consumer(world, diary)):
        await becomes(lambda: marks(world), {"a": 5})
        world.valkey.flush()
        await publish(world, *(liked(number, "a") for number in (3, 4, 5, 6)))
        await becomes(lambda: marks(world), {"a": 6})
    assert diary.seen == {"a": [1, 2, 3, 4, 5, 6]}


async def test_an_offset_of_another_epoch_means_nothing(world: EventWorld) -> None:
    """The server's clock may have been ahead then; streams count from it."""
    held = await world.positions.acquire("counts", SOCIAL, partition_of("a"), "before", 0)
    assert held
    ahead = Position("zero", f"{2**62:020d}-{0:020d}", {"social": 1}, held.fence)
    assert await world.positions.commit("counts", SOCIAL, partition_of("a"), ahead)
    diary = Diary()
    await publish(world, liked(1, "a"), liked(2, "a"))
    async with running(a_consumer(world, diary)):
        await becomes(lambda: marks(world), {"a": 2})
    assert diary.seen == {"a": [2]}


async def test_each_group_handles_each_event(world: EventWorld) -> None:
    counts, trends = Diary(), Diary()
    await publish(world, liked(1, "a"), liked(2, "b"))
    async with running(a_consumer(world, counts, "counts"), a_consumer(world, trends, "trends")):
        await becomes(lambda: marks(world, "counts"), {"a": 1, "b": 2})
        await becomes(lambda: marks(world, "trends"), {"a": 1, "b": 2})
    assert counts.seen == trends.seen == {"a": [1], "b": [2]}


async def test_not_now_holds_one_partition_and_buries_nothing(world: EventWorld) -> None:
    down = True

    async def store() -> None:
        if down:
            raise Unavailable("The store is down.")

    diary = Diary(at_5=store)
    await publish(world, *(liked(number, KEYS[number % 4]) for number in range(1, 41)))
    reader = a_consumer(world, diary)
    async with running(reader):
        await becomes(lambda: marks(world), {"a": 40, "c": 38, "d": 39})
        await becomes(lambda: diary.tries[5] > handling.TRIES + 1, True)
        down = False
        await becomes(lambda: marks(world), {"a": 40, "b": 37, "c": 38, "d": 39})
    assert diary.first("b") == [number for number in range(1, 41) if KEYS[number % 4] == "b"]
    assert reader.dead == 0
    assert await letters(world) == []


async def test_what_can_never_be_handled_goes_aside_at_once(world: EventWorld) -> None:
    diary = Diary(at_3=raising(Never("no such thing")))
    await publish(world, *(liked(number, "a") for number in range(1, 6)))
    reader = a_consumer(world, diary)
    async with running(reader):
        await becomes(lambda: marks(world), {"a": 5})
    assert diary.first("a") == [1, 2, 4, 5]
    assert diary.tries[3] == 2  # with its batch, and alone
    (letter,) = await world.deadletters.all(10)
    assert (letter.group, letter.event.data["n"], letter.error) == ("counts", 3, "Never: no such thing")
    assert reader.dead == 1


async def test_not_now_buries_nothing_beside_poison_either(world: EventWorld) -> None:
    down = True

    async def store() -> None:
        if down:
            raise Unavailable("The store is down.")

    diary = Diary(at_1=raising(Never("poison")), at_2=store)
    await publish(world, *(liked(number, "a") for number in (1, 2, 3)))
    async with running(a_consumer(world, diary)):
        await becomes(lambda: marks(world), {"a": 1})
        await becomes(lambda: diary.tries.get(2, 0) > handling.TRIES + 1, True)
        down = False
        await becomes(lambda: marks(world), {"a": 3})
    assert diary.seen == {"a": [2, 3]}
    assert await letters(world) == [1]


async def test_a_failing_event_is_tried_five_times(world: EventWorld) -> None:
    luck = iter([ValueError("once"), ValueError("twice"), None])

    async def unlucky() -> None:
        if error := next(luck):
            raise error

    diary = Diary(at_2=raising(ZeroDivisionError("division by zero")), at_3=unlucky)
    await publish(world, *(liked(number, "a") for number in range(1, 5)))
    began_s = time.monotonic()
    async with running(a_consumer(world, diary)):
        await becomes(lambda: marks(world), {"a": 4})
    assert time.monotonic() - began_s < 10
    assert diary.tries[2] == 5
    assert diary.first("a") == [1, 3, 4]
    (letter,) = await world.deadletters.all(10)
    assert letter.error == "ZeroDivisionError: division by zero"


async def test_a_hanging_event_holds_its_partition_for_ten_seconds_at_most(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert handling.BATCH_LIMIT_S + handling.EVENT_LIMIT_S <= 10
    monkeypatch.setattr(handling, "BATCH_LIMIT_S", 0.2)
    monkeypatch.setattr(handling, "EVENT_LIMIT_S", 0.3)
    diary = Diary(at_2=asyncio.Event().wait)
    await publish(world, *(liked(number, "a") for number in range(1, 5)))
    async with running(a_consumer(world, diary)):
        await becomes(lambda: marks(world), {"a": 4})
    assert diary.first("a") == [1, 3, 4]
    assert await letters(world) == [2]


async def test_poison_among_many_is_found_and_nothing_else_is(world: EventWorld) -> None:
    poison = set(range(7, 400, 40))
    diary = Diary(**{f"at_{number}": raising(Never("bad")) for number in poison})
    await publish(world, *(liked(number, KEYS[number % 4]) for number in range(1, 401)))
    for key in KEYS:
        await world.client.call("XADD", f"bus:one:{SOCIAL}:{partition_of(key)}", "*", "o", b"\x00{")
    await publish(world, *(liked(number, KEYS[number % 4]) for number in range(401, 421)))
    reader = a_consumer(world, diary)
    async with running(reader):
        await becomes(lambda: marks(world), {"a": 420, "b": 417, "c": 418, "d": 419})
    handled = {number for numbers in diary.seen.values() for number in numbers}
    assert handled == set(range(1, 421)) - poison
    for key in KEYS:
        assert diary.first(key) == sorted(diary.first(key))
    dead = await world.deadletters.all(1_000)
    assert {letter.event.data["n"] for letter in dead if letter.event.type == "video.liked"} == poison
    assert [letter.event.type for letter in dead].count("undecodable") == 4
    assert reader.dead == len(poison) + 4


def test_no_attempt_can_outlast_the_lease_it_began_under() -> None:
    longest_s = max(handling.BATCH_LIMIT_S, handling.EVENT_LIMIT_S)
    assert partition.RENEW_AFTER_S + longest_s < partition.LEASE_MS / 1000


async def test_a_partition_changes_hands_under_load_without_overlap(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "ASK_AGAIN_S", 0.02)
    monkeypatch.setattr(partition, "READ_LIMIT", 10)
    inside: dict[str, str] = {}
    order: dict[str, list[int]] = {key: [] for key in KEYS}
    owners = set()

    def handler(owner: str) -> handling.Handle:
        async def handle(batch: Sequence[Event]) -> None:
            key = batch[0].key
            assert inside.setdefault(key, owner) == owner, "two at work on one partition"
            for event in batch:
                await asyncio.sleep(0.001)  # work, during which another may try to take over
                order[key].append(event.data["n"])
            owners.add(owner)
            inside.pop(key)

        return handle

    numbers = range(1, 1_201)
    await publish(world, *(liked(number, KEYS[number % 4]) for number in numbers))
    stops = [asyncio.Event() for _ in range(4)]
    readers = [a_consumer(world, handler(f"{number}"), owner=f"{number}") for number in range(4)]
    lives = [asyncio.create_task(reader.run(stop)) for reader, stop in zip(readers, stops, strict=True)]
    for count in (1, 2, 3):
        await becomes(lambda count=count: len(owners) >= count, True)  # type: ignore[misc]
        current = next(iter(inside.values()), None) or str(max(int(owner) for owner in owners))
        stops[int(current)].set()
        await lives[int(current)]
    await becomes(lambda: marks(world), {"a": 1_200, "b": 1_197, "c": 1_198, "d": 1_199})
    for stop in stops:
        stop.set()
    await asyncio.gather(*lives)
    assert len(owners) > 1
    assert [reader.dead for reader in readers] == [0] * 4
    for number, key in enumerate(KEYS):
        assert order[key] == [n for n in numbers if n % 4 == number]


async def test_a_consumer_that_stalled_past_its_lease_can_move_no_position(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "LEASE_MS", 300)
    monkeypatch.setattr(partition, "RENEW_AFTER_S", 0.1)
    monkeypatch.setattr(consumer, "ASK_AGAIN_S", 0.02)
    stalled, go_on = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        stalled.set()
        await go_on.wait()

    slow, quick = Diary(at_2=stall), Diary()
    await publish(world, *(liked(number, "a") for number in (1, 2, 3)))
    async with running(a_consumer(world, slow, owner="slow")):
        await stalled.wait()
        async with running(a_consumer(world, quick, owner="quick")):
            await becomes(lambda: marks(world), {"a": 3})
            await publish(world, liked(4, "a"))
            await becomes(lambda: marks(world), {"a": 4})
            go_on.set()
            await publish(world, liked(5, "a"))
            await becomes(lambda: marks(world), {"a": 5})
    assert quick.first("a") == [1, 2, 3, 4, 5]


async def test_a_consumer_that_died_is_replaced_when_its_lease_has_run_out(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "ASK_AGAIN_S", 0.02)
    for number in range(PARTITIONS):
        assert await world.positions.acquire("counts", SOCIAL, number, "dead", 500)
    await publish(world, liked(1, "a"))
    async with running(a_consumer(world, Diary())):
        await becomes(lambda: marks(world), {"a": 1})


async def test_a_stop_finishes_what_is_being_handled_and_lets_go(world: EventWorld) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        started.set()
        await finish.wait()

    diary, stop = Diary(at_2=slowly), asyncio.Event()
    await publish(world, liked(1, "a"), liked(2, "a"), liked(3, "a"))
    work = asyncio.create_task(a_consumer(world, diary).run(stop))
    await started.wait()
    stop.set()
    finish.set()
    await work
    assert diary.seen == {"a": [1, 2, 3]}
    assert await marks(world) == {"a": 3}
    assert await world.positions.acquire("counts", SOCIAL, partition_of("a"), "next", 1_000)


async def test_a_cancelled_consumer_lets_go_too(world: EventWorld) -> None:
    started = asyncio.Event()

    async def forever() -> None:
        started.set()
        await asyncio.Event().wait()

    await publish(world, liked(1, "a"))
    work = asyncio.create_task(a_consumer(world, Diary(at_1=forever)).run(asyncio.Event()))
    await started.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await marks(world) == {}
    assert await world.positions.acquire("counts", SOCIAL, partition_of("a"), "next", 1_000)


async def test_letters_asked_for_again_are_handled_again(world: EventWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "REPLAY_EVERY_S", 0.02)
    mended = False

    async def maybe() -> None:
        if not mended:
            raise Never("not yet")

    diary = Diary(at_1=maybe, at_3=raising(Never("never")))
    await publish(world, *(liked(number, "a") for number in (1, 2, 3)))
    async with running(a_consumer(world, diary)):
        await becomes(lambda: letters(world), [1, 3])
        mended = True
        assert await world.deadletters.request_replay([]) == 2
        await becomes(lambda: letters(world), [3])
        assert diary.seen == {"a": [2, 1]}
        tries = diary.tries[3]
        await world.deadletters.request_replay([])
        await becomes(lambda: diary.tries[3] > tries, True)
    (letter,) = await world.deadletters.all(10)
    assert letter.error == "Never: never"


async def test_lag_is_the_age_of_what_is_met(world: EventWorld) -> None:
    old = Outgoing("social", 1, events.event("video.liked", "a", system_ms() - 60_000, n=1))
    reader = a_consumer(world, Diary())
    await publish(world, old)
    async with running(reader):
        await becomes(lambda: 60_000 <= reader.lag_ms < 90_000, True)
        await becomes(lambda: reader.lag_ms, 0)


async def test_readers_do_not_wait_for_a_bus_that_never_begins(world: EventWorld) -> None:
    reader = a_consumer(world, Diary())
    async with running(reader):
        await becomes(lambda: world.pool.fetchval("SELECT count(*) FROM work.positions WHERE topic = $1", SOCIAL), 4)
        await publish(world, liked(1, "a"))
        await becomes(lambda: marks(world), {"a": 1})
    assert reader.failures == 0


async def test_ids_of_events_are_kept(world: EventWorld) -> None:
    got: list[Event] = []

    async def keep(batch: Sequence[Event]) -> None:
        got.extend(batch)

    outgoing = Outgoing("social", 1, Event(new("evt"), "video.liked", "a", 5, {"text": "é", "n": None}))
    await publish(world, outgoing)
    async with running(a_consumer(world, keep)):
        await becomes(lambda: got, [outgoing.event])
