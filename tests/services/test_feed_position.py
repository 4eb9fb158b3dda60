"""What a cursor of For You knows of feeds that are gone."""

import msgspec
import pytest

from app.core import ids
from app.core.cursors import Cursors
from app.ports.feeds import ORDER_SIZE
from app.services.feed.position import (
    PAST,
    PUSHED,
    Position,
    built_ms,
    letters_of,
    new_generation,
    sources_of,
)
from hotpath import hits

NOW_MS = 1_790_000_000_000
USER = ids.new("usr", NOW_MS)


def at(generation: str, score: int, *, in_tail: bool = False) -> Position:
    return Position(generation, NOW_MS + 5, score, ids.new("vid", NOW_MS), in_tail=in_tail, served=20)


def after(earlier: Position, later: Position) -> Position:
    """The later place, of who came from the earlier one."""
    return msgspec.structs.replace(later, past=earlier.past, pushed=earlier.pushed)


def test_a_generation_says_when_and_of_what_it_was_built() -> None:
    generation = new_generation(NOW_MS, "rt")

    assert len(generation) == 18
    assert int(generation[:16], 16) >> 16 == built_ms(generation) == NOW_MS
    assert sources_of(generation) == ["recommended", "trending"]
    assert sources_of(new_generation(NOW_MS, letters_of(["trending", "recycled", "fresh", "following"]))) == [
        "fresh",
        "following",
        "trending",
        "recycled",
    ]
    assert sources_of("0123456789abcdef") == []
    assert new_generation(NOW_MS, "") != new_generation(NOW_MS, "")


@pytest.mark.parametrize("generation", ["", "no digits at all"])
def test_of_another_generation_nothing_is_told(generation: str) -> None:
    assert built_ms(generation) == 0
    position = at(generation, NOW_MS)
    assert position.serving([(NOW_MS, ids.new("vid"))]) == position


def test_who_leaves_a_feed_is_remembered_as_far_as_they_came() -> None:
    generation = new_generation(NOW_MS, "f")
    left = at(generation, NOW_MS - 19).left()

    assert (left.generation, left.after, left.in_tail, left.served) == ("", None, False, 20)
    assert left.past == ((generation[:16], 20),)
    assert left.left() == left
    assert at(generation, NOW_MS + 3).left().past == ()  # among what was pushed, nothing of the order passed yet
    begun = Position(generation, NOW_MS, 0, "", in_tail=False, served=0)
    assert begun.left().past == ()
    ((_, passed),) = at(generation, NOW_MS - 9_000, in_tail=True).left().past
    assert passed >= 100
    ((_, passed),) = Position(generation, NOW_MS, 0, "", in_tail=True, served=0).left().past
    assert passed >= 100


def test_who_comes_to_the_end_of_a_feed_that_was_cut_is_remembered_as_far_as_they_came() -> None:
    generation = new_generation(NOW_MS, "f")
    end = at(generation, NOW_MS - 19)

    below = end.below(whole=False)
    assert (below.generation, below.after, below.in_tail) == (generation, None, True)
    assert below.past == ((generation[:16], 20),)
    assert below.passed() == below.moved(NOW_MS - 9_000, ids.new("vid"), in_tail=True).left().past == below.past
    whole = end.below(whole=True)
    assert whole.past == ()
    ((_, passed),) = whole.passed()
    assert passed >= ORDER_SIZE


def test_the_hot_door_leaves_what_was_pushed_below_to_others() -> None:
    assert hits.ORDER_MS == ORDER_SIZE


def test_pushes_are_told_from_what_was_built() -> None:
    generation = new_generation(NOW_MS, "f")
    pushed, built, last, restored, other = (ids.new("vid", NOW_MS) for _ in range(5))
    lowest = NOW_MS - ORDER_SIZE + 1

    position = at(generation, lowest - 1).serving(
        [(NOW_MS + 1, pushed), (NOW_MS, built), (lowest, last), (lowest - 1, restored)]
    )

    assert position.served_push(pushed)
    assert position.served_push(restored)
    assert not position.served_push(built)
    assert not position.served_push(last)
    assert position.serving([(NOW_MS + 1, pushed), (lowest - 1, restored)]) == position  # noted once
    assert not position.served_push(other)
    left = position.left()
    assert left.served_push(pushed)
    only_pushes = at(generation, NOW_MS + 1).serving([(NOW_MS + 1, pushed)]).left()
    assert only_pushes.past == ((generation[:16], 0),)  # there is something to leave out


def test_a_cursor_stays_short_however_long_one_reads() -> None:
    position = at("", 0)
    for n in range(3 * PAST):
        generation = new_generation(NOW_MS + n, "frgts")
        pushes = [(NOW_MS + n + 1, ids.new("vid", NOW_MS)) for _ in range(10)]
        position = after(position, at(generation, NOW_MS + n - 99)).serving(pushes).left()

    assert len(position.past) == PAST
    assert len(position.pushed) == 3 * PUSHED
    last = after(position, at(new_generation(NOW_MS, "frgts"), NOW_MS))
    sealed = Cursors(b"secret").seal("feed", USER, NOW_MS, last)
    assert len(sealed) <= 1024
