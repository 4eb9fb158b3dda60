import asyncio
import time

import pytest

from app.core import events
from app.core.clock import DAY_MS, system_ms
from app.core.ids import new
from app.ports.bus import PARTITIONS, Outgoing, partition_of
from app.ports.outbox import Position
from app.work import publisher, relay
from app.work.relay import Relay
from tests.servers.events import EventWorld, becomes, running

SOCIAL = events.USER_INTERACTION
FEED = events.FEED_UPDATE


def a_relay(world: EventWorld, *stores: str, owner: str = "here", **readers: tuple[str, ...]) -> Relay:
    outboxes = [world.outboxes[store] for store in stores or ("social",)]
    return Relay(
        outboxes,
        world.bus,
        world.positions,
        world.deadletters,
        owner,
        readers or {"counts": (SOCIAL,), "feeds": (FEED,)},
    )


def liked(key: str | None = None) -> events.Event:
    return events.event("video.liked", key or new("vid"), system_ms())


async def numbers(world: EventWorld, topic: str = SOCIAL) -> list[int]:
    return sorted(delivered.outgoing.number for delivered in await world.on_the_bus(topic))


async def stand(world: EventWorld, group: str, topic: str, key: str, mark: int) -> None:
    """Lets a group have handled everything of `key`'s partition up to an outbox number."""
    epoch = await world.bus.epoch()
    assert epoch
    for partition in range(PARTITIONS):
        read = await world.bus.read(epoch, topic, {partition: ""}, limit=1_000, wait_ms=1)
        assert read is not None
        passed = [one for one in read.get(partition, []) if one.outgoing.number <= mark]
        position = await world.positions.acquire(group, topic, partition, "reader", 60_000)
        if passed and position and partition == partition_of(key):
            passed_by = Position(epoch, passed[-1].offset, {"social": passed[-1].outgoing.number}, position.fence)
            assert await world.positions.commit(group, topic, partition, passed_by)


async def test_committed_events_reach_the_bus_in_their_order(world: EventWorld) -> None:
    keys = [new("vid") for _ in range(5)]
    async with running(a_relay(world)):
        for _ in range(40):
            await world.emit("social", *(liked(key) for key in keys))
        await becomes(lambda: numbers(world), list(range(1, 201)))
    found = [delivered.outgoing for delivered in await world.on_the_bus(SOCIAL)]
    for key in keys:
        of_key = [one.event for one in found if one.event.key == key]
        assert of_key == sorted(of_key, key=lambda event: event.occurred_at)
        assert len({event.event_id for event in of_key}) == 40
    assert await world.outboxes["social"].backlog() == 0


async def test_a_lost_bus_gets_back_what_was_not_handled_everywhere(world: EventWorld) -> None:
    ahead, behind = "a", "b"  # keys of two partitions
    assert partition_of(ahead) != partition_of(behind)
    relay_ = a_relay(world, counts=(SOCIAL,), trends=(SOCIAL,))
    async with running(relay_):
        await world.emit("social", *(liked(ahead) for _ in range(5)), *(liked(behind) for _ in range(5)))
        await becomes(lambda: numbers(world), list(range(1, 11)))
        for group, marks in {"counts": (5, 10), "trends": (3, 6)}.items():
            await stand(world, group, SOCIAL, ahead, marks[0])
            await stand(world, group, SOCIAL, behind, marks[1])
        before = await world.bus.epoch()
        world.valkey.flush()
        await becomes(lambda: numbers(world), [4, 5, 7, 8, 9, 10])
        assert await world.bus.epoch() not in (None, before)
        await world.emit("social", liked(ahead))
        await becomes(lambda: numbers(world), [4, 5, 7, 8, 9, 10, 11])


async def test_a_loss_while_no_relay_ran_is_noticed(world: EventWorld) -> None:
    async with running(a_relay(world)):
        await world.emit("social", liked(), liked())
        await becomes(lambda: numbers(world), [1, 2])
    world.valkey.restart()
    async with running(a_relay(world, owner="there")):
        await becomes(lambda: numbers(world), [1, 2])


async def test_an_outbox_is_published_again_whoever_began_the_epoch(world: EventWorld) -> None:
    published_video = events.event("video.published", new("vid"), system_ms())
    async with running(a_relay(world, "social", owner="one"), a_relay(world, "video", owner="two")):
        await world.emit("social", liked())
        await world.emit("video", published_video)
        await becomes(lambda: numbers(world), [1])
        await becomes(lambda: numbers(world, FEED), [1])
        for _ in range(5):
            world.valkey.flush()
            await becomes(lambda: numbers(world), [1])
            await becomes(lambda: numbers(world, FEED), [1])


async def test_a_restart_in_the_same_epoch_publishes_nothing_twice(world: EventWorld) -> None:
    for number in range(3):
        await world.emit("social", liked())
        async with running(a_relay(world, owner=f"life {number}")):
            await becomes(lambda: numbers(world), list(range(1, number + 2)))


