"""A curve: what was varied, and what a request cost at each value."""

import msgspec

from perf.servers.rounds import Cost


class Point(msgspec.Struct, frozen=True):
    at: str
    cost: Cost


class Curve(msgspec.Struct, frozen=True):
    title: str
    points: list[Point]
