"""Measures hotpath.trending.top over a ledger of two weeks: the 100 best of a million rows, decayed to now.

`case` has points with a long tail, `ties_case` the same points everywhere, so that the age alone decides. The
reference decays every row in one pass, drops what scores below 100 and keeps the best in a bounded
std::priority_queue. numpy decays column by column, cuts at the best scores by partition and sorts what is left. An
element is one row of the ledger.
"""

import ctypes
import random
from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np

from hotpath import trending as kernel
from hotpath.pure import trending as plain
from perf.cases import Case
from perf.native import NativeReference, References, int64s

NOW_MS = 1_790_000_000_000
TWO_WEEKS_MS = 14 * 86_400_000
LIMIT = 100


class Input(ctypes.Structure):
    """As in reference/trending.cpp."""

    _fields_ = (
        ("points", ctypes.c_void_p),
        ("published", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("now_ms", ctypes.c_int64),
        ("limit", ctypes.c_int64),
    )


def case(references: References, rng: random.Random, rows: int = 1_000_000) -> Case:
    points = (int(1000 / (1 - rng.random())) for _ in range(rows))  # Pareto with exponent 1
    return _case("trending", "long tail", references, rng, array("q", points))


def ties_case(references: References, rng: random.Random, rows: int = 1_000_000) -> Case:
    return _case("trending-ties", "equal points", references, rng, array("q", [500_000]) * rows)


def _case(name: str, shape: str, references: References, rng: random.Random, points: "array[int]") -> Case:
    rows = len(points)
    published = array("q", _times(rng, rows))
    library = references.load("trending")

    def answer(one: Any) -> "tuple[array[int], array[int]]":
        positions, scores = array("q", bytes(8 * LIMIT)), array("q", bytes(8 * LIMIT))
        count = library.trending_answer(one, ctypes.c_void_p(int64s(positions)), ctypes.c_void_p(int64s(scores)))
        return positions[:count], scores[:count]

    return Case(
        name,
        f"trending top {LIMIT} of {rows:,}, {shape}",
        rows,
        [(points, published, NOW_MS, LIMIT)],
        kernel.top,
        plain.top,
        NativeReference(library, "trending", [Input(int64s(points), int64s(published), rows, NOW_MS, LIMIT)], answer),
        by_numpy,
    )


def by_numpy(points: "array[int]", published: "array[int]", now_ms: int, limit: int) -> "tuple[array[int], array[int]]":
    """As hotpath.trending.top, of a limit above 0 and what it takes without an error."""
    earned, past = np.frombuffer(points, np.int64), np.clip(np.frombuffer(published, np.int64), 0, now_ms)
    if earned.max() > plain.MAX_POINTS:  # the other sides look for that as well
        raise ValueError("points are beyond the bound")
    keys = past // plain.TICK_MS  # plain.rank_key, with no column more than it takes
    keys *= plain.UNITS_PER_TICK
    keys += past
    keys += plain.UNITS_PER_POINT * earned
    cut, worse = plain.threshold(now_ms), len(keys) - limit
    if worse > 0:
        cut = max(cut, int(np.partition(keys, worse)[worse]))
    places = np.flatnonzero(keys >= cut)  # all that are equal to the worst of the best, for the tie rule to choose from
    best = places[np.lexsort((places, -past[places], -keys[places]))[:limit]]
    scores = (keys[best] - plain.rank_key(0, now_ms)) // plain.UNITS_PER_POINT
    return array("q", best.tobytes()), array("q", scores.tobytes())


def _times(rng: random.Random, rows: int) -> Iterable[int]:
    return (NOW_MS - int(TWO_WEEKS_MS * rng.random()) for _ in range(rows))
