import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import msgspec
import pytest

from app.adapters.redis.bus import TIMEOUT_S, RedisBus
from app.adapters.redis.client import RedisClient
from app.core import events
from app.core.errors import Unavailable
from app.core.ids import new
from app.ports.bus import PARTITIONS, Bus, Delivered, Outgoing, partition_of
from tests.servers.valkey import Valkey, running_valkey

LIKED, PUBLISHED = events.USER_INTERACTION, events.FEED_UPDATE


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """Of its own: the bus has one epoch, and tests here end it."""
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
def valkey(server: Valkey) -> Valkey:
    """Empty."""
    server.flush()
    return server


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[RedisClient]:
    client = RedisClient(valkey.url, timeout_s=TIMEOUT_S)
    yield client
    await client.aclose()


@pytest.fixture(params=["redis"])
def bus(request: pytest.FixtureRequest, client: RedisClient) -> Bus:
    return {"redis": RedisBus}[request.param](client)


def liked(number: int, key: str = "") -> Outgoing:
    return Outgoing("social", number, events.event("video.liked", key or new("vid"), 1_000 + number, n=number))


async def all_of(bus: Bus, epoch: str, topic: str, offsets: dict[int, str] | None = None) -> list[Delivered]:
    """What a reader finds at once, partition by partition."""
    wanted = offsets or dict.fromkeys(range(PARTITIONS), "")
    read = await bus.read(epoch, topic, wanted, limit=10_000, wait_ms=1)
    assert read is not None
    return [delivered for partition in sorted(read) for delivered in read[partition]]


async def test_a_new_bus_has_no_epoch_until_one_begins(bus: Bus) -> None:
    assert await bus.epoch() is None
    assert await bus.begin("one")
    assert await bus.epoch() == "one"
    assert not await bus.begin("two")
    assert await bus.epoch() == "one"


async def test_of_many_that_begin_one_succeeds(bus: Bus) -> None:
    begun = await asyncio.gather(*(bus.begin(f"e{number}") for number in range(20)))
    assert begun.count(True) == 1
    assert await bus.epoch() == f"e{begun.index(True)}"


async def test_events_come_back_as_they_went_in_by_topic_and_partition(bus: Bus) -> None:
    await bus.begin("one")
    data = {"text": 'Ünï "\\u0000" 🎬', "none": None, "big": 2**53, "list": [1, {"a": True}]}
    liked_ = Outgoing("social", 7, events.event("video.liked", new("vid"), 1_000, **data))
    published = Outgoing("video", 3, events.event("video.published", new("vid"), 2_000))
    assert await bus.publish("one", [liked_, published])
    (delivered,) = await all_of(bus, "one", LIKED)
    assert delivered.outgoing == liked_
    read = await bus.read("one", PUBLISHED, dict.fromkeys(range(PARTITIONS), ""), limit=10, wait_ms=1)
    assert read is not None
    assert {partition: [one.outgoing for one in entries] for partition, entries in read.items()} == {
        partition_of(published.event.key): [published]
    }


async def test_a_key_keeps_its_order_over_batches_of_any_size(bus: Bus) -> None:
    await bus.begin("one")
    keys = [new("vid") for _ in range(7)]
    outgoing = [liked(number, keys[number % 7]) for number in range(1_700)]
    assert await bus.publish("one", outgoing[:3])
    assert await bus.publish("one", outgoing[3:])
    assert await bus.publish("one", [])
    found = [delivered.outgoing for delivered in await all_of(bus, "one", LIKED)]
    for key in keys:
        assert [one for one in found if one.event.key == key] == [one for one in outgoing if one.event.key == key]
    assert len(found) == len(outgoing)


async def test_large_events_travel_too(bus: Bus) -> None:
    await bus.begin("one")
    batch = [Outgoing("social", n, events.event("video.liked", "k", n, text="x" * 3_000_000)) for n in range(1, 5)]
    assert await bus.publish("one", batch)
    assert [delivered.outgoing for delivered in await all_of(bus, "one", LIKED)] == batch


