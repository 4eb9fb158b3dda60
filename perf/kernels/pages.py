"""Measures hotpath.pages for a viewer with 512 likes, 512 saves and 300 followed, on cards of some 500 bytes, half
of a seeded one, that a process keeps, with 8 places for what media addresses begin with and one for the viewer's flags
in each.

`visibility`: 100 cards of every kind are judged. An element is one card. `page`: 21 public cards are judged and 20
written, with the viewer's flags. An element is one card that is written. The reference is handed views with the slots
already found; the kernel's time includes what Python costs. Eight inputs take turns.
"""

import ctypes
import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hotpath import pages as kernel
from hotpath import shelf
from hotpath.pure import pages as plain
from hotpath.pure import shelf as plain_shelf
from perf.cases import Case
from perf.native import NativeReference, References, Text, text

ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
INPUTS = 8
RECENT = 512
FOLLOWED = 300
FLAGS = tuple(b'{"liked":%d,"saved":%d,"following":%d}' % (bits & 1, bits >> 1 & 1, bits >> 2) for bits in range(8))
ENDS = (b'{"videos":', b',"next_page":1,"next_cursor":"%b","has_more":true}' % (b"x" * 200))
TAKE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)


class Card(ctypes.Structure):
    """As in reference/pages.cpp."""

    _fields_ = (
        ("video_id", Text),
        ("raw", Text),
        ("media_version", Text),
        ("body_at", ctypes.c_int64),
        ("slots", ctypes.POINTER(ctypes.c_uint32)),
        ("slot_count", ctypes.c_int64),
    )


class Input(ctypes.Structure):
    """As in reference/pages.cpp."""

    _fields_ = (
        ("cards", ctypes.POINTER(Card)),
        ("count", ctypes.c_int64),
        ("blob", Text),
        ("viewer", Text),
        ("rule", ctypes.c_int64),
        ("limit", ctypes.c_int64),
        ("flags", Text * 8),
        *((name, Text) for name in ("prefix", "head", "tail")),
    )


def visibility_case(references: References, rng: random.Random, cards: int = 100) -> Case:
    world = _World(rng)
    kinds = [b"PA", b"PA", b"PA", b"FA", b"XA", b"P-"]
    inputs = [(world.entries(cards, kinds, world.people), world.blob, world.viewer, 0) for _ in range(INPUTS)]
    reference = _reference(references, "visibility", [_input(*one, 0, b"", b"", b"") for one in inputs])
    title = f"visibility of {cards} cards"
    return Case("visibility", title, INPUTS * cards, inputs, kernel.visible, _on_plain(plain.visible), reference)


def page_case(references: References, rng: random.Random, cards: int = 20) -> Case:
    world = _World(rng)
    inputs = [
        (
            world.entries(cards + 1, [b"PA"], world.people[20:]),
            world.blob,
            world.viewer,
            0,
            cards,
            FLAGS,
            b"/media",
            *ENDS,
        )
        for _ in range(INPUTS)
    ]
    structures = [_input(*one[:5], *one[6:]) for one in inputs]
    reference = _reference(references, "page", structures)
    return Case("page", f"page of {cards} cards", INPUTS * cards, inputs, kernel.page, _on_plain(plain.page), reference)


class _World:
    """Videos, people, and one viewer's blob: the first ten people are blocked, the next ten muted."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.videos = [self._bare_id() for _ in range(2_000)]
        self.people = [self._bare_id() for _ in range(1_000)]
        self.viewer = self._bare_id()
        followed = rng.sample(self.people[20:], FOLLOWED)
        liked, saved = rng.sample(self.videos, RECENT), rng.sample(self.videos, RECENT)
        sets = [liked, saved, followed, followed[:100], self.people[:10], self.people[10:20]]
        header = msgspec.msgpack.encode([1, "", "", [len(members) for members in sets]])
        members = b"".join(member for each in sets for member in sorted(each))
        self.blob = len(header).to_bytes(2, "big") + header + members

    def entries(self, count: int, kinds: Sequence[bytes], authors: Sequence[bytes]) -> list[shelf.Entry]:
        rng = self._rng
        return [
            shelf.Entry(b"vid_" + video, self._card(video, rng.choice(kinds), rng.choice(authors)))
            for video in rng.sample(self.videos, count)
        ]

    def _card(self, video: bytes, kind: bytes, author: bytes) -> bytes:
        words = self._rng.randbytes(100 + self._rng.randrange(-40, 41)).hex().encode()
        urls = b",".join(b'"\x01/thumbnails/%d.jpg"' % number for number in range(8))
        body = b'{"title":"%b","urls":[%b],"user_interaction":\x02,"music":null}' % (words, urls)
        media_version = b"a3-%b.0" % video[-8:]
        header = b"%020d2%busr_%b%013d%02d05" % (7, kind, author, 1_790_000_000_000, len(media_version))
        return b"%b%bdance%b" % (header, media_version, body)

    def _bare_id(self) -> bytes:
        """Made within two years of one another."""
        number = (1_790_000_000_000 - self._rng.randrange(63_000_000_000)) << 80 | self._rng.getrandbits(80)
        return bytes(ALPHABET[number >> 5 * place & 31] for place in reversed(range(26)))


def _on_plain(twin: Callable[..., Any]) -> Callable[..., Any]:
    def answer(entries: list[shelf.Entry], *rest: Any) -> Any:
        return twin([plain_shelf.Entry(entry.video_id, entry.raw) for entry in entries], *rest)

    return answer


def _reference(references: References, name: str, structures: list[Input]) -> NativeReference:
    library = references.load("pages")

    def answer(one: Any) -> bytes:
        answers: list[bytes] = []
        getattr(library, f"{name}_answer")(one, TAKE(lambda at, size: answers.append(ctypes.string_at(at, size))))
        return answers[0]

    return NativeReference(library, name, structures, answer)


def _input(
    entries: list[shelf.Entry],
    blob: bytes,
    viewer: bytes,
    rule: int,
    limit: int,
    prefix: bytes,
    head: bytes,
    tail: bytes,
) -> Input:
    cards = []
    for entry in entries:
        found = plain_shelf.Entry(entry.video_id, entry.raw)
        views = (text(found.video_id), text(found.raw), text(found.media_version))
        slots = (ctypes.c_uint32 * len(found.slots))(*found.slots)
        cards.append(Card(*views, found.body_at, slots, len(found.slots)))
    flags = (Text * 8)(*(text(each) for each in FLAGS))
    array = (Card * len(cards))(*cards)
    made = Input(array, len(cards), text(blob), text(viewer), rule, limit, flags, text(prefix), text(head), text(tail))
    made.kept = cards  # an array of structures copies their fields and forgets whose memory they point to
    return made
