"""Where the consumers stand. See `app.ports.outbox`."""

import asyncio
import secrets

import msgspec

from app.ports.bus import PARTITIONS
from app.ports.outbox import Position, Positions

LEASE_MS = 60_000


def a_name() -> str:
    """A group, topic, origin or owner that no other test names."""
    return secrets.token_hex(8)


async def stand(positions: Positions, group: str, topic: str, partition: int, **where: object) -> None:
    owner = a_name()
    position = await positions.acquire(group, topic, partition, owner, LEASE_MS)
    assert position is not None
    assert await positions.commit(group, topic, partition, msgspec.structs.replace(position, **where))
    await positions.release(owner)


async def test_a_new_position_is_at_the_beginning(positions: Positions) -> None:
    assert await positions.acquire(a_name(), "t", 0, "a", LEASE_MS) == Position("", "", {}, 1)


async def test_a_committed_position_comes_back(positions: Positions) -> None:
    group = a_name()
    first = await positions.acquire(group, "t", 0, "a", LEASE_MS)
    assert first is not None
    moved = Position("epoch", "1700000000000-3", {"video": 7, "social": 2**40}, first.fence)
    assert await positions.commit(group, "t", 0, moved)
    assert await positions.acquire(group, "t", 0, "a", LEASE_MS) == moved
    assert await positions.acquire(group, "t", 1, "a", LEASE_MS) == Position("", "", {}, 1)


async def test_a_partition_has_one_owner_at_a_time(positions: Positions) -> None:
    group = a_name()
    results = await asyncio.gather(*(positions.acquire(group, "t", 0, f"owner {n}", LEASE_MS) for n in range(6)))
    assert sum(result is not None for result in results) == 1
    (owner,) = [n for n, result in enumerate(results) if result is not None]
    assert await positions.acquire(group, "t", 0, f"owner {owner}", LEASE_MS) == results[owner]
    assert await positions.acquire(group, "t", 0, "another", LEASE_MS) is None


async def test_whoever_lost_the_lease_can_no_longer_commit(positions: Positions) -> None:
    group = a_name()
    stalled = await positions.acquire(group, "t", 0, "a", 0)  # out at once
    assert stalled is not None
    successor = await positions.acquire(group, "t", 0, "b", LEASE_MS)
    assert successor is not None
    assert successor.fence > stalled.fence
    assert await positions.commit(group, "t", 0, msgspec.structs.replace(successor, offset="2"))
    assert not await positions.commit(group, "t", 0, msgspec.structs.replace(stalled, offset="1"))
    kept = await positions.acquire(group, "t", 0, "b", LEASE_MS)
    assert kept is not None
    assert kept.offset == "2"


async def test_a_released_partition_is_free_at_once_and_its_old_fence_is_dead(positions: Positions) -> None:
    group, owner = a_name(), a_name()
    held = [await positions.acquire(group, "t", partition, owner, LEASE_MS) for partition in (0, 1)]
    other_s = await positions.acquire(group, "t", 2, "b", LEASE_MS)
    await positions.release(owner)
    for partition, position in enumerate(held):
        assert position is not None
        assert not await positions.commit(group, "t", partition, position)
        assert await positions.acquire(group, "t", partition, "b", LEASE_MS) is not None
    assert other_s is not None
    assert await positions.commit(group, "t", 2, other_s)


async def test_the_floor_is_the_slowest_group_s_mark(positions: Positions) -> None:
    topic, origin, fast, slow = a_name(), a_name(), a_name(), a_name()
    for partition in range(PARTITIONS):
        await stand(positions, fast, topic, partition, marks={origin: 9})
        await stand(positions, slow, topic, partition, marks={origin: 5 + partition, "another": 1})
    floors = await positions.floors(origin)
    assert {key: floor for key, floor in floors.items() if key[0] == topic} == {
        (topic, 0): 5,
        (topic, 1): 6,
        (topic, 2): 7,
        (topic, 3): 8,
    }


async def test_a_partition_that_a_reader_never_was_on_has_floor_nought(positions: Positions) -> None:
    topic, origin, unread = a_name(), a_name(), a_name()
    await stand(positions, a_name(), topic, 0, marks={origin: 9})
    await stand(positions, a_name(), topic, 0, marks={"another": 9})
    await stand(positions, a_name(), topic, 1, marks={origin: 3})
    floors = await positions.floors(origin)
    assert {key[1]: floor for key, floor in floors.items() if key[0] == topic} == dict.fromkeys(range(PARTITIONS), 0)
    assert all(key[0] != unread for key in floors)


async def test_the_slowest_offset_is_compared_as_numbers(positions: Positions) -> None:
    topic, epoch, one, other = a_name(), a_name(), a_name(), a_name()
    for group, offsets in {
        one: ["1700000000000-10", "9", "5-1", "3-2"],
        other: ["1700000000000-9", "10", "10-0", "3-1"],
    }.items():
        for partition, offset in enumerate(offsets):
            await stand(positions, group, topic, partition, epoch=epoch, offset=offset)
    slowest = await positions.slowest_offsets(epoch)
    assert {key[1]: offset for key, offset in slowest.items() if key[0] == topic} == {
        0: "1700000000000-9",
        1: "9",
        2: "5-1",
        3: "3-1",
    }


async def test_a_partition_has_no_slowest_offset_until_every_group_has_one(positions: Positions) -> None:
    topic, epoch, one, other = a_name(), a_name(), a_name(), a_name()
    for partition in range(3):
        await stand(positions, one, topic, partition, epoch=epoch, offset="7")
    await stand(positions, other, topic, 0, epoch=epoch, offset="8")
    await stand(positions, other, topic, 1, epoch="an earlier epoch", offset="8")
    slowest = await positions.slowest_offsets(epoch)
    assert {key: offset for key, offset in slowest.items() if key[0] == topic} == {(topic, 0): "7"}
