import random

from app.core.sliding import SlidingLog


def test_entries_count_until_the_window_has_passed_them() -> None:
    log = SlidingLog()
    for at_ms in (0, 10, 20):
        log.add("k", at_ms)
    assert [log.count("k", 100, now_ms) for now_ms in (20, 99, 100, 110, 119, 120)] == [3, 3, 2, 1, 1, 0]
    assert len(log) == 0


def test_keys_are_apart() -> None:
    log = SlidingLog()
    log.add("a", 0)
    assert log.count("b", 100, 1) == 0
    assert log.count("a", 100, 1) == 1


def test_room_comes_when_the_nth_newest_leaves() -> None:
    log = SlidingLog()
    assert log.room_after_ms("k", 2, 100, 0) == 0
    for at_ms in (0, 30, 40):
        log.add("k", at_ms)
    assert log.room_after_ms("k", 4, 100, 50) == 0
    assert log.room_after_ms("k", 3, 100, 50) == 50
    assert log.room_after_ms("k", 2, 100, 50) == 80
    assert log.room_after_ms("k", 1, 100, 50) == 90
    assert log.room_after_ms("k", 0, 100, 50) == 0


def test_no_window_ever_holds_more_than_was_let_in() -> None:
    log, draw, limit, window_ms, now_ms = SlidingLog(), random.Random(1), 5, 100, 0
    admitted = []
    for _ in range(5_000):
        now_ms += draw.randrange(15)
        if log.count("k", window_ms, now_ms) < limit:
            log.add("k", now_ms)
            admitted.append(now_ms)
    assert all(late - early >= window_ms for early, late in zip(admitted, admitted[limit:], strict=False))
    assert len(admitted) > limit * (now_ms / window_ms) * 0.9


def test_the_key_used_longest_ago_makes_room() -> None:
    log = SlidingLog(max_keys=3)
    for key in ("a", "b", "c", "a", "d"):
        log.add(key, 0)
    assert [log.count(key, 100, 1) for key in "abcd"] == [2, 0, 1, 1]
    assert len(log) == 3


def test_the_number_of_entries_is_bounded_too() -> None:
    log = SlidingLog(max_keys=100, max_entries=10)
    for key in ("a", "b"):
        for at_ms in range(5):
            log.add(key, at_ms)
    log.add("c", 9)
    assert [log.count(key, 100, 9) for key in "abc"] == [0, 5, 1]
    for at_ms in range(10, 40):
        log.add("c", at_ms)  # the last key stays whole, or its limit would not hold
    assert [log.count(key, 100, 40) for key in "bc"] == [0, 31]


def test_a_long_log_is_counted_exactly_while_what_left_it_is_taken_out() -> None:
    log, window_ms = SlidingLog(max_entries=10_000), 100
    for now_ms in range(1_000):
        log.add("k", now_ms)
        assert log.count("k", window_ms, now_ms) == min(now_ms + 1, window_ms)
        assert log.room_after_ms("k", window_ms + 1, window_ms, now_ms) == 0
    assert log.count("k", window_ms, 1_060) == 39
    assert log.count("k", window_ms, 2_000) == len(log) == 0
