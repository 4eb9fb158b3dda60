"""The one source of time, so that a test can move it."""

import time
from collections.abc import Callable

from hotpath import clocks

HOUR_MS = 3_600_000
DAY_MS = 86_400_000

system_ms = clocks.system_ms


def monotonic_ms() -> int:
    """Milliseconds since some moment, never set back: for what lives a short while in one process."""
    return time.monotonic_ns() // 1_000_000


Clock = Callable[[], int]
