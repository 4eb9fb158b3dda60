"""A circuit breaker: callers of a server that is down or hangs are refused at once, not after a timeout each.

Closed, open, half-open as in Nygard, Release It!, 5.2: `FAILURES` in a row open it for `REST_S`; then one caller at a
time may try, and its success closes it. A hanging server is thus noticed within FAILURES timeouts.
"""

import time
from collections.abc import Callable

from app.core.errors import Unavailable

FAILURES = 3
REST_S = 1.0


class Breaker:
    """Ask `check` before a call, tell `succeeded` or `failed` after it. A call that was cancelled tells nothing."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._failures = 0
        self._resting_until_s = 0.0

    def check(self) -> None:
        """Raises Unavailable while open; otherwise the caller may go on (when half-open, as the only one)."""
        if self._failures < FAILURES:
            return
        now_s = self._now_s()
        if now_s < self._resting_until_s:
            raise Unavailable("Redis was down a moment ago.", retry_after_s=1)
        self._resting_until_s = now_s + REST_S  # for everybody but this caller

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._resting_until_s = self._now_s() + REST_S
