"""Each shape asks as much, at each moment, as it says."""

import pytest

from loadtest.rates import SHAPES, Plan, Shape, begins_s, crowd, extras


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_its_rate_once_it_is_up(shape: Shape) -> None:
    plan = Plan(shape, rate=50, seconds=120)
    assert plan.crowd == 200
    assert crowd(plan, 11) / plan.pace_s == 50
    assert [crowd(plan, at_s) for at_s in (0, 5, 10)] == [1, 100, 200]


@pytest.mark.parametrize(
    ("shape", "quarters", "beside", "from_s"),
    [
        ("steady", [200, 200, 200, 200], 0, 0),
        ("spike", [200, 200, 1000, 200], 0, 0),
        ("celebrity", [200, 200, 200, 200], 100, 30),
        ("viral", [200, 200, 200, 200], 400, 30),
        ("herd", [200, 200, 200, 200], 50, 60),
    ],
)
def test_the_crowd_of_each_quarter_and_who_comes_beside_it(
    shape: Shape, quarters: list[int], beside: int, from_s: float
) -> None:
    plan = Plan(shape, rate=50, seconds=120)
    assert [crowd(plan, at_s) for at_s in (15, 45, 75, 105)] == quarters
    assert (extras(plan), begins_s(plan)) == (beside, from_s)


def test_the_rate_does_not_depend_on_the_pace() -> None:
    paces = (0.5, 1.0, 4.0)
    assert [crowd(Plan("steady", 40, 60, pace_s), 30) / pace_s for pace_s in paces] == [40, 40, 40]
    assert [extras(Plan("viral", 40, 60, pace_s)) / pace_s for pace_s in paces] == [80, 80, 80]
