"""Measures hotpath.cards.splice: a page of 20 cards of some 730 bytes, each with three places for what media addresses
begin with and one for the viewer's flags.

The reference counts the places, then copies between them, over views that it is handed ready; the kernel's time
includes what Python costs: three lists of bytes objects, taken apart and checked. An element is one card. Eight inputs
take turns.
"""

import ctypes
import random
from typing import Any

from hotpath import cards as kernel
from hotpath.pure import cards as plain
from perf.cases import Case
from perf.native import NativeReference, References, Text, text

INPUTS = 8
TAKE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)


class Card(ctypes.Structure):
    """As in reference/splice.cpp."""

    _fields_ = (("body", Text), ("prefix", Text), ("viewer", Text))


class Input(ctypes.Structure):
    """As in reference/splice.cpp."""

    _fields_ = (("cards", ctypes.POINTER(Card)), ("count", ctypes.c_int64))


def case(references: References, rng: random.Random, cards: int = 20) -> Case:
    inputs = [_page(rng, cards) for _ in range(INPUTS)]
    library = references.load("splice")

    def answer(one: Any) -> bytes:
        pages: list[bytes] = []
        library.splice_answer(one, TAKE(lambda at, size: pages.append(ctypes.string_at(at, size))))
        return pages[0]

    structures = [_input(*lists) for lists in inputs]
    reference = NativeReference(library, "splice", structures, answer)
    return Case("splice", f"splice {cards} cards", INPUTS * cards, inputs, kernel.splice, plain.splice, reference)


def _page(rng: random.Random, cards: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    bodies = []
    for _ in range(cards):
        caption = rng.randbytes(300 + rng.randrange(-40, 41)).hex().encode()
        urls = b",".join(b'"%dp":"\x01/%dp/playlist.m3u8"' % (height, height) for height in (360, 720, 1080))
        bodies.append(b'{"caption":"%b","urls":{%b},"viewer":\x02}' % (caption, urls))
    viewers = [b'{"liked":%b,"saved":false,"following":true}' % rng.choice([b"true", b"false"]) for _ in bodies]
    bases = [b"/media/~1790000000.0123456789abcdef/vid_%026d/a3-7K2M9QXW.0" % place for place in range(cards)]
    return bodies, bases, viewers


def _input(bodies: list[bytes], prefixes: list[bytes], viewers: list[bytes]) -> Input:
    rows = [Card(text(b), text(p), text(v)) for b, p, v in zip(bodies, prefixes, viewers, strict=True)]
    return Input((Card * len(rows))(*rows), len(rows))
