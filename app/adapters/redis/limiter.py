"""`ratelimit:{caller}:{endpoint}`: a sliding log in a list, newest first, in microseconds of the server's clock.

Each of n processes also keeps a log of what it admitted. That log refuses without a trip who is over the limit already,
and takes over while Redis is away: a process then admits only while its log holds less than 1/n of the limit. With what
Redis admitted before that is at most twice the limit in any window, and with one process never more than the limit,
even where Redis comes back empty.
"""

import time
from collections.abc import Callable
from math import ceil

from app.adapters.redis.client import RedisClient, Script
from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.core.sliding import SlidingLog
from app.ports.limiter import Verdict

# KEYS log; ARGV limit, window in microseconds. Returns {admitted, entries in the window, microseconds until room}.
# The N-th newest entry decides, so a long log is read in one place. Entries that left the window are dropped in
# passing, at most a thousand a call: what remains of them can only make `remaining` smaller for a while.
_TAKE = Script("""
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local nth = redis.call('LINDEX', KEYS[1], limit - 1)
if nth and nth + window > now then return {0, limit, nth + window - now} end
for _ = 1, 1000 do
  local oldest = redis.call('LINDEX', KEYS[1], -1)
  if not oldest or oldest + window > now then break end
  redis.call('RPOP', KEYS[1])
end
redis.call('LPUSH', KEYS[1], string.format('%d', now))
redis.call('LTRIM', KEYS[1], 0, limit - 1)
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
return {1, redis.call('LLEN', KEYS[1]), window}
""")


class RedisLimiter:
    """`app.ports.limiter.Limiter`; never raises Unavailable. `processes` share the limit while Redis is away."""

    def __init__(self, client: RedisClient, *, processes: int = 1, now_s: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._processes = processes
        self._now_s = now_s
        self._admitted = SlidingLog()

    async def take(self, caller: str, endpoint: str, limit: int, window_s: int) -> Verdict:
        key = f"ratelimit:{caller}:{endpoint}"
        began_ms = self._now_ms()
        if self._admitted.count(key, window_s * 1000, began_ms) >= limit:
            return self._refusal(key, limit, window_s)
        try:
            admitted, entries, wait_us = await self._client.run(_TAKE, [key], (limit, window_s * 1_000_000))
        except Unavailable:
            FALLBACKS.labels("limiter").inc()
            return self._take_alone(key, limit, window_s)
        if not admitted:
            return Verdict(False, 0, ceil(wait_us / 1_000_000))
        # Logged as of before the trip: the process must not hold it in its window longer than Redis does.
        self._admitted.add(key, began_ms)
        return Verdict(True, limit - entries, window_s)

    def _take_alone(self, key: str, limit: int, window_s: int) -> Verdict:
        now_ms = self._now_ms()
        share = limit // self._processes
        count = self._admitted.count(key, window_s * 1000, now_ms)
        if count >= share:
            return self._refusal(key, share, window_s)
        self._admitted.add(key, now_ms)
        return Verdict(True, share - count - 1, window_s)

    def _refusal(self, key: str, limit: int, window_s: int) -> Verdict:
        wait_ms = self._admitted.room_after_ms(key, limit, window_s * 1000, self._now_ms())
        return Verdict(False, 0, max(1, ceil(wait_ms / 1000)))

    def _now_ms(self) -> int:
        return int(self._now_s() * 1000)
