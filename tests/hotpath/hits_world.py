"""A feed's pages over thirty cards, for the tests of the kernel that makes them."""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

from hotpath.pure.hits import Questions

NOW_MS, STAMP_US, BEGAN_MS = 1_800_000_000_000, 1_800_000_000_000_001, 5_000_000
USER, SESSION, STRANGER = b"usr_%026d" % 7, b"ses_%026d" % 8, b"usr_%026d" % 9
AUTHOR = b"%026d" % 1
GENERATION = f"{NOW_MS - 1000:012x}abcdfr"
NAMES = {b"f": b'"fresh"', b"r": b'"recommended"'}
MOST, WINDOW_S = 100, 60


class Twin(NamedTuple):
    hits: ModuleType
    readers: ModuleType
    seals: ModuleType
    shelf: ModuleType
    sliding: ModuleType
    templates: ModuleType


TWINS = [
    Twin(*(import_module(f"{package}.{name}") for name in Twin._fields)) for package in ("hotpath", "hotpath.pure")
]


class World:
    """A feed's pages over a shelf of thirty cards, and one reader."""

    def __init__(self, twin: Twin, *, rule: int = 0, apart: bool = False) -> None:
        self.admitted = twin.sliding.SlidingLog()
        self.shelf = twin.shelf.Shelf(10**6)
        for number in range(30):
            self.shelf.put(video(number), card())
        self.cursors = twin.seals.Seal(b"cursors", 16)
        template = twin.templates.Template
        questions = Questions(
            admit=template(b"admit " + b"\x01" * 16 + b"\x02" * 30),
            tend=template(b"tend " + b"\x02" * 30),
            forget=template(b"forget " + b"\x01" * 16 + b"\x02" * 30),
            tops=tuple(template(b"top%d " % size + b"\x02" * 30) for size in range(50)),
            afters=tuple(template(b"after%d " % size + b"\x04" * 13) for size in range(50)),
            behind=template(b"behind " + b"\x02" * 30 + b"\x03" * 30),
            apart=apart,
            remember=template(b"SET " + b"\x03" * 30),
            remember_end=b"END",
            alive=b"alive",
        )
        flags = tuple(b'{"flags":%d}' % bits for bits in range(8))
        names = {b"": b'"following"'} if rule else NAMES
        self.kind = "following" if rule else "feed"
        self.hits = twin.hits.Hits(
            self.kind, rule, (MOST, WINDOW_S), questions, self.admitted, self.shelf, self.cursors,
            twin.seals.Seal(b"playbacks", 12), flags, b"/media", names,
        )  # fmt: skip
        self.reader = twin.readers.Reader(USER, SESSION, NOW_MS + 1, "log")
        self.reader.tend_again_ms = BEGAN_MS + 1

    def ask(self, query: bytes = b"", stamp_us: int = STAMP_US, **more: int) -> Any:
        at = {"now_ms": NOW_MS, "began_ms": BEGAN_MS} | more
        return self.hits.ask(self.reader, query, at["now_ms"], stamp_us, at["began_ms"])

    def cursor(self, **fields: Any) -> bytes:
        """A sealed cursor of this reader, behind video 20, with these fields otherwise."""
        place = {
            "generation": GENERATION, "upper": NOW_MS, "score": NOW_MS - 1010, "video_id": video(20).decode(),
            "in_tail": False, "served": 10, "past": (), "pushed": b"",
        }  # fmt: skip
        envelope = {"version": 1, "kind": self.kind, "viewer": USER.decode(), "expires_ms": NOW_MS + 1}
        envelope |= {name: fields.pop(name) for name in list(fields) if name in envelope}
        sealed = [*envelope.values(), list((place | fields).values())]
        text: bytes = self.cursors.seal(msgspec.msgpack.encode(sealed))
        return b"cursor=" + text


def video(number: int) -> bytes:
    return b"vid_%026d" % number


def card(visibility: bytes = b"P") -> bytes:
    head = b"%020d2%bAusr_%b%013d0405a1.0dance" % (7, visibility, AUTHOR, 1_800_000_000_000)
    return head + b'{"u":"\x01/a","v":\x02}'


def blob(**sets: Sequence[bytes]) -> bytes:
    names = ("liked", "saved", "following", "friends", "blocked", "muted")
    members = [sorted(sets.get(name, [])) for name in names]
    header = msgspec.msgpack.encode([1, "", "", [len(each) for each in members]])
    return len(header).to_bytes(2, "big") + header + b"".join(member for each in members for member in each)


def listed(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%b\r\n" % (len(text), text) for text in texts)


def rows(*numbers: int, first_score: int = NOW_MS - 1000) -> bytes:
    """Videos by number, each scored one less than the one before."""
    return listed(
        *(word for place, number in enumerate(numbers) for word in (video(number), b"%d" % (first_score - place)))
    )


def replies(
    entries: bytes,
    *,
    count: int = 2,
    generation: str = GENERATION,
    state: bytes | None = None,
    ties: bytes | None = None,
    alive: bytes | None = b"alive",
    apart: bool = False,
) -> list[Any]:
    marker = listed(b"!" + generation.encode()) if generation else listed()
    state = blob() if state is None else state
    read = [*([] if ties is None else [ties]), entries, marker]
    if apart:
        return [count, alive, *read, state]
    return [count, *read, [None, state] if alive is None else listed(alive, state)]