async def test_reading_goes_on_after_an_offset(bus: Bus) -> None:
    await bus.begin("one")
    key = new("vid")
    partition = partition_of(key)
    await bus.publish("one", [liked(number, key) for number in range(25)])
    offset, numbers = "", []
    while read := await bus.read("one", LIKED, {partition: offset}, limit=10, wait_ms=1):
        assert len(read[partition]) <= 10
        assert sorted(delivered.offset for delivered in read[partition]) == [d.offset for d in read[partition]]
        offset = read[partition][-1].offset
        numbers += [delivered.outgoing.number for delivered in read[partition]]
    assert numbers == list(range(25))


async def test_a_reader_waits_for_the_first_entry(bus: Bus) -> None:
    await bus.begin("one")
    offsets = dict.fromkeys(range(PARTITIONS), "")
    reading = asyncio.create_task(bus.read("one", LIKED, offsets, limit=10, wait_ms=4_000))
    assert await bus.read("one", LIKED, offsets, limit=10, wait_ms=20) == {}
    await bus.publish("one", [liked(1)])
    read = await asyncio.wait_for(reading, 3.0)
    assert read is not None
    assert [one.outgoing.number for entries in read.values() for one in entries] == [1]


async def test_only_what_comes_after_a_trim_is_kept(bus: Bus) -> None:
    await bus.begin("one")
    key = new("vid")
    await bus.publish("one", [liked(number, key) for number in range(1, 301)])
    before = await all_of(bus, "one", LIKED)
    assert await bus.depth("one", LIKED) == 300
    await bus.trim("one", LIKED, partition_of(key), before[249].offset)
    assert await all_of(bus, "one", LIKED) == before[250:]
    assert await bus.depth("one", LIKED) == 50
    assert await bus.depth("one", PUBLISHED) == 0
    await bus.trim("one", LIKED, partition_of(key), before[-1].offset)
    assert await bus.depth("one", LIKED) == 0
    assert await bus.epoch() == "one"
    await bus.publish("one", [liked(301, key)])
    assert [one.outgoing.number for one in await all_of(bus, "one", LIKED)] == [301]


async def test_a_flush_ends_the_epoch_for_all(bus: Bus, valkey: Valkey) -> None:
    await bus.begin("one")
    await bus.publish("one", [liked(1)])
    offsets = dict.fromkeys(range(PARTITIONS), "")
    waiting = asyncio.create_task(bus.read("one", PUBLISHED, offsets, limit=10, wait_ms=500))
    await bus.read("one", PUBLISHED, offsets, limit=10, wait_ms=20)
    valkey.flush()
    assert await bus.epoch() is None
    assert not await bus.publish("one", [liked(2)])
    assert await bus.begin("two")
    assert not await bus.publish("one", [liked(3)])
    assert await bus.publish("two", [liked(4)])
    assert await bus.read("one", LIKED, offsets, limit=10, wait_ms=1) is None
    assert await waiting is None
    assert [one.outgoing.number for one in await all_of(bus, "two", LIKED)] == [4]
    await bus.trim("one", LIKED, 0, f"{0:020d}-{1:020d}")
    assert await bus.depth("one", LIKED) == 0


async def test_a_restart_ends_the_epoch_even_if_an_old_snapshot_has_it(
    bus: Bus, valkey: Valkey, client: RedisClient
) -> None:
    await bus.begin("one")
    await bus.publish("one", [liked(1)])
    valkey.save()
    await bus.publish("one", [liked(2)])  # acknowledged, and lost
    valkey.restart()
    await answers(bus)
    assert await client.call("EXISTS", "bus:epoch") == 1
    assert await bus.epoch() is None
    assert not await bus.publish("one", [liked(3)])
    assert await bus.read("one", LIKED, {0: ""}, limit=10, wait_ms=1) is None
    assert await bus.begin("two")
    assert await bus.epoch() == "two"
    assert await all_of(bus, "two", LIKED) == []
    assert sorted(await client.call("KEYS", "bus:*:*")) == sorted(await client.call("KEYS", "bus:two:*"))


