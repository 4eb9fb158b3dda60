from __future__ import annotations  # array[int] is no expression before Python 3.12

from array import array
from fractions import Fraction
from math import floor
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import trending as compiled
from hotpath.pure import trending as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])

HOUR = 3_600_000
TICK = 300_000
NOW = 1_790_000_100_000
LAST_MS = 2**48 - 1


def _exact(points: int, published: int, now: int) -> Fraction:
    """The documented rule, word for word, unrounded."""
    age_hours = Fraction(now - published, HOUR)
    ticks = now // TICK - published // TICK
    return points - 50 * age_hours - 50 * ticks


@both
def test_a_new_video_has_its_points(twin: ModuleType) -> None:
    assert twin.score(3, 2, 1, NOW, NOW) == 3 * 1000 + 2 * 500 + 2000


@both
def test_an_hour_costs_its_age_and_twelve_ticks(twin: ModuleType) -> None:
    assert twin.score(1, 0, 0, NOW - HOUR, NOW) == 1000 - 50 - 12 * 50


@both
def test_a_tick_falls_on_the_five_minute_boundary_of_utc(twin: ModuleType) -> None:
    boundary = 1_790_000_100_000

    assert twin.score(1, 0, 0, boundary - 1, boundary) == 949  # 950 less 1/72,000, rounded down
    assert twin.score(1, 0, 0, boundary, boundary + TICK - 1) == 995  # 4.17 for the age, no tick yet
    assert twin.score(1, 0, 0, boundary, boundary + TICK) == 945


@both
def test_a_score_below_zero_is_rounded_down_too(twin: ModuleType) -> None:
    assert twin.score(0, 0, 0, NOW, NOW + 72_001) == -2  # 1 point and 1/72,000


@both
def test_a_future_time_of_publishing_counts_as_now(twin: ModuleType) -> None:
    assert twin.score(1, 0, 0, NOW + 10 * HOUR, NOW) == 1000
    assert twin.top(array("q", [1000, 1000]), array("q", [NOW + HOUR, NOW]), NOW, 5) == (
        array("q", [0, 1]),
        array("q", [1000, 1000]),
    )


@both
def test_a_time_of_publishing_before_1970_counts_as_1970(twin: ModuleType) -> None:
    assert twin.score(1, 0, 0, -(2**63), TICK) == twin.score(1, 0, 0, 0, TICK) == 945
    assert twin.top(array("q", [1000]), array("q", [-(2**63)]), TICK, 5) == (array("q", [0]), array("q", [945]))


@both
def test_top_prunes_below_100_and_orders_by_score_publishing_position(twin: ModuleType) -> None:
    points = array("q", [99, 100, 500, 500, 101])
    published = array("q", [NOW, NOW, NOW, NOW, NOW - 72_001])

    assert twin.top(points, published, NOW, 10) == (array("q", [2, 3, 1]), array("q", [500, 500, 100]))


@both
def test_equal_reported_scores_are_ordered_by_the_exact_ones(twin: ModuleType) -> None:
    points, published = array("q", [1000, 1000]), array("q", [NOW + 1, NOW + 2])

    assert twin.top(points, published, NOW + 100, 10) == (array("q", [1, 0]), array("q", [999, 999]))


@both
def test_of_equal_exact_scores_the_later_published_comes_first_then_the_lower_position(twin: ModuleType) -> None:
    points, published = array("q", [1001, 1000, 1000]), array("q", [NOW, NOW + 72_000, NOW + 72_000])

    assert twin.top(points, published, NOW + 72_000, 10) == (array("q", [1, 2, 0]), array("q", [1000] * 3))
    assert twin.top(points, published, NOW + 72_000, 1) == (array("q", [1]), array("q", [1000]))


@both
@pytest.mark.parametrize("limit", [0, 1, 2, 10**30])
def test_any_limit_from_zero_on(twin: ModuleType, limit: int) -> None:
    positions, scores = twin.top(array("q", [300, 500, 400]), array("q", [NOW] * 3), NOW, limit)

    assert (list(positions), list(scores)) == ([1, 2, 0][:limit], [500, 400, 300][:limit])


@both
def test_the_ends_of_what_is_allowed(twin: ModuleType) -> None:
    most = 100_000_000_000_000
    points, published = array("q", [-(2**63), most, most]), array("q", [2**63 - 1, LAST_MS, 0])

    positions, scores = twin.top(points, published, LAST_MS, 10)

    assert list(positions) == [1, 2]
    assert list(scores) == [most, floor(_exact(most, 0, LAST_MS))]


