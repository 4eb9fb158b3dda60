"""Each shape asks as much, at each moment, as it says."""

import pytest

from loadtest.rates import SHAPES, Plan, Shape, begins_s, crowd, extras, requests_per_s


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_its_rate_once_it_is_up(shape: Shape) -> None:
    plan = Plan(shape, rate=50, seconds=120)
    assert plan.crowd == 200
    assert crowd(plan, 11) / plan.pace_s == 50
    assert [crowd(plan, at_s) for at_s in (0, 5, 10)] == [1, 100, 200]


@pytest.mark.parametrize(
    ("shape", "rates"),
    [
        ("steady", [50, 50, 50, 50]),
        ("spike", [50, 50, 250, 50]),
        ("celebrity", [50, 75, 75, 75]),
        ("viral", [50, 150, 150, 150]),
        ("herd", [50, 50, 62.5, 62.5]),
    ],
)
def test_the_rates_of_the_quarters(shape: Shape, rates: list[float]) -> None:
    plan = Plan(shape, rate=50, seconds=120)
    assert [requests_per_s(plan, at_s) for at_s in (15, 45, 75, 105)] == rates


def test_who_comes_beside_the_crowd_is_there_from_the_start_and_waits() -> None:
    plan = Plan("viral", rate=50, seconds=120)
    assert (extras(plan), begins_s(plan)) == (400, 30)
    assert extras(Plan("steady", rate=50, seconds=120)) == 0


def test_the_rate_does_not_depend_on_the_pace() -> None:
    assert {requests_per_s(Plan("steady", 40, 60, pace), 30) for pace in (0.5, 1.0, 4.0)} == {40}
