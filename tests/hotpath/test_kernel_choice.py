"""The kernel that chooses and orders the candidates of a For You, against its twin."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import choice as compiled
from hotpath import shelf
from hotpath.pure import choice as pure
from hotpath.pure import shelf as pure_shelf

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])

PLACES = (1, 2, 3)
KINDS = ["PA", "PA", "PA", "FA", "XA", "P-"]


def author(name: str) -> str:
    return f"usr_{name:0>26}"


def entry(twin: ModuleType, one: str, by: str, kind: str = "PA", topic: str = "") -> Any:
    shelves = shelf if twin is compiled else pure_shelf
    head = f"{7:020}2{kind}{author(by)}{9:013}05{len(topic):02}media{topic}"
    return shelves.Entry(f"vid_{one:0>26}".encode(), head.encode() + b"{}")


def order(choice: Any, cards: Any, **more: Any) -> Any:
    """By arguments of which most do nothing."""
    asked = {
        "seen": bytes(len(choice.ids)),
        "recent": [],
        "weights": [1],
        "places": PLACES,
        "avoided": set(),
        "may": lambda _mark: False,
        "own": "",
        "limit": 100,
        **more,
    }
    return choice.order(cards, *asked.values())


@both
def test_each_candidate_is_one_however_many_lists_have_it(twin: ModuleType) -> None:
    assert twin.Choice([["b", "a"], ["a", "c", "c"]], ["d", "b", "d"]).ids == ["b", "a", "c", "d"]
    assert twin.Choice([], []).ids == []
    assert order(twin.Choice([], []), [], weights=[]) == ([], [], [])


@both
def test_explored_videos_have_their_places_and_the_seen_come_last(twin: ModuleType) -> None:
    choice = twin.Choice([["a", "b"], ["b", "c", "d", "e", "f"]], ["e", "a", "f"])
    cards = [entry(twin, one, one, "P-" if one == "c" else "PA", one) for one in choice.ids]
    seen = bytes(one == "b" for one in choice.ids)

    offered = order(choice, cards, seen=seen, weights=[1, 1], places=(1, 2, 1), avoided={author("d")}, own=author("e"))

    assert offered == (["e", "a", "f", "b"], [1, 1, 1, 2], ["a"])


@both
def test_the_categories_of_most_cards(twin: ModuleType) -> None:
    topics = ["pets", "food", "pets", "dance", "food", "cars"]
    cards = [entry(twin, str(place), "a", "FA", topic) for place, topic in enumerate(topics)]
    cards += [None, entry(twin, "x", "a", "P-", "dance"), entry(twin, "y", "b", topic="")]

    assert twin.categories(cards, 3) == [("pets", 2), ("food", 2), ("dance", 1)]
    assert twin.categories(cards, 99) == [("pets", 2), ("food", 2), ("dance", 1), ("cars", 1), ("", 1)]
    assert twin.categories(cards, 0) == twin.categories(cards, -1) == twin.categories([], 3) == []
    with pytest.raises(TypeError):
        compiled.categories([b"no card"], 3)  # type: ignore[list-item]


@both
def test_what_was_seen_lately_comes_last_and_the_latest_of_it_at_the_end(twin: ModuleType) -> None:
    choice = twin.Choice([["a", "b", "c", "d"]], [])

    offered = order(choice, None, seen=b"\0\0\1\0", recent=["a", "stranger", "b"])

    assert offered == (["d", "c", "b", "a"], [0, 1, 1, 1], [])


@both
def test_what_is_not_for_everybody_is_asked_of_by_its_mark(twin: ModuleType) -> None:
    choice = twin.Choice([["a", "b", "c", "d", "e"]], [])
    cards = [entry(twin, one, one, kind, "dance") for one, kind in zip("abcd", ["PA", "FA", "XA", "P-"], strict=True)]
    asked = []

    def may(mark: Any) -> bool:
        asked.append((mark.author_id, mark.category, mark.visibility, mark.active))
        return bool(mark.visibility == "friends")

    chosen, _, _ = order(choice, [*cards, None], avoided=[author("a")], may=may)

    assert chosen == ["b"]
    assert asked == [
        (author("a"), "dance", "public", True),
        (author("b"), "dance", "friends", True),
        (author("c"), "dance", "private", True),
        (author("d"), "dance", "public", False),
    ]


@both
def test_dead_is_what_is_explored_and_not_there_for_everybody(twin: ModuleType) -> None:
    choice = twin.Choice([["a"]], ["b", "c", "d", "e"])
    kinds = zip("abcd", ["X-", "PA", "FA", "P-"], strict=True)

    assert choice.dead([*(entry(twin, one, one, kind) for one, kind in kinds), None]) == ["c", "d", "e"]


@both
def test_numbers_that_differ_and_weights_of_no_use_are_refused(twin: ModuleType) -> None:
    choice = twin.Choice([["a", "b"]], [])
    with pytest.raises(ValueError, match=r"^ids and cards differ in number$"):
        choice.dead([None])
    with pytest.raises(ValueError, match=r"^ids and cards differ in number$"):
        order(choice, [None])
    with pytest.raises(ValueError, match=r"^ids and what was seen differ in number$"):
        order(choice, None, seen=b"\0")
    for weights in ([0], [1001], [], [1, 1]):
        with pytest.raises(ValueError, match=r"^each list needs a weight from 1 to 1000$"):
            order(choice, None, weights=weights)


@both
def test_what_is_explored_twice_has_one_place(twin: ModuleType) -> None:
    for lists in ([], [["b"]], [["a", "b"]]):
        choice = twin.Choice(lists, ["a", "c"] * 2500)
        weights = [1] * len(lists)
        chosen, _, placed = order(choice, None, weights=weights, places=(0, 1, 5000))
        assert chosen == ["a", "c", *(["b"] if lists else [])]
        assert placed == ["a", "c"]
        assert choice.dead([None] * len(choice.ids)) == ["a", "c"]


@both
def test_what_is_no_text_and_no_card_is_refused(twin: ModuleType) -> None:
    choice = twin.Choice([["a"]], [])
    with pytest.raises((TypeError, AttributeError)):
        order(choice, ["a"])
    with pytest.raises(TypeError):
        twin.Choice([[7]], [])
    with pytest.raises(TypeError):
        twin.Choice(["ab"], [])


def test_thousands_are_chosen_from_the_same() -> None:
    lists = [[f"v{place * step % 4001}" for place in range(3000)] for step in (1, 7, 11)]
    ours, theirs = (twin.Choice(lists, lists[1][:50]) for twin in (compiled, pure))
    seen = bytes(place % 3 == 0 for place in range(len(ours.ids)))

    assert ours.ids == theirs.ids
    more: dict[str, Any] = {"seen": seen, "recent": lists[2][:200], "weights": [3, 2, 1], "limit": 500}
    assert order(ours, None, **more) == order(theirs, None, **more)


NAMES = st.sampled_from([f"v{n:02d}" for n in range(40)] + ["", "é", "v" * 40])
LISTS = st.lists(st.tuples(st.lists(NAMES, max_size=30), st.integers(1, 1000) | st.integers(1, 4)), max_size=5)
CARDS = st.dictionaries(NAMES, st.tuples(*map(st.sampled_from, ("abcdefgh", KINDS, ["", "dance", "food", "art"]))))


@settings(max_examples=500)
@given(
    sources=LISTS.filter(bool),
    explored=st.lists(NAMES, max_size=12),
    places=st.tuples(st.integers(0, 5), st.integers(1, 7), st.integers(-1, 6)),
    known=st.none() | CARDS,
    avoided=st.frozensets(st.sampled_from("abcdefgh"), max_size=3),
    own=st.sampled_from("abx"),
    seen=st.frozensets(NAMES, max_size=15),
    recent=st.lists(NAMES, max_size=20),
    limit=st.integers(-1, 60),
)
def test_both_choose_the_same(
    sources: list[tuple[list[str], int]],
    explored: list[str],
    places: tuple[int, int, int],
    known: dict[str, tuple[str, str, str]] | None,
    avoided: frozenset[str],
    own: str,
    seen: frozenset[str],
    recent: list[str],
    limit: int,
) -> None:
    lists, weights = [each for each, _ in sources], [weight for _, weight in sources]

    def asked(twin: ModuleType) -> Any:
        choice = twin.Choice(lists, explored)
        cards = None
        if known is not None:
            cards = [entry(twin, "0", *known[one]) if one in known else None for one in choice.ids]
        made = choice.order(
            cards,
            bytes(one in seen for one in choice.ids),
            recent,
            weights,
            places,
            frozenset(map(author, avoided)),
            lambda mark: mark.visibility == "friends" and mark.author_id < author("d"),
            author(own),
            limit,
        )
        return choice.ids, None if cards is None else choice.dead(cards), made

    assert asked(compiled) == asked(pure)
