"""The kernel that makes one order of candidates, against its twin."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import order as compiled
from hotpath import shelf
from hotpath.pure import order as pure
from hotpath.pure import shelf as pure_shelf

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])

AUTHOR = "usr_" + "0" * 25 + "5"


def card(kind: bytes, media: bytes = b"", topic: bytes = b"", body: bytes = b"") -> bytes:
    lengths = b"%02d%02d" % (len(media), len(topic))
    return b"%020d2%b%b%013d%b%b%b%b" % (7, kind, AUTHOR.encode(), 9, lengths, media, topic, body)


CARD = card(b"FA", b"m" * 12, b"dance", b"{}")


def fields(mark: Any) -> Any:
    return mark and (mark.author_id, mark.category, mark.visibility, mark.active)


@both
def test_a_mark_says_what_the_card_says(twin: ModuleType) -> None:
    gone = card(b"X-")

    found = twin.marks(list("abcdef"), [CARD, None, gone, b"", b"x" * 100, CARD])

    assert [(video_id, fields(mark)) for video_id, mark in found.items()] == [
        ("a", (AUTHOR, "dance", "friends", True)),
        ("c", (AUTHOR, "", "private", False)),
        ("f", (AUTHOR, "dance", "friends", True)),
    ]
    assert twin.marks([], []) == {}


@both
def test_marks_are_of_as_many_cards_as_ids(twin: ModuleType) -> None:
    for video_ids, cards in ([], [CARD]), (["a", "b"], [CARD]):
        with pytest.raises(ValueError, match=r"^ids and cards differ in number$"):
            twin.marks(video_ids, cards)


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


KINDS = st.sampled_from([("public", True), ("public", True), ("friends", True), ("private", True), ("public", False)])
MARKED = st.none() | st.dictionaries(NAMES, st.tuples(st.sampled_from("abcdefgh"), KINDS))
PLACES = st.tuples(st.integers(0, 5), st.integers(1, 7), st.integers(0, 6))
SOME = st.frozensets(NAMES, max_size=15)


@settings(max_examples=500)
@given(
    sources=LISTS.filter(bool),
    explored=st.lists(NAMES, max_size=12),
    places=PLACES,
    marked=MARKED,
    avoided=st.frozensets(st.sampled_from("abcdefgh"), max_size=3),
    own=st.sampled_from("abx"),
    seen=SOME,
)
def test_both_offer_the_same(
    sources: list[tuple[list[str], int]],
    explored: list[str],
    places: tuple[int, int, int],
    marked: dict[str, tuple[str, tuple[str, bool]]] | None,
    avoided: frozenset[str],
    own: str,
    seen: frozenset[str],
) -> None:
    lists, weights = [each for each, _ in sources], [weight for _, weight in sources]

    def asked(twin: ModuleType) -> Any:
        marks = marked and {one: twin.Mark(author, "", *kind) for one, (author, kind) in marked.items()}
        may = lambda mark: mark.visibility == "friends" and mark.author_id < "d"  # noqa: E731
        return twin.offer(lists, weights, explored, places, marks, avoided, may, own, seen)

    assert asked(compiled) == asked(pure)


@both
def test_explored_videos_have_their_places_and_the_seen_come_apart(twin: ModuleType) -> None:
    lists = [["a", "b"], ["b", "c", "d", "e", "f"]]
    marks = {one: twin.Mark(f"of {one}", "", "public", one != "c") for one in "abcdef"}

    offered = twin.offer(lists, [1, 1], ["e", "a", "f"], (1, 2, 1), marks, {"of d"}, lambda _: False, "of e", {"b"})

    assert offered == (["e", "a", "f"], ["b"], ["a"], {"a": 1, "b": 2, "e": 1, "f": 1})


@both
def test_a_card_taken_in_has_the_mark_of_its_bytes(twin: ModuleType) -> None:
    taken_in = (shelf if twin is compiled else pure_shelf).Entry(b"v" * 30, CARD)
    found = twin.marks(["entry", "bytes"], [taken_in, CARD])
    assert fields(found["entry"]) == fields(found["bytes"])


@both
def test_weights_of_offers_are_refused_as_those_of_a_blend(twin: ModuleType) -> None:
    for weights in ([0], [1001], [], [1, 1]):
        with pytest.raises(ValueError, match="each list needs a weight from 1 to 1000"):
            twin.offer([["a"]], weights, [], (0, 1, 1), None, set(), lambda _: True, "", set())


@settings(max_examples=300)
@given(at=st.integers(0, len(CARD)), byte=st.integers(0, 255), end=st.integers(0, len(CARD)))
def test_both_read_and_refuse_the_same_cards(at: int, byte: int, end: int) -> None:
    spoilt = CARD[:at] + bytes([byte]) + CARD[at + 1 :]
    for card in (spoilt, spoilt[:end]):
        assert fields(compiled.marks(["a"], [card]).get("a")) == fields(pure.marks(["a"], [card]).get("a"))
