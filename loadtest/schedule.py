"""When each request is due: an open loop, so that a slow service is asked no less.

A person who waits for each answer before the next request measures a stalled service once, and leaves out everything
that others would have asked meanwhile (coordinated omission). Here every person has due times of their own, a fixed
interval apart. Who comes late, because an answer took long, starts at once, and that request's time counts from when it
was due: as wrk2 does it (Gil Tene, "How NOT to Measure Latency").
"""

from collections.abc import Callable
from typing import Final

MOST_LATE_S: Final = 30.0  # further behind than this, requests are given up and counted as failed


class Schedule:
    """The due times of one person, `every_s` apart from `first_s` on, by the clock `now_s`."""

    def __init__(self, first_s: float, every_s: float, now_s: Callable[[], float]) -> None:
        self._next_s = first_s
        self._every_s = every_s
        self._now_s = now_s

    def take(self) -> tuple[float, int]:
        """The next due time, and how many before it were given up because they were too late to be asked."""
        given_up = 0
        behind_s = self._now_s() - self._next_s
        if behind_s > MOST_LATE_S:
            given_up = int((behind_s - MOST_LATE_S) / self._every_s) + 1
            self._next_s += given_up * self._every_s
        due_s = self._next_s
        self._next_s += self._every_s
        return due_s, given_up

    def late_ms(self, due_s: float) -> float:
        """How late it is for what was due then."""
        return max(0.0, (self._now_s() - due_s) * 1000)
