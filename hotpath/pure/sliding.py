"""A sliding log: the times of what was admitted, and so exact in every window, unlike buckets or weighted windows.

In memory and bounded: beyond `max_keys` keys or `max_entries` times the keys used longest ago are forgotten.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict

MAX_KEYS = 10_000
MAX_ENTRIES = 200_000


class SlidingLog:
    """Logs by key. Times are ms of one clock that never goes back; each call costs, in the long run, the entries that
    left the window: they are taken out when they are half of a log."""

    def __init__(self, max_keys: int = MAX_KEYS, max_entries: int = MAX_ENTRIES) -> None:
        self._max_keys = max_keys
        self._max_entries = max_entries
        self._entries = 0
        self._logs: OrderedDict[str, array[int]] = OrderedDict()

    def __len__(self) -> int:
        """Keys held."""
        return len(self._logs)

    def count(self, key: str, window_ms: int, now_ms: int) -> int:
        """Entries of the window that ends now."""
        log = self._logs.get(key)
        if log is None:
            return 0
        old = bisect_right(log, now_ms - window_ms)
        within = len(log) - old
        if not within:
            self.forget(key)
        elif old >= within:
            del log[:old]
            self._entries -= old
        return within

    def add(self, key: str, at_ms: int) -> None:
        """Admits one at this time."""
        log = self._logs.get(key)
        if log is None:
            log = self._logs[key] = array("q")
        else:
            self._logs.move_to_end(key)
        log.append(at_ms)
        self._entries += 1
        while len(self._logs) > 1 and (len(self._logs) > self._max_keys or self._entries > self._max_entries):
            self.forget(next(iter(self._logs)))

    def forget(self, key: str) -> None:
        """Drops one log, if there is one."""
        self._entries -= len(self._logs.pop(key, ()))

    def room_after_ms(self, key: str, limit: int, window_ms: int, now_ms: int) -> int:
        """How long until the window holds fewer than `limit` entries; 0 if it does."""
        log = self._logs.get(key, ())
        return max(0, log[-limit] + window_ms - now_ms) if 0 < limit <= len(log) else 0
