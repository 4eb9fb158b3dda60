"""What is kept of each request until it is handed over: how many there were and how long they took, by kind, and their
lines of the access log."""

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Protocol

from hotpath.pure.dice import Dice

KINDS = 1000  # routes × methods × statuses; a bound, not a number ever met
WHEN_BYTES = 64
_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\Z")


class Series:
    """Requests of one kind: how many took at most so long, bound by bound, and how long they took in all."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        """At most 32 bounds, in ascending order."""
        if not 0 < len(bounds_s) <= 32 or sorted(bounds_s) != list(bounds_s):
            raise ValueError("1 to 32 bounds, in ascending order")
        self._bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(bounds_s) + 1)
        self._total_s = 0.0

    def add(self, took_s: float) -> bool:
        """One more; whether it is the first since they were taken."""
        first = not any(self._counts)
        self._counts[bisect_left(self._bounds_s, took_s)] += 1
        self._total_s += took_s
        return first

    def take(self) -> tuple[list[int], float]:
        """Those between the bounds, the last above all of them, and the total; from here on they begin anew."""
        taken = self._counts, self._total_s
        self._counts, self._total_s = [0] * len(self._counts), 0.0
        return taken


class Lines:
    """Lines in Common Log Format: host ident user [time] "request" status bytes."""

    def __init__(self, when: Callable[[int], bytes]) -> None:
        """`when` gives the text of a second since 1970, of at most WHEN_BYTES."""
        self._text_of = when
        self._second = -1
        self._when = b""
        self._lines: list[bytes] = []

    def add(self, now_ms: int, host: bytes, user: bytes, request: bytes, status: int, sent_bytes: int) -> bool:
        """One more line, of natural numbers; whether it is the first since they were taken. ValueError for another
        number, and for a time that is too long."""
        if now_ms < 0 or status < 0 or sent_bytes < 0:
            raise ValueError("numbers must be natural")
        second = now_ms // 1000
        if second != self._second:
            when = self._text_of(second)
            if len(when) > WHEN_BYTES:
                raise ValueError("the time is too long")
            self._second, self._when = second, when
        self._lines.append(b'%b - %b [%b] "%b" %d %d\n' % (host, user, self._when, request, status, sent_bytes))
        return len(self._lines) == 1

    def take(self) -> bytes:
        """All of them; from here on they begin anew."""
        lines = b"".join(self._lines)
        self._lines.clear()
        return lines


class Watch(Protocol):
    """Who takes the series of one kind of request, once it has begun."""

    series: Series

    def begun(self) -> None:
        """There is something to be taken."""


class Log(Protocol):
    """Who takes the lines."""

    lines: Lines

    def begun(self) -> None:
        """There is something to be taken."""


class Record:
    """Of every request: its place in a trace, how long it took, its line."""

    def __init__(self, clock: Callable[[], int], log: Log, watch: Callable[[str, str, int], Watch]) -> None:
        """`clock` gives ms since 1970; `watch` who is to have the times of a route, a method and a status."""
        self._clock = clock
        self._log = log
        self._watch = watch
        self._watches: dict[tuple[str, str, int], Watch] = {}
        self._dice = Dice()

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
        """The request is over; `began_s` is by time.perf_counter, `request` without what would break a line."""
        kind = (route, method, status)
        watch = self._watches.get(kind)
        if watch is None:
            watch = self._watch(route, method, status)
            if len(self._watches) < KINDS:
                self._watches[kind] = watch
        if watch.series.add(time.perf_counter() - began_s):
            watch.begun()
        if self._log.lines.add(self._clock(), host, user, request, status, sent_bytes):
            self._log.begun()
