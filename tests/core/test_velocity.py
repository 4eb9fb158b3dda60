"""The rule `velocity-1` as arithmetic. See `app.core.velocity`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import ids, velocity
from app.core.clock import DAY_MS, HOUR_MS

NOW_MS = 1_800_000_000_000


def kept(terms: list[tuple[float, int]]) -> tuple[float | None, float | None]:
    """(weight, age in ms) -> heat and base as they are kept."""
    heat = velocity.log2_sum(velocity.log2_heat(weight, NOW_MS - age) for weight, age in terms)
    slow = velocity.BASE_HALF_LIFE_MS
    return heat, velocity.log2_sum(velocity.log2_heat(weight, NOW_MS - age, slow) for weight, age in terms)


def test_a_new_burst_grows_twelvefold_and_a_steady_video_not_at_all() -> None:
    assert velocity.score(*kept([(1, 0)] * 10), NOW_MS) == pytest.approx(100 * 10 * 12, abs=1)
    steady = [(1.0, minute * 60_000) for minute in range(60 * 24 * 20)]
    heat, base = (
        velocity.at(log, NOW_MS, life) for log, life in zip(kept(steady), (7_200_000, 86_400_000), strict=True)
    )
    assert velocity.growth(heat, base) == pytest.approx(1, rel=0.01)


def test_a_small_video_that_takes_off_stands_above_a_large_one_that_goes_on() -> None:
    large = [(1.0, minute * 60_000) for minute in range(60 * 24 * 20)]  # a viewer a minute, for weeks
    small = [(1.0, minute * 60_000) for minute in range(60)]  # a viewer a minute, since an hour ago
    assert velocity.score(*kept(small), NOW_MS) > 2 * velocity.score(*kept(large), NOW_MS)


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0]), st.integers(0, 60 * DAY_MS)), min_size=1, max_size=40))
def test_the_order_of_heats_never_changes_and_growth_is_bounded(terms: list[tuple[float, int]]) -> None:
    heat, base = kept(terms)
    plain = sum(weight * 0.5 ** (age / (2 * HOUR_MS)) for weight, age in terms)
    assert velocity.at(heat, NOW_MS) == pytest.approx(plain, rel=1e-9, abs=1e-300)
    assert velocity.at(heat, NOW_MS + 2 * HOUR_MS) == pytest.approx(plain / 2, rel=1e-9, abs=1e-300)
    worth = velocity.at(base, NOW_MS, velocity.BASE_HALF_LIFE_MS)
    assert 0 <= velocity.growth(velocity.at(heat, NOW_MS), worth) <= 12


def test_nothing_is_nothing() -> None:
    assert velocity.log2_sum([None, None]) is None
    assert velocity.score(None, None, NOW_MS) == 0


@pytest.mark.parametrize(
    ("actor", "age_ms", "trusted"),
    [("usr", DAY_MS, True), ("usr", DAY_MS - 1, False), ("usr", -DAY_MS, False), ("vid", 9 * DAY_MS, False)],
)
def test_an_account_is_trusted_from_a_day_on(actor: str, age_ms: int, trusted: bool) -> None:
    assert velocity.trusted(ids.new(actor, NOW_MS - age_ms), NOW_MS, DAY_MS) is trusted


def test_who_is_anonymous_is_not_trusted() -> None:
    assert not velocity.trusted("anon_0123456789abcdef01234567", NOW_MS, 0)
