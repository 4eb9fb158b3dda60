"""The cards in a process's own memory: never older than what was heard, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from app.adapters.redis.cards import RedisCards
from app.adapters.redis.client import RedisClient
from app.adapters.redis.near import NearCards
from app.adapters.redis.tracking import RedisTracking
from app.core.errors import Unavailable
from app.core.ids import new
from app.ports.cards import Cards
from app.ports.invalidations import Hear
from tests.servers.valkey import Valkey, running_valkey
from tests.waiting import until

MIB = 2**20


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[RedisClient]:
    client = RedisClient(valkey.url, timeout_s=2.0)
    yield client
    await client.aclose()


class Process:
    """What one process has: a connection to hear on, and the cards near it."""

    def __init__(self, url: str, cards: Cards, max_bytes: int = MIB) -> None:
        self.tracking = RedisTracking(url)
        self.cards = NearCards(cards, self.tracking, max_bytes)
        self.heard: list[Collection[str] | None] = []
        self.tracking.listen(self.heard.append)

    def holds(self, video_id: str) -> bool:
        return self.cards.find([video_id.encode()]) != [None]

    def heard_of(self, video_id: str) -> bool:
        return any(video_id in each for each in self.heard if each is not None)


@asynccontextmanager
async def process(url: str, cards: Cards, max_bytes: int = MIB) -> AsyncIterator[Process]:
    """A running one."""
    made = Process(url, cards, max_bytes)
    await made.tracking.start()
    yield made
    await made.tracking.aclose()


class Held:
    """The real cards, whose replies wait at a gate after Redis gave them, and whose writes at another before."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self.read = asyncio.Event()
        self.gate = asyncio.Event()
        self.writing = asyncio.Event()
        self.writes = asyncio.Event()
        self.writes.set()

    async def get_many(self, video_ids: Sequence[str]) -> list[bytes | None]:
        cards = await self._cards.get_many(video_ids)
        self.read.set()
        await self.gate.wait()
        return cards

    async def put_many(self, cards: Mapping[str, bytes], hashes: Mapping[str, bytes]) -> None:
        self.writing.set()
        await self.writes.wait()
        await self._cards.put_many(cards, hashes)


class Deaf:
    """Changes that are heard, if ever, later than all that a test does."""

    sound = True

    def listen(self, hear: Hear) -> None:
        pass


def card(version: int, text: str = "", visibility: str = "P") -> bytes:
    return f"{version:020d}2{visibility}Ausr_{0:026d}{0:013d}0000{text}".encode()


async def written(cards: Cards, raw: bytes, *processes: Process) -> str:
    """A new card, after everybody heard of it."""
    video = new("vid")
    await cards.put_many({video: raw}, {})
    await until(lambda: all(each.heard_of(video) for each in processes))
    return video


async def test_what_was_read_once_is_kept(valkey: Valkey, client: RedisClient) -> None:
    async with process(valkey.url, RedisCards(client)) as near:
        video, absent = await written(near.cards, card(1), near), new("vid")
        assert not near.holds(video)

        assert await near.cards.get_many([absent, video, video]) == [None, card(1), card(1)]

        assert near.holds(video)
        assert not near.holds(absent)
        valkey.freeze()
        assert await near.cards.get_many([video]) == [card(1)]
        valkey.thaw()


async def test_entries_come_even_where_nothing_may_be_kept(valkey: Valkey, client: RedisClient) -> None:
    far = RedisCards(client)
    video, broken = new("vid"), new("vid")
    await far.put_many({video: card(1), broken: b"no card"}, {})
    deaf = NearCards(far, RedisTracking(valkey.url), MIB)  # which never connected

    for _ in range(2):
        entry, nothing, none = await deaf.fetch([video.encode(), broken.encode(), new("vid").encode()])
        assert entry is not None
        assert (entry.raw, nothing, none) == (card(1), None, None)
    assert len(deaf) == 0


@pytest.mark.parametrize("change", ["newer", "hidden", "deleted", "expired"])
async def test_a_changed_card_is_gone_everywhere_within_50_ms(valkey: Valkey, client: RedisClient, change: str) -> None:
    far = RedisCards(client)
    async with process(valkey.url, far) as writer, process(valkey.url, far) as reader:
        slowest_s = []
        for _ in range(30):
            video = await written(far, card(1), writer, reader)
            for each in (writer, reader):
                assert await each.cards.get_many([video]) == [card(1)]
                assert each.holds(video)

            if change == "deleted":
                await client.call("DEL", f"card:{video}")
            elif change == "expired":
                await client.call("PEXPIRE", f"card:{video}", 0)
            else:
                await writer.cards.put_many({video: card(2, visibility="X" if change == "hidden" else "P")}, {})
                assert not writer.holds(video)

            slowest_s.append(await until(lambda video=video: not (reader.holds(video) or writer.holds(video))))  # type: ignore[misc]
        assert sorted(slowest_s)[-2] < 0.05  # one of thirty may meet a pause of the machine


async def lost(valkey: Valkey, near: Process) -> None:
    """Its connection is killed, and comes back."""
    times = near.heard.count(None)
    killer = RedisClient(valkey.url)
    assert await killer.call("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES") >= 1
    await killer.aclose()
    await until(lambda: near.heard.count(None) == times + 2 and near.tracking.sound)


async def test_a_card_that_changes_between_an_mget_and_its_reply_is_not_kept(
    valkey: Valkey, client: RedisClient
) -> None:
    far = RedisCards(client)
    held = Held(far)
    async with process(valkey.url, held) as near:
        changed, same = await written(far, card(1), near), await written(far, card(1), near)
        near.heard.clear()
        fill = asyncio.create_task(near.cards.get_many([changed, same]))
        await held.read.wait()

        await far.put_many({changed: card(2)}, {})
        await until(lambda: near.heard_of(changed))
        held.gate.set()

        assert await fill == [card(1), card(1)]
        assert (near.holds(changed), near.holds(same)) == (False, True)
        assert await near.cards.get_many([changed]) == [card(2)]
        assert near.holds(changed)


