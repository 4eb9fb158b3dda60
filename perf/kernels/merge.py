"""Measures hotpath.merge: 500 sources of 100 ids, a tenth of the pool occurring twice, into the newest 100.

The reference keeps the sources' heads in std::priority_queue and what was seen in std::unordered_set. An element is one
id of the answer. Eight inputs take turns.
"""

import ctypes
import random
from array import array
from typing import Any

from hotpath import merge as kernel
from hotpath.pure import merge as plain
from perf.cases import Case
from perf.native import NativeReference, References, int64s

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
INPUTS = 8


class Input(ctypes.Structure):
    """As in reference/merge.cpp."""

    _fields_ = (
        ("scores", ctypes.c_void_p),
        ("ids", ctypes.c_char_p),
        ("offsets", ctypes.c_void_p),
        ("lists", ctypes.c_int64),
        ("limit", ctypes.c_int64),
    )


def case(references: References, rng: random.Random, lists: int = 500, length: int = 100, limit: int = 100) -> Case:
    inputs = [_sources(rng, lists, length, limit) for _ in range(INPUTS)]
    library = references.load("merge")

    def answer(one: Any) -> "array[int]":
        chosen = array("q", bytes(8 * limit))
        return chosen[: library.merge_answer(one, ctypes.c_void_p(int64s(chosen)))]

    structures = [Input(int64s(scores), ids, int64s(offsets), lists, limit) for scores, ids, offsets, limit in inputs]
    return Case(
        "merge",
        f"merge {lists} × {length} → {limit}",
        INPUTS * limit,
        inputs,
        kernel.merge,
        plain.merge,
        NativeReference(library, "merge", structures, answer),
    )


def _sources(rng: random.Random, lists: int, length: int, limit: int) -> tuple[Any, ...]:
    size = lists * length
    pool = [(rng.randrange(10**9), "vid_" + "".join(rng.choices(ALPHABET, k=26))) for _ in range(size * 9 // 10)]
    sources = [sorted(rng.sample(pool, length), reverse=True) for _ in range(lists)]
    scores = array("q", [score for source in sources for score, _ in source])
    ids = "".join(id_ for source in sources for _, id_ in source).encode()
    return scores, ids, array("q", range(0, size + 1, length)), limit
