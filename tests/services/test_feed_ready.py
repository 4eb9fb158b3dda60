"""Ready answers: how long they live, what drops them, and how often they are made."""

import asyncio
import gzip
from collections.abc import Collection

import brotli
import msgspec

from app.ports.invalidations import Hear
from app.services.feed import ready
from app.services.feed.ready import Ready
from app.services.feed.variants import ReadyAnswer

VIDEOS = [f"vid_{n:026d}" for n in range(20)]


class Page(msgspec.Struct):
    """A page that names what is on it, and tells one making from another."""

    videos: list[str]
    made: int


class World:
    """A source, a clock and a channel of changes that a test moves by hand."""

    def __init__(self, *, sound: bool = True) -> None:
        self.now_ms = 1_000_000
        self.sound = sound
        self.videos = list(VIDEOS)
        self.reads = 0
        self.reading = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()
        self.hears: list[Hear] = []
        self.ready = Ready(self.source, self, lambda: self.now_ms)

    def listen(self, hear: Hear) -> None:
        self.hears.append(hear)

    def change(self, video_ids: Collection[str] | None) -> None:
        for hear in self.hears:
            hear(video_ids)

    async def source(self, _scope: str, page: int, limit: int) -> tuple[Page, list[str]]:
        self.reads += 1
        shown = self.videos[page * limit : (page + 1) * limit]
        made = self.reads
        self.reading.set()
        await self.hold.wait()
        return Page(shown, made), shown

    def find(self, *, page: int = 0, accept: bytes = b"", known: bytes | None = None) -> ReadyAnswer | None:
        return self.ready.find("global", page, 10, accept, known)

    async def make(self, *, page: int = 0, accept: bytes = b"") -> ReadyAnswer:
        return await self.ready.make("global", page, 10, accept, None)


def page_of(answer: ReadyAnswer) -> Page:
    return msgspec.json.decode(answer.body, type=Page)


def header(answer: ReadyAnswer, name: bytes) -> bytes | None:
    return dict(answer.headers).get(name)


async def test_every_encoding_holds_the_same_page_under_its_own_tag() -> None:
    world = World()
    plain = await world.make()
    packed = {name: world.find(accept=name) for name in (b"br", b"gzip")}
    assert all(packed.values())
    assert brotli.decompress(packed[b"br"].body) == plain.body  # type: ignore[union-attr]
    assert gzip.decompress(packed[b"gzip"].body) == plain.body  # type: ignore[union-attr]
    answers = [plain, *(answer for answer in packed.values() if answer)]
    assert [header(answer, b"content-encoding") for answer in answers] == [None, b"br", b"gzip"]
    assert len({header(answer, b"etag") for answer in answers}) == 3
    for answer in answers:
        assert header(answer, b"content-length") == str(len(answer.body)).encode()
        assert header(answer, b"vary") == b"authorization, accept-encoding"
        assert world.reads == 1


async def test_who_has_it_gets_nothing_but_the_headers() -> None:
    world = World()
    whole = await world.make(accept=b"br")
    tag = header(whole, b"etag")
    again = world.find(accept=b"br", known=tag)
    assert again is not None
    assert (again.status, again.body) == (304, b"")
    assert {name for name, _ in again.headers} == {b"etag", b"cache-control", b"vary"}
    other = world.find(accept=b"gzip", known=tag)
    assert other is not None
    assert other.status == 200


async def test_a_hundred_at_once_are_one_making() -> None:
    world = World()
    answers = await asyncio.gather(*(world.make() for _ in range(100)))
    assert world.reads == 1
    assert {answer.body for answer in answers} == {answers[0].body}


async def test_an_older_answer_is_served_while_it_is_made_anew() -> None:
    world = World()
    await world.make()
    world.now_ms += ready.RENEW_AFTER_MS - 1
    assert world.find() is not None
    assert world.reads == 1
    world.now_ms += 1
    assert [world.find() is None for _ in range(5)] == [False] * 5
    assert page_of(await world.make()).made == 2  # the one that was begun
    assert world.reads == 2


async def test_an_answer_that_nobody_asked_for_is_made_before_it_is_served() -> None:
    world = World()
    await world.make()
    world.now_ms += ready.LIFE_MS
    assert world.find() is None
    assert world.reads == 1


async def test_while_changes_are_not_heard_an_answer_lives_for_a_second() -> None:
    world = World(sound=False)
    made = await world.make()
    assert header(made, b"cache-control") == b"public, max-age=1"
    world.now_ms += 1000
    assert world.find() is None


async def test_a_changed_card_drops_every_answer_that_holds_it_and_no_other() -> None:
    world = World()
    await world.make(page=0)
    await world.make(page=1)
    world.videos.remove(VIDEOS[3])
    world.change([VIDEOS[3], "vid_elsewhere"])
    assert world.find(page=0) is None
    assert world.find(page=1) is not None
    assert VIDEOS[3] not in page_of(await world.make()).videos
    assert world.reads == 3


async def test_when_any_card_may_have_changed_all_answers_go() -> None:
    world = World()
    await world.make(page=0)
    await world.make(page=1)
    world.change(None)
    assert [world.find(page=page) for page in (0, 1)] == [None, None]


async def test_a_card_that_changes_while_it_is_read_is_read_again() -> None:
    world = World()
    world.hold.clear()
    waiting = asyncio.create_task(world.make())
    await world.reading.wait()
    world.videos.remove(VIDEOS[0])
    world.change([VIDEOS[0]])
    world.hold.set()
    assert VIDEOS[0] not in page_of(await waiting).videos
    assert world.reads == 2


async def test_what_changes_at_every_reading_is_given_to_who_waits_and_not_kept() -> None:
    world = World()

    async def source(*_: object) -> tuple[Page, list[str]]:
        world.reads += 1
        world.change([VIDEOS[0]])
        return Page(VIDEOS[:1], world.reads), VIDEOS[:1]

    world.ready = Ready(source, world, lambda: world.now_ms)
    assert (await world.make()).status == 200
    assert world.reads == ready.TRIES
    assert world.find() is None


async def test_so_many_answers_are_kept_and_no_more() -> None:
    world = World()
    for number in range(ready.KEPT + 1):
        await world.ready.make(f"c{number}", 0, 10, b"", None)
    assert world.ready.find("c0", 0, 10, b"", None) is None
    assert world.ready.find("c1", 0, 10, b"", None) is not None


async def test_whatever_lies_beyond_the_end_is_one_answer() -> None:
    world = World()
    await world.make(page=10)
    for page in (11, 99_999):
        assert world.find(page=page) is not None


async def test_a_failure_is_told_and_the_next_visitor_tries_again() -> None:
    world = World()
    failures = [RuntimeError("away")]

    async def source(scope: str, page: int, limit: int) -> tuple[Page, list[str]]:
        if failures:
            raise failures.pop()
        return await world.source(scope, page, limit)

    world.ready = Ready(source, world, lambda: world.now_ms)
    results = await asyncio.gather(*(world.make() for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["away"] * 3
    assert (await world.make()).status == 200
