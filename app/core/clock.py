"""The one source of time, so that a test can move it."""

from collections.abc import Callable

from hotpath import clocks

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
LATEST_MS = 2**53  # later than any time that is kept; a double, which scores are, has it exactly

system_ms = clocks.system_ms
monotonic_ms = clocks.monotonic_ms

Clock = Callable[[], int]