async def test_of_two_relays_one_leads_and_the_other_takes_over(world: EventWorld) -> None:
    first, second = a_relay(world, owner="first"), a_relay(world, owner="second")
    stop = asyncio.Event()
    leading = asyncio.create_task(first.run(stop))
    await world.emit("social", liked())
    await becomes(lambda: first.published, 1)
    async with running(second):
        await world.emit("social", liked())
        await becomes(lambda: first.published, 2)
        assert second.published == 0
        stop.set()
        await leading
        began_s = time.monotonic()
        await world.emit("social", liked())
        await becomes(lambda: second.published, 1)
        assert time.monotonic() - began_s < publisher.LEASE_MS / 1000
    assert await numbers(world) == [1, 2, 3]


async def test_a_relay_that_died_is_replaced_when_its_lease_has_run_out(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LEASE_MS", 600)
    monkeypatch.setattr(publisher, "RENEW_AFTER_S", 0.2)
    assert await world.outboxes["social"].lead("dead", 600)
    await world.emit("social", liked())
    async with running(a_relay(world)):
        await becomes(lambda: numbers(world), [1])


async def test_a_full_bus_makes_events_wait_and_readers_make_room(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "FULL", 20)
    monkeypatch.setattr(publisher, "BATCH", 10)
    monkeypatch.setattr(relay, "TRIM_EVERY_S", 0.02)
    await world.emit("social", *(liked("a") for _ in range(100)))
    async with running(a_relay(world, counts=(SOCIAL,))):
        await becomes(lambda: numbers(world), list(range(1, 21)))
        for passed in range(10, 90, 10):
            await stand(world, "counts", SOCIAL, "a", passed)
            await becomes(lambda: numbers(world), list(range(passed + 1, passed + 21)))
        assert await world.outboxes["social"].backlog() == 0


async def test_nothing_is_trimmed_that_a_group_has_still_to_read(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "TRIM_EVERY_S", 0.02)
    await world.emit("social", *(liked("a") for _ in range(10)))
    async with running(a_relay(world, counts=(SOCIAL,), late=(SOCIAL,))):
        await becomes(lambda: numbers(world), list(range(1, 11)))
        await stand(world, "counts", SOCIAL, "a", 8)  # `late` has not even started
        await world.emit("social", liked("b"))
        await becomes(lambda: numbers(world), list(range(1, 12)))
        await stand(world, "late", SOCIAL, "a", 3)
        await becomes(lambda: numbers(world), list(range(4, 12)))


async def test_topics_that_nobody_reads_are_not_published(world: EventWorld) -> None:
    await world.emit("social", liked(), events.event("video.changed", new("vid"), 1), liked())
    async with running(a_relay(world, counts=(SOCIAL,))):
        await becomes(lambda: numbers(world), [1, 3])
        assert await numbers(world, FEED) == []


async def test_an_event_of_an_unknown_type_is_set_aside_and_holds_nothing_up(world: EventWorld) -> None:
    strange = events.Event(new("evt"), "video.eaten", "a", 1, {"by": "whom"})
    await world.emit("social", liked())
    await world.put_past_the_types("social", strange)
    await world.emit("social", liked())
    async with running(a_relay(world)):
        await becomes(lambda: numbers(world), [1, 3])
    (letter,) = await world.deadletters.all(10)
    assert (letter.group, letter.event) == ("relay", strange)
    assert "video.eaten" in letter.error


async def test_a_dead_bus_is_waited_for(world: EventWorld) -> None:
    relay_ = a_relay(world)
    async with running(relay_):
        await world.emit("social", liked())
        await becomes(lambda: relay_.published, 1)
        world.valkey.kill()
        await world.emit("social", liked())
        world.valkey.start()
        await becomes(lambda: numbers(world), [1, 2])
    assert relay_.failures == 0


async def test_a_stale_leader_neither_moves_marks_nor_loses_events(world: EventWorld) -> None:
    """The first leader stalls between taking entries and publishing them, past its lease and past a loss."""
    outbox = world.outboxes["social"]
    await world.emit("social", liked("a"), liked("a"))
    assert await outbox.lead("stale", 0)
    async with running(a_relay(world)):
        await becomes(lambda: numbers(world), [1, 2])
        epoch = await world.bus.epoch()
        assert epoch
        world.valkey.flush()
        await becomes(lambda: numbers(world), [1, 2])
        assert not await world.bus.publish(epoch, [Outgoing("social", 1, liked("a"))])
        await outbox.published("stale", 99)
        await outbox.rewind("stale", 0)
        await world.emit("social", liked("a"))
        await becomes(lambda: numbers(world), [1, 2, 3])


async def test_old_published_entries_are_pruned(world: EventWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "FIRST_PRUNE_AFTER_S", 0.0)
    monkeypatch.setattr(relay, "PRUNE_EVERY_S", 0.05)
    monkeypatch.setattr(relay, "PRUNE_ROWS", 2)
    week_old = [events.event("video.liked", new("vid"), system_ms() - 8 * DAY_MS) for _ in range(7)]
    await world.emit("social", *week_old, liked())
    async with running(a_relay(world)):
        await becomes(lambda: world.pool.fetchval("SELECT count(*) FROM social.outbox"), 1)
        assert await numbers(world) == list(range(1, 9))
