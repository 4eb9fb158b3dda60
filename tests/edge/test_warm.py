"""What the edge fetches behind the requests' backs: what a read may have lacked, once, and never for long."""

import asyncio
from typing import Any

import pytest

from app.core.errors import Unauthenticated, Unavailable
from app.core.metrics import REGISTRY
from app.edge import warm
from app.edge.warm import FOLLOWING, TRENDING, Warm
from app.http.hot import Fields
from app.http.viewer import Viewer
from app.ports.limiter import Verdict
from tests.waiting import until

FOR_YOU = "/api/v1/feed/for-you"
COUNTED, REFUSED = Verdict(True, 9, 60), Verdict(False, 0, 60)
VISITOR, READER = Fields(None, None, None), Fields(b"Bearer x", None, None)


class World:
    """Everything that is fetched from, and what was."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.stamp: object = (1, 1)
        self.known: set[bytes] = set()
        self.fetched: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        everybody: Any = self
        self.warm = Warm(everybody, lambda: self.stamp, everybody, everybody, everybody, lambda: self.now_ms)

    async def _fetch(self, *what: Any) -> None:
        self.fetched.append(what)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error

    def recall(self, authorization: bytes, _now_ms: int) -> tuple[Viewer, int] | None:
        return (Viewer("u", "s"), 0) if authorization in self.known else None

    async def admit(self, authorization: str) -> None:
        await self._fetch("admit", authorization)

    async def of(self, user_ids: tuple[()]) -> None:
        await self._fetch("of", user_ids)

    async def make(self, *asked: Any) -> None:
        await self._fetch("make", *asked)

    async def take(self, *asked: Any) -> Verdict:
        await self._fetch("take", *asked)
        self.stamp = (2, 2)
        return COUNTED

    async def missed(self, path: str, query: bytes, fields: Fields, verdict: Verdict | None) -> list[tuple[Any, ...]]:
        """What a miss fetches, beside the time."""
        self.warm.missed(path, query, fields, verdict)
        await until(lambda: not self.warm._doing)
        found, self.fetched = [what for what in self.fetched if what[0] != "take"], []
        return found


@pytest.mark.parametrize(
    ("path", "query", "fields", "verdict", "fetched"),
    [
        (FOR_YOU, b"", READER, None, [("admit", "Bearer x")]),
        (FOLLOWING, b"limit=3", READER, None, [("admit", "Bearer x")]),
        (FOLLOWING, b"", READER, COUNTED, [("of", ())]),
        (FOR_YOU, b"", READER, COUNTED, []),
        (FOR_YOU, b"", VISITOR, None, []),
        (TRENDING, b"limit=3&page=2", VISITOR, COUNTED, [("make", "global", 2, 3, b"", None)]),
        (TRENDING, b"limit=x", VISITOR, COUNTED, []),
        (TRENDING, b"", VISITOR, REFUSED, []),
        (TRENDING, b"", VISITOR, None, []),
    ],
)
async def test_what_a_miss_may_have_lacked_is_fetched(
    path: str, query: bytes, fields: Fields, verdict: Verdict | None, fetched: list[tuple[Any, ...]]
) -> None:
    assert await World().missed(path, query, fields, verdict) == fetched


async def test_who_is_known_already_is_not_asked_about() -> None:
    world = World()
    world.known.add(b"Bearer x")
    assert await world.missed(FOR_YOU, b"", READER, None) == []


async def test_the_limiters_time_is_asked_when_it_is_not_known_and_once_a_minute() -> None:
    world = World()
    world.stamp = None
    for later_ms, asked in ((0, 1), (1, 0), (59_998, 0), (1, 1), (0, 0)):
        world.now_ms += later_ms
        world.fetched.clear()
        world.warm.missed(FOR_YOU, b"", VISITOR, None)
        await until(lambda: not world.warm._doing)
        assert [what[0] for what in world.fetched] == ["take"] * asked


async def test_one_thing_is_fetched_once_at_a_time_and_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "MOST", 3)
    world = World()
    world.gate = asyncio.Event()
    for number in range(10):
        for _ in range(2):
            world.warm.missed(FOR_YOU, b"", Fields(b"Bearer %d" % number, None, None), None)
    await until(lambda: len(world.fetched) == 3)
    world.gate.set()
    await until(lambda: not world.warm._doing)
    assert len(world.fetched) == 3


@pytest.mark.parametrize(
    ("error", "noted"), [(Unauthenticated("No."), 0), (Unavailable("Redis cannot be reached."), 1)]
)
async def test_what_cannot_be_fetched_is_done_without(error: Exception, noted: int) -> None:
    def fallbacks() -> float:
        return REGISTRY.get_sample_value("kinora_fallbacks_total", {"what": "edge-warm"}) or 0.0

    world, before = World(), fallbacks()
    world.warm._timed_ms = world.now_ms
    world.error = error
    assert await world.missed(FOR_YOU, b"", READER, None) == [("admit", "Bearer x")]
    assert fallbacks() == before + noted


async def test_what_is_under_way_at_the_end_is_left() -> None:
    world = World()
    world.gate = asyncio.Event()
    world.warm.missed(FOLLOWING, b"", READER, COUNTED)
    await until(lambda: len(world.fetched) == 2)
    await world.warm.aclose()
    assert not world.warm._doing
