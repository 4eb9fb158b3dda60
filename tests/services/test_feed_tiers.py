"""Tiers of creators: limits, hysteresis, epochs, and until when who is not pushed any more, or again, is pulled."""

from hypothesis import given
from hypothesis import strategies as st

from app.ports.tiers import Standing
from app.services.feed.tiers import OVERLAP_MS, Limits, crossed, pulled, tier_of

DOCUMENTED = Limits(1_000, 10_000, 10)

limits = st.builds(
    lambda low, more, percent: Limits(low, low + more, percent),
    st.integers(1, 50),
    st.integers(0, 50),
    st.integers(0, 50),
)
numbers = st.lists(st.integers(0, 120), min_size=1, max_size=40)


def walk(followers: list[int], of: Limits) -> list[Standing]:
    """Standings after each number of followers, one a millisecond."""
    standing = Standing("usr_1")
    seen = []
    for now_ms, count in enumerate(followers):
        standing = crossed(standing, count, of, now_ms) or standing
        seen.append(standing)
    return seen


def test_the_documented_limits() -> None:
    assert [tier_of("push", n, DOCUMENTED) for n in (0, 999, 1_000, 10_000, 10_001)] == [
        "push",
        "push",
        "selective",
        "selective",
        "pull",
    ]


def test_a_creator_falls_back_a_tenth_below_the_limit() -> None:
    assert [tier_of("selective", n, DOCUMENTED) for n in (999, 900, 899)] == ["selective", "selective", "push"]
    assert [tier_of("pull", n, DOCUMENTED) for n in (10_000, 9_000, 8_999, 899)] == [
        "pull",
        "pull",
        "selective",
        "push",
    ]


@given(limits, numbers)
def test_who_is_new_to_a_number_stands_as_documented(of: Limits, followers: list[int]) -> None:
    for count in followers:
        plain = "push" if count < of.selective_at else "selective" if count <= of.pull_at else "pull"
        if of.pull_at >= of.selective_at:
            assert tier_of("push", count, of) == plain


@given(limits, st.integers(0, 120), st.integers(0, 10))
def test_settling_twice_moves_nothing(of: Limits, count: int, before: int) -> None:
    once = walk([before * 12, count], of)[-1]
    assert crossed(once, count, of, 99) is None


@given(limits, numbers)
def test_each_crossing_is_one_epoch(of: Limits, followers: list[int]) -> None:
    seen = walk(followers, of)
    for before, after in zip([Standing("usr_1"), *seen], seen, strict=False):
        assert after.epoch == before.epoch + (after.tier != before.tier)


@given(limits, numbers)
def test_hovering_within_the_hysteresis_never_crosses(of: Limits, followers: list[int]) -> None:
    for tier, limit in (("selective", of.selective_at), ("pull", of.pull_at)):
        low = of.lowered(limit)
        hovering = [low + n % (limit - low + 1) for n in followers]
        assert all(tier_of(tier, n, of) == tier or tier_of(tier, n, of) == "pull" for n in hovering)  # type: ignore[arg-type]


@given(limits, numbers, st.integers(0, OVERLAP_MS * 2), st.booleans())
def test_what_was_not_pushed_is_pulled_as_long_as_a_feed_may_lack_it(
    of: Limits, followers: list[int], later_ms: int, active: bool
) -> None:
    seen = walk(followers, of)
    now_ms = len(followers) + later_ms
    for at_ms, standing in enumerate(seen):
        unpushed = standing.tier == "pull" or (standing.tier == "selective" and not active)
        left_ms = next((n for n in range(at_ms, len(seen)) if seen[n].tier != standing.tier), now_ms)
        if unpushed and now_ms < left_ms + OVERLAP_MS:
            assert pulled(seen[-1], now_ms, active=active)


def test_who_never_left_the_first_tier_is_not_pulled() -> None:
    assert not pulled(Standing("usr_1"), 0, active=False)
    assert not pulled(Standing("usr_1", "selective", 1), 0, active=True)
    assert pulled(Standing("usr_1", "selective", 1), 0, active=False)
