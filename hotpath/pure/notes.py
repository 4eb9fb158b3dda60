"""What is kept of each request until it is handed over: how many there were and how long they took, by kind, and their
lines of the access log."""

from bisect import bisect_left
from collections.abc import Callable, Sequence


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
        """`when` gives the text of a second since 1970, of at most 64 bytes."""
        self._text_of = when
        self._second = -1
        self._when = b""
        self._lines: list[bytes] = []

    def add(self, now_ms: int, host: bytes, user: bytes, request: bytes, status: int, sent_bytes: int) -> bool:
        """One more line, of natural numbers; whether it is the first since they were taken."""
        second = now_ms // 1000
        if second != self._second:
            self._second, self._when = second, self._text_of(second)
        self._lines.append(b'%b - %b [%b] "%b" %d %d\n' % (host, user, self._when, request, status, sent_bytes))
        return len(self._lines) == 1

    def take(self) -> bytes:
        """All of them; from here on they begin anew."""
        lines = b"".join(self._lines)
        self._lines.clear()
        return lines
