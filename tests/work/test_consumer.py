import asyncio
import time
from collections.abc import Sequence

import pytest

from app.core import events
from app.core.clock import system_ms
from app.core.errors import Never, Unavailable
from app.core.events import Event
from app.core.ids import new
from app.ports.bus import PARTITIONS, Outgoing, partition_of
from app.ports.outbox import Position
from app.work import consumer, handling
from tests.servers.events import EventWorld, becomes, running
from tests.work.consuming import KEYS, SOCIAL, Diary, a_consumer, letters, liked, marks, publish, raising


def test_the_keys_used_here_are_of_one_partition_each() -> None:
    assert [partition_of(key) for key in KEYS] == list(range(PARTITIONS))


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
