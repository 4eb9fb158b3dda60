"""A compact rolling filter of the videos one person has seen: two generations of hashes, both of which are read.

A generation takes what is new until it holds 10,000 distinct hashes or is seven days old; then it becomes the old one,
and the old one before it is forgotten. So an id is remembered for seven days at least, unless 10,000 newer ones came.

An id is kept as a hash of 23 bits. Two full generations answer 2 x 10,000 / 2^23 = 0.24 % of strangers wrongly, a new
filter next to none. No id that is remembered is ever denied.

A filter is one value, little-endian throughout:

    0  8  the version in the top byte, below it when the new generation began, in ms
    8  8  four uint16: hashes and bytes of the new generation, hashes and bytes of the old one
   16  .  the new generation, then the old one: sorted distinct hashes, the gaps between them Golomb-Rice coded
    .  .  marks that came since, three bytes each in the order of their coming: adding is appending

The code of a gap is g >> r zeros, a one, and the r low bits of g, least significant bit first, where r is the binary
logarithm of 2^23 / n, rounded down (Golomb, "Run-length encodings", 1966; Rice, 1979). That takes at most r + 3 bits a
hash: 12 when a generation is full, under 16 from 512 on, and a person who saw a hundred videos costs under 300 bytes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from hotpath.pure._columns import ID_BYTES

VERSION = 1
HASH_BITS = 23
MARK_BYTES = 3
GENERATION_ITEMS = 10_000
GENERATION_MS = 7 * 86_400_000
MAX_TIME_MS = 2**48 - 1

_HEADER = struct.Struct("<Q4H")
_WORD = 2**64 - 1
_NOT_OURS = "no filter of this version"


def empty(now_ms: int) -> bytes:
    """A filter that remembers nothing yet. ValueError for a time outside 48 bits."""
    return _Filter(_time(now_ms)).packed()


def marks(ids: bytes) -> bytes:
    """What to append to a filter for it to remember `ids` (n x 30 bytes): n x 3 bytes. ValueError for other lengths."""
    return b"".join(mark.to_bytes(MARK_BYTES, "little") for mark in _marks(ids))


def add(kept: bytes, ids: bytes, now_ms: int) -> bytes:
    """The filter `kept` with `ids` (n x 30 bytes) remembered, what was appended worked in, and rotated where due.

    With no ids it only tidies up. Adding an id again changes nothing. Raises ValueError for ids of another length, a
    time outside 48 bits, or what is no filter of this version.
    """
    _time(now_ms)
    added = _marks(ids)
    filter_ = _Filter.unpacked(kept)
    appended, filter_.appended = filter_.appended, []
    filter_.take(appended, now_ms)
    if now_ms - filter_.since_ms >= GENERATION_MS:
        filter_.rotate(now_ms)
    filter_.take(added, now_ms)
    return filter_.packed()


def contains(kept: bytes, ids: bytes) -> bytes:
    """A byte for each of `ids` (n x 30 bytes): 1 if the filter remembers it, or takes it for one that it does, else 0.

    Raises ValueError for ids of another length, or what is no filter of this version.
    """
    wanted = _marks(ids)
    filter_ = _Filter.unpacked(kept)
    known = {*filter_.new, *_decoded(filter_.old, filter_.old_items), *filter_.appended}
    return bytes(mark in known for mark in wanted)


def sizes(kept: bytes) -> tuple[int, int, int]:
    """Hashes in the new generation, in the old one, and marks appended since. ValueError for no filter at all."""
    parts = _parts(kept)
    return parts.new_items, parts.old_items, len(parts.tail) // MARK_BYTES


class _Parts(NamedTuple):
    since_ms: int
    new_items: int
    new: bytes
    old_items: int
    old: bytes
    tail: bytes


def _parts(kept: bytes) -> _Parts:
    if len(kept) < _HEADER.size:
        raise ValueError(_NOT_OURS)
    stamp, new_items, new_bytes, old_items, old_bytes = _HEADER.unpack_from(kept)
    old_at = _HEADER.size + new_bytes
    tail_at = old_at + old_bytes
    tail_bytes = len(kept) - tail_at
    if stamp >> 56 != VERSION or max(new_items, old_items) > GENERATION_ITEMS:
        raise ValueError(_NOT_OURS)
    if tail_bytes < 0 or tail_bytes % MARK_BYTES or max(new_bytes, old_bytes) > MARK_BYTES * GENERATION_ITEMS:
        raise ValueError(_NOT_OURS)
    new, old, tail = kept[_HEADER.size : old_at], kept[old_at:tail_at], kept[tail_at:]
    return _Parts(stamp & MAX_TIME_MS, new_items, new, old_items, old, tail)


class _Filter:
    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.new: list[int] = []
        self.old = b""
        self.old_items = 0
        self.appended: list[int] = []

    @classmethod
    def unpacked(cls, kept: bytes) -> _Filter:
        parts = _parts(kept)
        filter_ = cls(parts.since_ms)
        filter_.new = _decoded(parts.new, parts.new_items)
        filter_.old, filter_.old_items = parts.old, parts.old_items
        tail = [parts.tail[at : at + MARK_BYTES] for at in range(0, len(parts.tail), MARK_BYTES)]
        filter_.appended = [int.from_bytes(mark, "little") % 2**HASH_BITS for mark in tail]
        return filter_

    def packed(self) -> bytes:
        new = _encoded(self.new)
        stamp = VERSION << 56 | self.since_ms
        return _HEADER.pack(stamp, len(self.new), len(new), self.old_items, len(self.old)) + new + self.old

    def take(self, marks_: list[int], now_ms: int) -> None:
        while marks_:
            room = GENERATION_ITEMS - len(self.new)
            self.new = sorted({*self.new, *marks_[:room]})
            marks_ = marks_[room:]
            if len(self.new) == GENERATION_ITEMS:
                self.rotate(now_ms)

    def rotate(self, now_ms: int) -> None:
        self.old, self.old_items = _encoded(self.new), len(self.new)
        self.new, self.since_ms = [], now_ms


def _time(now_ms: int) -> int:
    if not 0 <= now_ms <= MAX_TIME_MS:
        raise ValueError("a time has 48 bits")
    return now_ms


def _marks(ids: bytes) -> list[int]:
    if len(ids) % ID_BYTES:
        raise ValueError("ids must hold 30 bytes each")
    return [_hash(ids[at : at + ID_BYTES]) for at in range(0, len(ids), ID_BYTES)]


def _hash(id_: bytes) -> int:
    """23 bits of all 30 bytes, as four words of which two overlap. It is part of what is stored: it never changes."""
    mixed = 0
    for at in (0, 8, 16, ID_BYTES - 8):
        mixed = (mixed ^ int.from_bytes(id_[at : at + 8], "little")) * 0x9E3779B97F4A7C15 & _WORD
        mixed ^= mixed >> 32
    return (mixed * 0xFF51AFD7ED558CCD & _WORD) >> (64 - HASH_BITS)


def _low_bits(items: int) -> int:
    return (2**HASH_BITS // items).bit_length() - 1 if items else 0


def _encoded(hashes: list[int]) -> bytes:
    low, bit, code, before = _low_bits(len(hashes)), 0, 0, -1
    for hash_ in hashes:
        gap = hash_ - before - 1
        bit += gap >> low
        code |= (1 | (gap & (1 << low) - 1) << 1) << bit
        bit += 1 + low
        before = hash_
    return code.to_bytes((bit + 7) // 8, "little")


def _decoded(code: bytes, items: int) -> list[int]:
    bits, low, bit, before = int.from_bytes(code, "little"), _low_bits(items), 0, -1
    text = bin(bits)[:1:-1]  # the least significant bit first
    hashes: list[int] = []
    for _ in range(items):
        one = text.find("1", bit)
        end = one + 1 + low
        if one < 0 or end > 8 * len(code):
            raise ValueError(_NOT_OURS)
        gap = (one - bit) << low | int(text[one + 1 : end][::-1] or "0", 2)
        before += gap + 1
        if before >> HASH_BITS:
            raise ValueError(_NOT_OURS)
        hashes.append(before)
        bit = end
    return hashes
