"""What a figure of a path came to."""

from typing import Literal

import msgspec

Unit = Literal["×", "µs", "MB"]


class Reading(msgspec.Struct, frozen=True):
    """`value` is what is judged, a ratio unless `unit` says otherwise; the two costs are µs of CPU a request, for
    information (0: there is none)."""

    name: str  # as in budgets.json
    title: str
    value: float
    own_us: float = 0.0
    against_us: float = 0.0
    unit: Unit = "×"
