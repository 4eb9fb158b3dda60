import json
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from hotpath.pure.hits import FETCH, GO_ON, READY
from hotpath.pure.reads import HEADERS_KEPT
from tests.hotpath.hits_world import (
    BEGAN_MS,
    NOW_MS,
    SESSION,
    STAMP_US,
    TWINS,
    USER,
    World,
    blob,
    card,
    listed,
    replies,
    rows,
    video,
)

HEADER = b"Bearer x"


class Kernel(NamedTuple):
    reads: ModuleType
    door: ModuleType


KERNELS = [
    Kernel(*(import_module(f"{package}.{name}") for name in Kernel._fields)) for package in ("hotpath", "hotpath.pure")
]
both = pytest.mark.parametrize("which", [0, 1], ids=["c", "py"])


class Asked:
    """A read over the world of the hits, its pages, and everything they were told."""

    def __init__(self, which: int, *, pulls: bool = False, known: bool = True) -> None:
        self.world, self.kernel = World(TWINS[which]), KERNELS[which]
        self.at: tuple[int, int] | None = (STAMP_US, BEGAN_MS)
        self.carried: list[Any] = []
        self.looked_for: list[Any] = []
        self.others: list[Any] = []
        self.pulled = False
        asked = self

        class Read(self.kernel.reads.Read):  # type: ignore[misc, name-defined]
            def find(self, authorization: bytes, now_ms: int) -> Any:
                asked.looked_for.append((authorization, now_ms))
                return asked.world.reader if authorization == b"found" else None

            def pulled(self, hit: Any) -> bool:
                return asked.pulled

            def otherwise(self, hit: Any, replies: list[Any], came_to: int) -> Any:
                asked.others.append(came_to)
                return "otherwise"

        readers = {HEADER: self.world.reader} if known else {}
        self.read = Read(self.world.hits, self, readers, lambda: NOW_MS, pulls=pulls, headers=[(b"a", b"b")])

    # What the read asks its pages.

    def stamp(self) -> tuple[int, int] | None:
        return self.at

    def fetch(self, hit: Any) -> Any:
        return ("replies to", hit.commands)

    def forget(self, hit: Any) -> None:
        self.carried.append(("forget", hit.forgotten))

    def tell(self, hit: Any) -> None:
        self.carried.append(("tell", hit.told))

    # What the door asks the read.

    def ask(self, query: bytes = b"limit=2", authorization: bytes | None = HEADER) -> Any:
        return self.read.ask(query, self.kernel.door.Fields(authorization, None, None), "127.0.0.1")

    def hit(self, query: bytes = b"limit=2") -> Any:
        return self.ask(query)[1]


@both
def test_a_hit_from_the_question_to_the_answer(which: int) -> None:
    asked = Asked(which)
    waiter, hit = asked.ask()
    assert waiter == ("replies to", hit.commands)

    answer = asked.read.answer(hit, replies(rows(1, 2, 3)))

    assert type(answer) is asked.kernel.door.Answer
    assert (answer.status, answer.user, answer.remaining) == (200, USER, hit.remaining)
    assert answer.headers == [(b"a", b"b"), (b"content-length", b"%d" % len(answer.body))]
    assert len(json.loads(answer.body)["videos"]) == 2
    assert asked.carried == [("tell", hit.told)]
    assert SESSION in hit.told
    assert (asked.looked_for, asked.others) == ([], [])


@both
def test_nothing_is_asked_for_who_is_not_known_or_not_plain(which: int) -> None:
    asked = Asked(which)
    assert asked.ask(authorization=None) is None
    assert asked.ask(authorization=b"stranger") is None
    assert asked.ask(b"page=1") is None
    asked.at = None
    assert asked.ask() is None
    assert asked.looked_for == [(b"stranger", NOW_MS)]


@both
def test_who_is_not_known_any_more_is_looked_for(which: int) -> None:
    asked = Asked(which, known=False)
    assert asked.ask(authorization=b"found") is not None
    over = Asked(which)
    over.world.reader = TWINS[which].readers.Reader(USER, SESSION, NOW_MS, "log")
    over.read = type(over.read)(
        over.world.hits, over, {HEADER: over.world.reader}, lambda: NOW_MS, pulls=False, headers=[]
    )
    assert over.ask() is None
    assert over.looked_for == [(HEADER, NOW_MS)]