@pytest.mark.parametrize("event", ["flushed", "lost"])
async def test_what_was_under_way_when_everything_may_have_changed_is_not_kept(
    valkey: Valkey, client: RedisClient, event: str
) -> None:
    held = Held(RedisCards(client))
    async with process(valkey.url, held) as near:
        video = await written(held, card(1), near)
        times = near.heard.count(None)
        fill = asyncio.create_task(near.cards.get_many([video]))
        await held.read.wait()

        if event == "flushed":
            valkey.flush()
            await until(lambda: near.heard.count(None) > times)
        else:
            await lost(valkey, near)
        assert near.tracking.sound
        held.gate.set()

        assert await fill == [card(1)]
        assert not near.holds(video)


async def test_what_this_process_writes_meanwhile_is_not_overwritten_by_an_older_reply(
    valkey: Valkey, client: RedisClient
) -> None:
    held = Held(RedisCards(client))
    near = NearCards(held, Deaf(), MIB)
    video = new("vid")
    await held.put_many({video: card(1)}, {})
    fill = asyncio.create_task(near.get_many([video]))
    await held.read.wait()

    await near.put_many({video: card(2)}, {})
    held.gate.set()

    assert await fill == [card(1)]
    assert near.find([video.encode()]) == [None]
    assert await near.get_many([video]) == [card(2)]
    assert near.find([video.encode()]) != [None]


async def test_what_is_read_while_this_process_writes_does_not_outlive_the_write(
    valkey: Valkey, client: RedisClient
) -> None:
    held = Held(RedisCards(client))
    held.gate.set()
    near = NearCards(held, Deaf(), MIB)
    video = new("vid")
    await held.put_many({video: card(1)}, {})
    held.writing.clear()
    held.writes.clear()
    write = asyncio.create_task(near.put_many({video: card(2)}, {}))
    await held.writing.wait()
    assert await near.get_many([video]) == [card(1)]
    assert near.find([video.encode()]) != [None]

    held.writes.set()
    await write

    assert near.find([video.encode()]) == [None]


async def test_a_lost_connection_empties_and_comes_back(valkey: Valkey, client: RedisClient) -> None:
    far = RedisCards(client)
    async with process(valkey.url, far) as near:
        video = await written(far, card(1), near)
        await near.cards.get_many([video])
        assert near.holds(video)

        await lost(valkey, near)

        assert len(near.cards) == near.cards.size_bytes == 0
        await until_read(near, video)
        assert near.holds(video)


async def until_read(near: Process, video: str) -> None:
    """Reads it; killed clients are not Redis being away, but may look so once."""
    for _ in range(5):
        try:
            assert await near.cards.get_many([video]) == [card(1)]
        except Unavailable:
            continue
        return


async def test_without_redis_nothing_is_kept_until_it_is_back(valkey: Valkey, client: RedisClient) -> None:
    far = RedisCards(client)
    async with process(valkey.url, far) as near:
        video = await written(far, card(1), near)
        await near.cards.get_many([video])

        valkey.kill()
        await until(lambda: not near.tracking.sound)

        assert not near.holds(video)
        with pytest.raises(Unavailable):
            await near.cards.get_many([video])
        valkey.start()
        await until(lambda: near.tracking.sound)


async def test_a_server_that_falls_silent_is_noticed_in_two_seconds(valkey: Valkey, client: RedisClient) -> None:
    far = RedisCards(client)
    async with process(valkey.url, far) as near:
        video = await written(far, card(1), near)
        await near.cards.get_many([video])
        valkey.freeze()
        try:
            assert await until(lambda: not near.tracking.sound) < 2.5
            assert not near.holds(video)
        finally:
            valkey.thaw()


async def test_tens_of_thousands_of_changes_under_reading_leave_only_the_last(
    valkey: Valkey, client: RedisClient
) -> None:
    far = RedisCards(client)
    videos = [new("vid") for _ in range(1_000)]
    rounds = 30
    async with process(valkey.url, far) as near:

        async def change() -> None:
            for number in range(1, rounds + 1):
                await far.put_many({video: card(number) for video in videos}, {})

        async def read() -> None:
            while not changing.done():
                await near.cards.get_many(videos[:200])
                await asyncio.sleep(0)

        changing = asyncio.create_task(change())
        await asyncio.gather(changing, read(), read())
        await until(lambda: sum(map(len, filter(None, near.heard))) == rounds * len(videos))

        kept = [entry for entry in near.cards.find([video.encode() for video in videos]) if entry is not None]
        assert {entry.raw for entry in kept} <= {card(rounds)}
        assert await near.cards.get_many(videos) == [card(rounds)] * len(videos)
        assert len(near.cards) == len(videos)
        assert near.heard.count(None) == 1  # when it connected: the connection held


async def test_a_full_memory_keeps_its_bound(valkey: Valkey, client: RedisClient) -> None:
    far = RedisCards(client)
    async with process(valkey.url, far, max_bytes=100_000) as near:
        videos = [new("vid") for _ in range(500)]
        await far.put_many({video: card(1, "." * 800) for video in videos}, {})
        await until(lambda: sum(map(len, filter(None, near.heard))) == len(videos))

        for first in range(0, 500, 50):
            await near.cards.get_many(videos[first : first + 50])
            assert 0 < near.cards.size_bytes <= 100_000

        assert 80 < len(near.cards) < 120
