"""Identifiers: a four-character kind and 26 characters of upper-case Crockford base32.

The layout is that of a ULID: 48 bits of milliseconds, then 80 random bits. Ids of one kind therefore sort by the
time they were made (to the millisecond), as bytes and as `COLLATE "C"` text. Always 30 ASCII bytes, which the
kernels rely on.
"""

import os
import re
from typing import Final

from app.core.clock import system_ms

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_BYTES: Final = 30

KINDS: Final = frozenset({"vid", "usr", "cmt", "evt", "ses", "job", "mus", "req", "tok"})
_SHAPE: Final = re.compile(r"([a-z]{3})_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
_VALUE: Final = {letter: value for value, letter in enumerate(ALPHABET)}


def new(kind: str, at_ms: int | None = None) -> str:
    """A fresh id of `kind`, stamped with `at_ms` (default: now)."""
    if kind not in KINDS:
        raise ValueError(f"unknown id kind {kind!r}")
    stamp = system_ms() if at_ms is None else at_ms
    return f"{kind}_{_encode(stamp << 80 | int.from_bytes(os.urandom(10), 'big'))}"


def floor(kind: str, at_ms: int) -> str:
    """The smallest id of `kind` made at or after `at_ms`: a bound for range queries."""
    return f"{kind}_{_encode(at_ms << 80)}"


def is_id(value: str, kind: str) -> bool:
    """Whether `value` is a well-formed id of `kind`."""
    match = _SHAPE.match(value)
    return match is not None and match[1] == kind


def made_at_ms(value: str) -> int:
    """When the id was made, in ms since 1970. The id must be well formed."""
    stamp = 0
    for letter in value[4:14]:
        stamp = stamp << 5 | _VALUE[letter]
    return stamp


def _encode(number: int) -> str:
    letters = []
    for _ in range(26):
        letters.append(ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(letters))
