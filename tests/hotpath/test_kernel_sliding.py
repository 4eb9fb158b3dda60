import random
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import sliding as compiled
from hotpath.pure import sliding as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])


@both
def test_entries_count_until_the_window_has_passed_them(kernel: ModuleType) -> None:
    log = kernel.SlidingLog()
    for at_ms in (0, 10, 20):
        log.add("k", at_ms)
    assert [log.count("k", 100, now_ms) for now_ms in (20, 99, 100, 110, 119, 120)] == [3, 3, 2, 1, 1, 0]
    assert len(log) == 0


@both
def test_keys_are_apart(kernel: ModuleType) -> None:
    log = kernel.SlidingLog()
    log.add("a", 0)
    assert log.count("b", 100, 1) == 0
    assert log.count("a", 100, 1) == 1


@both
def test_room_comes_when_the_nth_newest_leaves(kernel: ModuleType) -> None:
    log = kernel.SlidingLog()
    assert log.room_after_ms("k", 2, 100, 0) == 0
    for at_ms in (0, 30, 40):
        log.add("k", at_ms)
    assert log.room_after_ms("k", 4, 100, 50) == 0
    assert log.room_after_ms("k", 3, 100, 50) == 50
    assert log.room_after_ms("k", 2, 100, 50) == 80
    assert log.room_after_ms("k", 1, 100, 50) == 90
    assert log.room_after_ms("k", 0, 100, 50) == 0


@both
def test_no_window_ever_holds_more_than_was_let_in(kernel: ModuleType) -> None:
    log, draw, limit, window_ms, now_ms = kernel.SlidingLog(), random.Random(1), 5, 100, 0
    admitted = []
    for _ in range(5_000):
        now_ms += draw.randrange(15)
        if log.count("k", window_ms, now_ms) < limit:
            log.add("k", now_ms)
            admitted.append(now_ms)
    assert all(late - early >= window_ms for early, late in zip(admitted, admitted[limit:], strict=False))
    assert len(admitted) > limit * (now_ms / window_ms) * 0.9


@both
def test_the_key_used_longest_ago_makes_room(kernel: ModuleType) -> None:
    log = kernel.SlidingLog(max_keys=3)
    for key in ("a", "b", "c", "a", "d"):
        log.add(key, 0)
    assert [log.count(key, 100, 1) for key in "abcd"] == [2, 0, 1, 1]
    assert len(log) == 3


@both
def test_the_number_of_entries_is_bounded_too(kernel: ModuleType) -> None:
    log = kernel.SlidingLog(max_keys=100, max_entries=10)
    for key in ("a", "b"):
        for at_ms in range(5):
            log.add(key, at_ms)
    log.add("c", 9)
    assert [log.count(key, 100, 9) for key in "abc"] == [0, 5, 1]
    for at_ms in range(10, 40):
        log.add("c", at_ms)  # the last key stays whole, or its limit would not hold
    assert [log.count(key, 100, 40) for key in "bc"] == [0, 31]


@both
def test_a_long_log_is_counted_exactly_while_what_left_it_is_taken_out(kernel: ModuleType) -> None:
    log, window_ms = kernel.SlidingLog(max_entries=10_000), 100
    for now_ms in range(1_000):
        log.add("k", now_ms)
        assert log.count("k", window_ms, now_ms) == min(now_ms + 1, window_ms)
        assert log.room_after_ms("k", window_ms + 1, window_ms, now_ms) == 0
    assert log.count("k", window_ms, 1_060) == 39
    assert log.count("k", window_ms, 2_000) == len(log) == 0


@both
def test_a_key_may_be_forgotten(kernel: ModuleType) -> None:
    log = kernel.SlidingLog(max_keys=2)
    for key in ("a", "b", "a"):
        log.add(key, 0)
    log.forget("a")
    log.forget("never")
    assert [log.count(key, 100, 1) for key in "ab"] == [0, 1]
    for key in ("c", "d"):
        log.add(key, 1)
    assert [log.count(key, 100, 1) for key in "abcd"] == [0, 0, 1, 1]


STEPS = st.tuples(
    st.sampled_from(("add", "count", "forget", "room_after_ms")), st.sampled_from("abcd"), st.integers(0, 40)
)


@given(steps=st.lists(STEPS, max_size=150), max_keys=st.integers(1, 4), max_entries=st.integers(1, 12))
def test_both_say_the_same(steps: list[tuple[str, str, int]], max_keys: int, max_entries: int) -> None:
    one, other, now_ms = compiled.SlidingLog(max_keys, max_entries), pure.SlidingLog(max_keys, max_entries), 0
    for name, key, number in steps:
        now_ms += number
        arguments = {"add": (now_ms,), "count": (100, now_ms), "forget": (), "room_after_ms": (number % 6, 100, now_ms)}
        assert getattr(one, name)(key, *arguments[name]) == getattr(other, name)(key, *arguments[name])
        assert len(one) == len(other)
        assert [one.room_after_ms(each, 1, 10**9, 0) for each in "abcd"] == [
            other.room_after_ms(each, 1, 10**9, 0) for each in "abcd"
        ]
