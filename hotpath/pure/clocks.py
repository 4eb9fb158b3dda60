"""What time it is, for those who ask with every request."""

import time
from collections.abc import Callable


def system_ms() -> int:
    """Milliseconds since 1970, from the server's clock."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds since some moment, never set back: for what lives a short while in one process."""
    return time.monotonic_ns() // 1_000_000


class Ahead:
    """The clock of a server that was asked once, told by a clock of ours that never jumps."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._ahead_us: int | None = None

    def learn(self, server_us: int) -> None:
        """The server said just now that it is so late, in µs."""
        self._ahead_us = server_us - self.now_us()

    def stamp(self) -> tuple[int, int] | None:
        """The time by the server's clock in µs, and by ours in ms; None while the server's is not known."""
        if self._ahead_us is None:
            return None
        now_us = self.now_us()
        return now_us + self._ahead_us, now_us // 1000

    def now_us(self) -> int:
        """By ours."""
        return int(self._now_s() * 1_000_000)
