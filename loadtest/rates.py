"""How many people make requests at each moment of a run, by its shape; everybody makes one request a pace. Pure."""

from typing import Final, Literal, get_args

import msgspec

Shape = Literal["steady", "spike", "celebrity", "viral", "herd"]
Role = Literal["fan", "guest", "sleeper"]

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
RAMP_S: Final = 10.0  # or a tenth of the run, if that is less
SPIKE: Final = 5  # times as many people, in the third quarter of a run


class Plan(msgspec.Struct, frozen=True):
    """`rate` is the crowd's requests a second in a steady run; `pace_s` the time between two of one person."""

    shape: Shape
    rate: float
    seconds: float
    pace_s: float = 4.0

    @property
    def crowd(self) -> int:
        """People who make so many requests."""
        return max(1, round(self.rate * self.pace_s))


class Extra(msgspec.Struct, frozen=True):
    """Who comes beside the crowd: so many for each of it, from this part of the run on."""

    role: Role
    times: float
    part: float


EXTRAS: Final[dict[Shape, Extra]] = {
    "celebrity": Extra("fan", 0.5, 0.25),  # they follow the same few creators
    "viral": Extra("guest", 2.0, 0.25),  # they all come for one video
    "herd": Extra("sleeper", 0.25, 0.5),  # they all sign in again: what a restart or an expired key does
}


def crowd(plan: Plan, at_s: float) -> int:
    """People of the crowd at this moment: a ramp, then the same number, but for a spike."""
    if plan.shape == "spike" and 0.5 <= at_s / plan.seconds < 0.75:
        return plan.crowd * SPIKE
    return max(1, round(plan.crowd * min(1.0, at_s / min(RAMP_S, plan.seconds / 10))))


def extras(plan: Plan) -> int:
    """People beside the crowd, once they have come."""
    extra = EXTRAS.get(plan.shape)
    return max(1, round(plan.crowd * extra.times)) if extra else 0


def begins_s(plan: Plan) -> float:
    """When they come."""
    extra = EXTRAS.get(plan.shape)
    return plan.seconds * extra.part if extra else 0.0
