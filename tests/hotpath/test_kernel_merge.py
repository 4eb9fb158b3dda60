from __future__ import annotations  # array[int] is no expression before Python 3.12

from array import array
from itertools import chain
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import merge as compiled
from hotpath.pure import merge as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])


def _id(name: str) -> bytes:
    return b"vid_" + name.encode().rjust(26, b"0")


def _columns(*lists: list[tuple[int, bytes]]) -> tuple[array[int], bytes, array[int]]:
    offsets = array("q", [0])
    for entries in lists:
        offsets.append(offsets[-1] + len(entries))
    flat = [entry for entries in lists for entry in entries]
    return array("q", [score for score, _ in flat]), b"".join(id_ for _, id_ in flat), offsets


@both
def test_takes_the_newest_of_all_lists(twin: ModuleType) -> None:
    lists = _columns([(9, _id("A")), (2, _id("B"))], [], [(7, _id("C")), (6, _id("D"))])

    assert twin.merge(*lists, 3) == array("q", [0, 2, 3])


@both
def test_equal_scores_are_ordered_by_id_downwards(twin: ModuleType) -> None:
    lists = _columns([(5, _id("A"))], [(5, _id("C"))], [(5, _id("B"))])

    assert twin.merge(*lists, 10) == array("q", [1, 2, 0])


@both
def test_a_duplicate_keeps_its_best_occurrence_and_takes_no_place(twin: ModuleType) -> None:
    lists = _columns([(5, _id("A")), (4, _id("B"))], [(9, _id("B")), (5, _id("A")), (1, _id("C"))])

    assert twin.merge(*lists, 3) == array("q", [2, 0, 4])


@both
def test_scores_at_the_ends_of_int64(twin: ModuleType) -> None:
    lists = _columns([(2**63 - 1, _id("A")), (-(2**63), _id("B"))], [(0, _id("C"))])

    assert twin.merge(*lists, 10) == array("q", [0, 2, 1])


@both
def test_ids_that_differ_in_one_byte_anywhere_are_distinct(twin: ModuleType) -> None:
    ids = [b"0" * at + b"1" + b"0" * (29 - at) for at in range(30)]
    lists = _columns(*[[(score, id_)] for score, id_ in enumerate(ids)])

    assert twin.merge(*lists, 100) == array("q", range(29, -1, -1))


@both
@pytest.mark.parametrize("limit", [0, 1, 10**30])
def test_any_limit_from_zero_on(twin: ModuleType, limit: int) -> None:
    lists = _columns([(3, _id("A")), (2, _id("B"))])

    assert twin.merge(*lists, limit) == array("q", [0, 1][:limit])


@both
def test_no_lists_and_empty_lists_merge_to_nothing(twin: ModuleType) -> None:
    assert twin.merge(array("q"), b"", array("q", [0]), 10) == array("q")
    assert twin.merge(array("q"), b"", array("q", [0, 0, 0]), 10) == array("q")


@both
def test_memoryviews_serve_as_columns(twin: ModuleType) -> None:
    scores, ids, offsets = _columns([(3, _id("A")), (2, _id("B"))])

    assert twin.merge(memoryview(scores)[1:], memoryview(ids)[30:], array("q", [0, 1]), 5) == array("q", [0])
    assert twin.merge(memoryview(scores), bytearray(ids), memoryview(offsets), 5) == array("q", [0, 1])


MALFORMED = {
    "ids too short": (array("q", [2, 1]), _id("B"), array("q", [0, 2]), 5),
    "ids not whole": (array("q", [2]), _id("B") + b"x", array("q", [0, 1]), 5),
    "negative limit": (array("q", [2]), _id("B"), array("q", [0, 1]), -1),
    "hugely negative limit": (array("q", [2]), _id("B"), array("q", [0, 1]), -(10**30)),
    "no offsets": (array("q"), b"", array("q"), 5),
    "offsets fall": (array("q", [2, 1]), _id("B") + _id("A"), array("q", [0, 2, 1, 2]), 5),
    "offsets start late": (array("q", [2]), _id("B"), array("q", [1, 1]), 5),
    "offsets start below zero": (array("q", [2]), _id("B"), array("q", [-1, 1]), 5),
    "offsets end early": (array("q", [2]), _id("B"), array("q", [0, 0]), 5),
    "offsets end late": (array("q", [2]), _id("B"), array("q", [0, 2]), 5),
    "offsets pass the end between": (array("q", [2]), _id("B"), array("q", [0, 2**62, 1]), 5),
}


@pytest.mark.parametrize("arguments", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_input_is_refused_by_both_in_the_same_words(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError) as by_compiled:  # noqa: PT011  (the text is compared below)
        compiled.merge(*arguments)
    with pytest.raises(ValueError) as by_pure:  # noqa: PT011
        pure.merge(*arguments)

    assert str(by_compiled.value) == str(by_pure.value)


@both
@pytest.mark.parametrize("scores", [array("i", [1]), array("d", [1.0]), array("Q", [1]), b"12345678"])
def test_columns_of_another_type_are_refused(twin: ModuleType, scores: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        twin.merge(scores, _id("A"), array("q", [0, 1]), 5)


@both
def test_what_is_no_buffer_is_a_type_error(twin: ModuleType) -> None:
    for arguments in ([[1], _id("A"), array("q", [0, 1])], [None, _id("A"), array("q", [0, 1])]):
        with pytest.raises(TypeError):
            twin.merge(*arguments, 5)


IDS = st.integers(0, 30).map(lambda n: _id(str(n)))  # few, so that lists share them
ENTRIES = st.lists(st.tuples(st.integers(-3, 12), IDS), max_size=8).map(lambda entries: sorted(entries, reverse=True))
LISTS = st.lists(ENTRIES, max_size=8)


def _assert_twins_agree(lists: list[list[tuple[int, bytes]]], limit: int) -> None:
    columns = _columns(*lists)
    flat = sorted(((*entry, -position) for position, entry in enumerate(chain(*lists))), reverse=True)
    distinct: dict[bytes, int] = {}
    for _, id_, negated in flat:
        distinct.setdefault(id_, -negated)

    answer = compiled.merge(*columns, limit)

    assert answer == pure.merge(*columns, limit)
    assert list(answer) == list(distinct.values())[:limit]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(LISTS, st.integers(0, 40))
def test_twins_agree_with_a_full_sort(lists: list[list[tuple[int, bytes]]], limit: int) -> None:
    _assert_twins_agree(lists, limit)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(LISTS, st.integers(0, 40))
def test_twins_agree_with_a_full_sort_at_length(lists: list[list[tuple[int, bytes]]], limit: int) -> None:
    _assert_twins_agree(lists, limit)
