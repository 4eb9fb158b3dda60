"""Measures hotpath.fanout.encode: a million followers through the activity bitmap, which holds half of them, into
commands of 500 keys, ready for a socket.

`case` encodes them in one call, 23 MB of commands; `pages_case` in pages of 2,000, as the fan-out does. The reference
tests each follower's bit and writes each command into memory of its exact size; both sides pay for getting and
giving back that memory. An element is one follower.
"""

import ctypes
import random
from array import array
from typing import Any

from hotpath import fanout as kernel
from hotpath.pure import fanout as plain
from perf.cases import Case
from perf.native import NativeReference, References, Text, int64s, text

ID_BYTES = 30
SHA = b"a" * 40
PREFIX = b"following:"
MEMBER = b"vid_" + b"0" * 26
SCORE_MS = 1_790_000_000_000
KEEP = 500
BATCH_KEYS = 500
TAKE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


class Input(ctypes.Structure):
    """As in reference/fanout.cpp."""

    _fields_ = (
        ("followers", ctypes.c_char_p),
        ("user_nos", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("active", Text),
        ("sha", Text),
        ("prefix", Text),
        ("member", Text),
        ("score", ctypes.c_int64),
        ("keep", ctypes.c_int64),
        ("batch_keys", ctypes.c_int64),
    )


def case(references: References, rng: random.Random, followers: int = 1_000_000) -> Case:
    title = f"fan-out to {followers:,}, half active, at once"
    return _case("fanout", title, references, rng, followers, followers)


def pages_case(references: References, rng: random.Random, followers: int = 1_000_000, page: int = 2_000) -> Case:
    title = f"fan-out to {followers:,}, half active, pages of {page:,}"
    return _case("fanout-pages", title, references, rng, followers, page)


def _case(name: str, title: str, references: References, rng: random.Random, followers: int, page: int) -> Case:
    ids = b"".join([b"usr_%026d" % number for number in range(followers)])
    user_nos = array("I", rng.sample(range(2 * followers), followers))
    active = rng.randbytes(2 * followers // 8)
    inputs = [
        (
            ids[first * ID_BYTES : (first + page) * ID_BYTES],
            user_nos[first : first + page],
            active,
            SHA,
            PREFIX,
            MEMBER,
            SCORE_MS,
            KEEP,
            BATCH_KEYS,
        )
        for first in range(0, followers, page)
    ]
    library = references.load("fanout")

    def answer(one: Any) -> list[tuple[bytes, int]]:
        commands: list[tuple[bytes, int]] = []
        take = TAKE(lambda at, size, keys: commands.append((ctypes.string_at(at, size), keys)))
        library.fanout_answer(one, take)
        return commands

    structures = [_input(*arguments) for arguments in inputs]
    reference = NativeReference(library, "fanout", structures, answer)
    return Case(name, title, followers, inputs, kernel.encode, plain.encode, reference)


def _input(ids: bytes, user_nos: "array[int]", active: bytes, *_: object) -> Input:
    count = len(user_nos)
    texts = [text(value) for value in (active, SHA, PREFIX, MEMBER)]
    return Input(ids, int64s(user_nos), count, *texts, SCORE_MS, KEEP, BATCH_KEYS)
