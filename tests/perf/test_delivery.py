"""The bench of fan-out, small: that it runs, and that what it counts is what must have happened. No time is judged."""

import pytest

from perf import fanout_model
from perf.delivery.bench import Figures, measure
from perf.delivery.crowd import audience
from perf.delivery.report import lines
from perf.delivery.scale import SMALL
from perf.fanout_model import DOCUMENTED, Costs, World


def reached(place: int, followers: int) -> int:
    """How many of a creator's followers have built feeds, by the crowd's own rule."""
    numbers = {(place * 7919 + k * 104_729) % SMALL.followers + 1 for k in range(1, followers + 1)}
    assert len(numbers) == followers
    return sum(number % SMALL.step == 0 for number in numbers)


@pytest.fixture(scope="module")
async def figures() -> Figures:
    return await measure(SMALL)


async def test_every_follower_with_built_feeds_is_delivered_to_twice(figures: Figures) -> None:
    celebrity, small, both, documented = figures.waves
    audiences = {place: audience(place, SMALL.creators) for place in range(1, SMALL.creators + 1)}
    assert (celebrity.followers, celebrity.deliveries) == (SMALL.followers, 2 * SMALL.built)
    assert small.followers == sum(audiences.values())
    assert small.deliveries == 2 * sum(reached(place, followers) for place, followers in audiences.items())
    assert both.followers == celebrity.followers + small.followers
    assert both.deliveries == celebrity.deliveries + small.deliveries
    assert documented.followers == both.followers + SMALL.middling * SMALL.middling_followers
    assert documented.deliveries > both.deliveries


async def test_every_video_has_a_lag_and_a_tier(figures: Figures) -> None:
    celebrity, small, both, documented = figures.waves
    assert {tier: len(lags) for tier, lags in celebrity.lags_s.items()} == {"celebrity, push": 1}
    assert {tier: len(lags) for tier, lags in small.lags_s.items()} == {"push": SMALL.creators}
    assert {tier: len(lags) for tier, lags in both.lags_s.items()} == {"celebrity, push": 1, "push": SMALL.creators}
    tiers = {"celebrity, selective": 1, "push": SMALL.creators, "selective": SMALL.middling}
    assert {tier: len(lags) for tier, lags in documented.lags_s.items()} == tiers
    for wave in figures.waves:
        assert all(0 < lag_s <= wave.cpu.wall for lags in wave.lags_s.values() for lag_s in lags)


async def test_the_report_has_a_row_for_everything(figures: Figures) -> None:
    printed = "\n".join(lines(figures))
    for wave in figures.waves:
        assert wave.name in printed
    assert [each.limit for each in figures.feeds] == [128, 512]
    assert all(each.size_bytes > SMALL.entries * 30 for each in figures.feeds)


def test_the_model_draws_all_follows_and_all_videos() -> None:
    world = World()
    crowd = fanout_model.classes(world)
    assert sum(each.creators * each.followers for each in crowd) == pytest.approx(world.follows * world.monthly_users)
    assert sum(each.videos for each in crowd) == pytest.approx(world.videos_a_day)


def test_the_model_bills_what_each_tier_does() -> None:
    world = World(daily_users=100, monthly_users=100, pages=1.0, built=0.5, for_you=0.0, active=0.2)
    costs = Costs(video=1.0, row=1.0, absent=1.0, delivery=10.0, pulled=100.0)
    crowd = [fanout_model.Class(10, 1.0, 2.0)]
    day = 1e6 * fanout_model.DAY_S

    def billed(limits: tuple[int, int]) -> tuple[float, float]:
        found = fanout_model.bill(world, costs, limits, crowd)
        return round(found.push * day), round(found.pull * day)

    assert billed((100, 100)) == (2 + 2 * 10 * (1 + 1.5 + 5), 0)  # 15 keys of 20 hold nothing
    assert billed((1, 1)) == (2, 10 * 100)
    assert billed((1, 100)) == (2 + 2 * 10 * (1 + 0.2 + 2), 10 * 100 * 0.8)  # a fifth pushed to, four fifths pull


def test_the_model_prints_the_documented_limits_beside_the_cheapest() -> None:
    bills = fanout_model.grid(World(), Costs())
    best = fanout_model.cheapest(bills)
    assert all(bills[best].cores <= each.cores for each in bills.values())
    printed = "\n".join(fanout_model.lines(World(), Costs()))
    assert f"{bills[DOCUMENTED].cores:.1f} cores" in printed
