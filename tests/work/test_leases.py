"""A partition has one consumer at a time: how it changes hands."""

import asyncio
from collections.abc import Sequence

import pytest

from app.core.events import Event
from app.ports.bus import PARTITIONS, partition_of
from app.work import consumer, handling, partition
from tests.servers.events import EventWorld, becomes, running
from tests.work.consuming import KEYS, SOCIAL, Diary, a_consumer, liked, marks, publish


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
