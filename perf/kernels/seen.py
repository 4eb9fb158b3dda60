"""Measures hotpath.seen on a filter with two full generations, as a build of For You and whoever adds views use it.

`seen`: 500 candidates are asked for, a tenth of them known. An element is one candidate. `seen-add`: 64 appended marks
are worked in. An element is one mark. The reference decodes by a reader of words and sorts by std::sort. numpy takes
no part: where a gap's code begins is known only once the one before it is read. Eight inputs take turns.
"""

import ctypes
import random
from typing import Any

from hotpath import seen as kernel
from hotpath.pure import seen as plain
from perf.cases import Case
from perf.native import NativeReference, References

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_BYTES = 30
INPUTS = 8
NOW_MS = 1_790_000_000_000
FULL = 10_000
MOST_BYTES = 65_536  # of an answer


class Input(ctypes.Structure):
    """As in reference/seen.cpp."""

    _fields_ = (
        ("kept", ctypes.c_char_p),
        ("kept_size", ctypes.c_int64),
        ("ids", ctypes.c_char_p),
        ("ids_size", ctypes.c_int64),
        ("now_ms", ctypes.c_int64),
    )


def contains_case(references: References, rng: random.Random, candidates: int = 500, items: int = FULL) -> Case:
    inputs = []
    for _ in range(INPUTS):
        kept, known = _filter(rng, items)
        places = rng.sample(range(len(known) // ID_BYTES), candidates // 10)
        asked = [known[ID_BYTES * place : ID_BYTES * (place + 1)] for place in places]
        strange = _ids(rng, candidates - len(asked))
        asked += [strange[at : at + ID_BYTES] for at in range(0, len(strange), ID_BYTES)]
        rng.shuffle(asked)
        inputs.append((kept, b"".join(asked)))
    structures = [_input(kept, ids) for kept, ids in inputs]
    reference = _reference(references, "seen_contains", structures)
    title = f"seen: {candidates} of 2 × {items:,}"
    return Case("seen", title, INPUTS * candidates, inputs, kernel.contains, plain.contains, reference)


def add_case(references: References, rng: random.Random, marks: int = 64, items: int = FULL) -> Case:
    inputs = [(_filter(rng, items)[0] + kernel.marks(_ids(rng, marks)), b"", NOW_MS) for _ in range(INPUTS)]
    structures = [_input(kept, ids) for kept, ids, _ in inputs]
    reference = _reference(references, "seen_add", structures)
    title = f"seen: {marks} added to 2 × {items:,}"
    return Case("seen-add", title, INPUTS * marks, inputs, kernel.add, plain.add, reference)


def _reference(references: References, name: str, structures: list[Input]) -> NativeReference:
    library = references.load("seen")

    def answer(one: Any) -> bytes:
        out = ctypes.create_string_buffer(MOST_BYTES)
        size = getattr(library, f"{name}_answer")(one, out)
        return out.raw[:size]

    return NativeReference(library, name, structures, answer)


def _filter(rng: random.Random, items: int) -> tuple[bytes, bytes]:
    """A filter whose two generations are nearly full, and the ids of the new one."""
    first, second = _ids(rng, items + 50), _ids(rng, items - 500)
    kept = kernel.add(kernel.add(kernel.empty(NOW_MS), first, NOW_MS), second, NOW_MS)
    return kept, second


def _ids(rng: random.Random, count: int) -> bytes:
    return "".join("vid_01K5PZ" + "".join(rng.choices(ALPHABET, k=20)) for _ in range(count)).encode()


def _input(kept: bytes, ids: bytes) -> Input:
    return Input(kept, len(kept), ids, len(ids), NOW_MS)