@both
def test_what_left_the_limits_window_is_forgotten(which: int) -> None:
    asked = Asked(which)
    asked.world.reader.tend_again_ms = BEGAN_MS
    hit = asked.hit()
    old = listed(b"%d" % STAMP_US, b"%d" % (STAMP_US - 61_000_000))
    came = replies(rows(1, 2, 3))

    asked.read.answer(hit, [came[0], old, 1, *came[1:]])

    assert hit.forgets == 1
    assert asked.carried == [("forget", hit.forgotten), ("tell", hit.told)]


@both
def test_what_is_no_hit_is_for_who_inherits(which: int) -> None:
    asked = Asked(which)
    assert asked.read.answer(asked.hit(), replies(rows(1, 2, 77))) == "otherwise"
    assert asked.read.answer(asked.hit(), replies(rows(1, 2))) == "otherwise"
    hidden = asked.hit()
    assert asked.world.hits.read(hidden, replies(rows(1, 2, 77))) == FETCH
    assert asked.read.written(hidden, [None, None, None]) == "otherwise"
    assert (asked.others, asked.carried) == ([FETCH, GO_ON, GO_ON], [])


@both
def test_a_page_from_cards_that_were_fetched(which: int) -> None:
    asked = Asked(which)
    hit = asked.hit()
    asked.read.answer(hit, replies(rows(1, 2, 77)))
    entries = [TWINS[which].shelf.Entry(member, card()) for member in hit.members()]

    assert len(json.loads(asked.read.written(hit, entries).body)["videos"]) == 2
    assert asked.carried == [("tell", hit.told)]


@both
@pytest.mark.parametrize(("pulls", "pulled", "others"), [(True, True, [READY]), (True, False, []), (False, True, [])])
def test_a_page_that_lacks_what_is_pulled_is_no_hit(which: int, pulls: bool, pulled: bool, others: list[int]) -> None:
    asked = Asked(which, pulls=pulls)
    asked.pulled = pulled
    asked.read.answer(asked.hit(), replies(rows(1, 2, 3), state=blob()))

    assert asked.others == others


@both
def test_headers_are_made_once_for_a_length(which: int) -> None:
    asked = Asked(which)
    hit = asked.hit()
    first = asked.read.personal(hit, b"some", 3)
    assert (first.body, first.remaining) == (b"some", 3)
    assert asked.read.personal(hit, b"same", 4).headers is first.headers
    for size in range(HEADERS_KEPT + 1):
        asked.read.personal(hit, b"x" * size, 0)
    last, again = (asked.read.personal(hit, b"x" * HEADERS_KEPT, 0).headers for _ in range(2))
    assert last == again
    assert last is not again


@both
def test_a_page_of_a_later_place_leaves_nothing_behind(which: int) -> None:
    asked = Asked(which)
    hit = asked.hit(b"limit=2&" + asked.world.cursor())
    ties = listed(video(20), b"%d" % (NOW_MS - 1010))

    answer = asked.read.answer(hit, replies(rows(21, 22, 23, first_score=NOW_MS - 1011), ties=ties))

    assert len(json.loads(answer.body)["videos"]) == 2
    assert asked.carried == []


class Line:
    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[tuple[bytes, int]] = []

    def ask(self, commands: bytes, replies: int) -> Any:
        return (self.name, commands, replies)

    def tell(self, commands: bytes, replies: int) -> None:
        self.told.append((commands, replies))


@both
def test_a_hit_is_carried_to_its_servers(which: int) -> None:
    common, feeds = Line("common"), Line("feeds")
    trips = KERNELS[which].reads.Trips(common, feeds)
    hit = Asked(which).hit()

    assert trips.fetch(hit) == ("common", hit.commands, hit.replies)
    trips.forget(hit)
    trips.tell(hit)
    assert (common.told, feeds.told) == ([(hit.forgotten, hit.forgets)], [(hit.told, 1)])
    assert (trips.common, trips.feeds) == (common, feeds)


@both
def test_a_hit_that_asks_both_is_for_who_inherits(which: int) -> None:
    base = KERNELS[which].reads.Trips

    class Apart(base):  # type: ignore[misc, valid-type]
        def both(self, hit: Any) -> Any:
            return (hit.commands, hit.reading)

    hit = World(TWINS[which], apart=True).ask(b"limit=2")
    assert Apart(Line("common"), Line("feeds")).fetch(hit) == (hit.commands, hit.reading)
    with pytest.raises(ValueError, match=r"^the feeds are elsewhere$"):
        base(Line("common"), Line("feeds")).fetch(hit)