MALFORMED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "columns differ": ("top", (array("q", [1, 2]), array("q", [1]), NOW, 5)),
    "negative limit": ("top", (array("q", [1]), array("q", [1]), NOW, -1)),
    "negative time": ("top", (array("q", [1]), array("q", [1]), -1, 5)),
    "time beyond an id's": ("top", (array("q", [1]), array("q", [1]), 2**48, 5)),
    "hugely late time": ("top", (array("q", [1]), array("q", [1]), 10**30, 5)),
    "too many points": ("top", (array("q", [200, 10**14 + 1]), array("q", [NOW, NOW]), NOW, 1)),
    "too many points, old": ("top", (array("q", [10**14, 2**63 - 1]), array("q", [NOW, 0]), NOW, 1)),
}


@pytest.mark.parametrize(("name", "arguments"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_input_is_refused_by_both_in_the_same_words(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError) as by_compiled:  # noqa: PT011  (the text is compared below)
        getattr(compiled, name)(*arguments)
    with pytest.raises(ValueError) as by_pure:  # noqa: PT011
        getattr(pure, name)(*arguments)

    assert str(by_compiled.value) == str(by_pure.value)


@both
def test_columns_of_another_type_are_refused(twin: ModuleType) -> None:
    with pytest.raises(ValueError, match="expected"):
        twin.top(array("d", [1.0]), array("q", [1]), NOW, 5)
    with pytest.raises(TypeError):
        twin.top([1], array("q", [1]), NOW, 5)


TIMES = st.one_of(st.integers(0, LAST_MS), st.integers(0, LAST_MS // TICK).map(lambda tick: tick * TICK))
AGES = st.one_of(st.integers(0, 90 * 24 * HOUR), st.integers(0, 100).map(lambda ticks: ticks * TICK))
EARNED = st.integers(-(10**6), 10**9)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), TIMES, AGES)
def test_the_score_is_the_documented_rule_rounded_down(
    views: int, likes: int, shares: int, published: int, age: int
) -> None:
    exact = _exact(1000 * views + 500 * likes + 2000 * shares, published, published + age)

    assert compiled.score(views, likes, shares, published, published + age) == floor(exact)


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(EARNED, TIMES, AGES, st.integers(-20_000, 20_000), AGES, AGES)
def test_the_order_of_rank_keys_is_the_order_of_scores_at_any_time(
    points: int, published: int, younger_by: int, extra: int, first_wait: int, second_wait: int
) -> None:
    # Points and publishing times are near enough to each other that either can decide.
    other_points, other_published = points + extra, published + younger_by
    key, other_key = compiled.rank_key(points, published), compiled.rank_key(other_points, other_published)
    for now in (other_published + first_wait, other_published + first_wait + second_wait):
        score, other_score = _exact(points, published, now), _exact(other_points, other_published, now)

        assert (key < other_key) == (score < other_score)
        assert (key == other_key) == (score == other_score)


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(TIMES, AGES, st.integers(-2, 2))
def test_the_threshold_is_where_a_score_reaches_100(published: int, age: int, near: int) -> None:
    now = published + age
    points = 100 + near - floor(_exact(0, published, now))
    survives = compiled.rank_key(points, published) >= compiled.threshold(now)

    assert survives == (_exact(points, published, now) >= 100)
    assert compiled.threshold(now) == compiled.rank_key(100, now)


OFFSETS = st.one_of(st.integers(-2 * TICK, TICK), st.integers(-8, 1).map(lambda points: points * 72_000))
ROWS = st.lists(st.tuples(st.one_of(st.integers(95, 110), st.integers(50, 400)), OFFSETS), max_size=40)


def _assert_twins_agree(rows: list[tuple[int, int]], now: int, limit: int) -> None:
    published = [max(-(2**63), now + offset) for _, offset in rows]
    columns = array("q", [points for points, _ in rows]), array("q", published)
    past = [min(max(time, 0), now) for time in published]
    exact = [_exact(points, time, now) for (points, _), time in zip(rows, past, strict=True)]
    order = sorted(range(len(rows)), key=lambda i: (-exact[i], -past[i], i))
    expected = [i for i in order if exact[i] >= 100][:limit]

    answer = compiled.top(*columns, now, limit)

    assert answer == pure.top(*columns, now, limit)
    assert list(answer[0]) == expected
    assert list(answer[1]) == [floor(exact[i]) for i in expected]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ROWS, TIMES, st.one_of(st.integers(0, 6), st.integers(0, 45)))
def test_twins_agree_with_a_full_sort(rows: list[tuple[int, int]], now: int, limit: int) -> None:
    _assert_twins_agree(rows, now, limit)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(ROWS, TIMES, st.one_of(st.integers(0, 6), st.integers(0, 45)))
def test_twins_agree_with_a_full_sort_at_length(rows: list[tuple[int, int]], now: int, limit: int) -> None:
    _assert_twins_agree(rows, now, limit)
