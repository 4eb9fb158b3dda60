"""Measures hotpath.merge: 500 sources of 100 ids, a tenth of the pool occurring twice, into the newest 100.

The reference keeps the sources' heads in std::priority_queue and what was seen in std::unordered_set. numpy, which has
no heads of lists, cuts all entries at a score by partition and sorts what is left. An element is one id of the answer.
Eight inputs take turns.
"""

import ctypes
import random
from array import array
from typing import Any

import numpy as np

from hotpath import merge as kernel
from hotpath.pure import merge as plain
from perf.cases import Case
from perf.native import NativeReference, References, int64s

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_BYTES = 30
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
        by_numpy,
    )


def by_numpy(scores: "array[int]", ids: bytes, offsets: "array[int]", limit: int) -> "array[int]":
    """As hotpath.merge, of what it takes without an error. Where a list ends makes no difference to it."""
    points, names = np.frombuffer(scores, np.int64), np.frombuffer(ids, f"S{ID_BYTES}")
    size = len(points)
    best = firsts = np.arange(0)
    some = 2 * limit  # room for ids that occur twice; more is tried where that was too little
    while len(firsts) < limit and len(best) < size:
        cut = np.partition(points, size - some)[size - some] if some < size else points.min()
        places = np.flatnonzero(points >= cut)
        best = places[np.lexsort((-places, names[places], points[places]))[::-1]]
        firsts = np.sort(np.unique(names[best], return_index=True)[1])[:limit]
        some *= 2
    return array("q", best[firsts].tobytes())


def _sources(rng: random.Random, lists: int, length: int, limit: int) -> tuple[Any, ...]:
    size = lists * length
    pool = [(rng.randrange(10**9), "vid_" + "".join(rng.choices(ALPHABET, k=26))) for _ in range(size * 9 // 10)]
    sources = [sorted(rng.sample(pool, length), reverse=True) for _ in range(lists)]
    scores = array("q", [score for source in sources for score, _ in source])
    ids = "".join(id_ for source in sources for _, id_ in source).encode()
    return scores, ids, array("q", range(0, size + 1, length)), limit