@pytest.mark.parametrize("lost", ["bus:epoch", f"bus:one:{LIKED}:2"])
async def test_losing_any_part_ends_the_epoch(bus: Bus, client: RedisClient, lost: str) -> None:
    await bus.begin("one")
    await bus.publish("one", [liked(1)])
    await client.call("DEL", lost)
    assert await bus.epoch() is None
    assert not await bus.publish("one", [liked(2)])
    assert await bus.read("one", LIKED, {0: ""}, limit=10, wait_ms=1) is None
    assert await bus.begin("two")
    assert await client.call("KEYS", "bus:one:*") == []


async def test_an_epoch_of_the_same_name_is_empty_too(bus: Bus, client: RedisClient) -> None:
    await bus.begin("one")
    await bus.publish("one", [liked(1)])
    await client.call("DEL", "bus:epoch")
    assert await bus.begin("one")
    assert await all_of(bus, "one", LIKED) == []


@pytest.mark.parametrize(
    "entry",
    [
        ("o", "{"),
        ("o", b"\xff\xfe\x00"),
        ("o", "{}"),
        ("o", '{"origin":"social","number":"1","event":{}}'),
        ("o", b'{"origin":"social","number":1,"event":{"event_id":"e","type":"t","key":"\\ud800"}}'),
        ("x", "1"),
        ("o", "{}", "p", "{}"),
    ],
)
async def test_an_entry_that_cannot_be_read_comes_as_one_of_no_known_type(
    bus: Bus, client: RedisClient, entry: tuple[str, ...]
) -> None:
    await bus.begin("one")
    await bus.publish("one", [liked(1, key := new("vid"))])
    await client.call("XADD", f"bus:one:{LIKED}:{partition_of(key)}", "*", *entry)
    await bus.publish("one", [liked(2, key)])
    first, strange, second = await all_of(bus, "one", LIKED)
    assert (first.outgoing.number, second.outgoing.number) == (1, 2)
    assert strange.outgoing.event.type not in events.TYPES
    assert first.offset < strange.offset < second.offset
    assert [strange] == (await all_of(bus, "one", LIKED, {partition_of(key): first.offset}))[:1]
    msgspec.json.encode(strange.outgoing)  # dead letters store it


async def test_an_event_of_no_known_type_cannot_be_published(bus: Bus) -> None:
    await bus.begin("one")
    with pytest.raises(KeyError):
        await bus.publish("one", [liked(1), Outgoing("social", 2, events.Event("e", "video.eaten", "k", 1, {}))])
    assert await bus.depth("one", LIKED) == 0


def calls() -> list[tuple[str, Callable[[Bus], Awaitable[object]]]]:
    return [
        ("epoch", lambda bus: bus.epoch()),
        ("begin", lambda bus: bus.begin("x")),
        ("publish", lambda bus: bus.publish("x", [liked(1)])),
        ("read", lambda bus: bus.read("x", LIKED, {0: ""}, limit=1, wait_ms=1)),
        ("trim", lambda bus: bus.trim("x", LIKED, 0, f"{0:020d}-{1:020d}")),
        ("depth", lambda bus: bus.depth("x", LIKED)),
    ]


@pytest.mark.parametrize(("name", "call"), calls())
async def test_a_dead_bus_is_unavailable(
    bus: Bus, valkey: Valkey, name: str, call: Callable[[Bus], Awaitable[object]]
) -> None:
    await bus.epoch()
    valkey.kill()
    try:
        with pytest.raises(Unavailable):
            await call(bus)
    finally:
        valkey.start()


async def answers(bus: Bus) -> None:
    """Returns when the bus does."""
    async with asyncio.timeout(5):
        while True:
            try:
                await bus.epoch()
            except Unavailable:
                await asyncio.sleep(0.02)  # between two looks
            else:
                return
