"""What is kept of every request, whichever door answers it: its place in a trace, its metrics, its access log line."""

import re
import time
from typing import Final

from app.core.clock import Clock
from app.core.metrics import LATENCY, REQUESTS, Stopwatch
from app.http.access import AccessLog
from hotpath import dice

SECURITY: Final = ((b"x-content-type-options", b"nosniff"),)  # of every answer; a page has more
ABANDONED: Final = 499  # the status noted where the client left before there was one
_TRACEPARENT: Final = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\Z")
_ROUTES: Final = 1000  # routes × methods × statuses; a bound, not a number ever met


class Record:
    """One a process, shared by its doors."""

    def __init__(self, clock: Clock, log: AccessLog) -> None:
        self._clock = clock
        self._log = log
        self._stopwatches: dict[tuple[str, str, int], Stopwatch] = {}
        self._dice = dice.Dice()

    def trace_id(self, traceparent: bytes | None) -> bytes:
        """32 hex digits: the caller's trace, if its header is well formed, else a new one."""
        if traceparent is not None:
            match = _TRACEPARENT.match(traceparent)
            if match and match[1] != b"0" * 32:
                return match[1]
        return self._dice.digits(16)

    def done(
        self,
        route: str,
        method: str,
        status: int,
        began_s: float,
        host: bytes,
        user: bytes,
        request: bytes,
        sent_bytes: int,
    ) -> None:
        """The request is over; `began_s` is by time.perf_counter."""
        key = (route, method, status)
        stopwatch = self._stopwatches.get(key)
        if stopwatch is None:
            stopwatch = Stopwatch(LATENCY.labels(route), REQUESTS.labels(route, method, status))
            if len(self._stopwatches) < _ROUTES:
                self._stopwatches[key] = stopwatch
        stopwatch.observe(time.perf_counter() - began_s)
        self._log.note(self._clock(), host, user, request, status, sent_bytes)
