"""The kernel that makes one order of candidates, against its twin."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import order as compiled
from hotpath.pure import order as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])


@both
def test_weights_give_places_in_proportion_and_ties_go_to_the_larger_id(twin: ModuleType) -> None:
    assert twin.blend([["a", "b", "c", "d"], ["x", "y"]], [2, 1], 10) == ["x", "a", "b", "y", "c", "d"]
    assert twin.blend([["a", "b", "c", "d"], ["x", "y"]], [2, 1], 10, {"b", "d", "x"}) == ["x", "b", "d"]
    assert twin.blend([], [], 10) == twin.blend([[]], [1], 10) == twin.blend([["a"]], [1], 0) == []


MALFORMED = {
    "a weight of nothing": ([["a"]], [0], 1),
    "a weight too large": ([["a"]], [1001], 1),
    "a weight far too large": ([["a"]], [10**30], 1),
    "too few weights": ([["a"], ["b"]], [1], 1),
    "too many weights": ([["a"]], [1, 1], 1),
    "negative limit": ([["a"]], [1], -1),
}


@pytest.mark.parametrize("arguments", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_input_is_refused_by_both_in_the_same_words(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError) as by_compiled:  # noqa: PT011  (the text is compared below)
        compiled.blend(*arguments)
    with pytest.raises(ValueError) as by_pure:  # noqa: PT011
        pure.blend(*arguments)

    assert str(by_compiled.value) == str(by_pure.value)


@both
def test_what_is_no_mark_is_refused(twin: ModuleType) -> None:
    with pytest.raises((TypeError, AttributeError)):
        twin.diversify([["a"]], {"a": "no mark"}, 1)


NAMES = st.sampled_from([f"v{n:02d}" for n in range(40)])
LISTS = st.lists(st.tuples(st.lists(NAMES, max_size=30), st.integers(1, 1000) | st.integers(1, 4)), max_size=5)
WANTED = st.none() | st.frozensets(NAMES)


@settings(max_examples=300)
@given(sources=LISTS, limit=st.integers(0, 60), wanted=WANTED)
def test_both_blend_the_same(sources: list[tuple[list[str], int]], limit: int, wanted: frozenset[str] | None) -> None:
    lists, weights = [each for each, _ in sources], [weight for _, weight in sources]

    assert compiled.blend(lists, weights, limit, wanted) == pure.blend(lists, weights, limit, wanted)


TRAITS = st.dictionaries(NAMES, st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["dance", "food", "art"])))
GROUPS = st.lists(st.lists(NAMES, max_size=40), max_size=3)


@settings(max_examples=300)
@given(groups=GROUPS, traits=TRAITS, limit=st.integers(-1, 100))
def test_both_diversify_the_same(groups: list[list[str]], traits: dict[str, tuple[str, str]], limit: int) -> None:
    by_compiled = {one: compiled.Mark(author, topic, "public", True) for one, (author, topic) in traits.items()}
    by_pure = {one: pure.Mark(author, topic, "public", True) for one, (author, topic) in traits.items()}

    assert compiled.diversify(groups, by_compiled, limit) == pure.diversify(groups, by_pure, limit)
