"""`ratelimit:{caller}:{endpoint}`: a sliding log in a list, newest first, in microseconds of the server's clock.

Plain commands, so that the log can be kept in a page's own pipeline: an attempt pushes itself, then looks at the entry
`limit` places behind the newest. If that one is still in the window the attempt is one too many, and takes itself out.

Never more than the limit: of `limit` + 1 attempts admitted in one window, look at the one that looked last. All of them
were in the list by then, and none is ever taken out before it is old, so it saw one of them, or somebody newer, at
that place, and can't have been admitted. Attempts about to take themselves out can only make others be refused.
A log that with the attempt is no longer than the limit says the same without a look: of `limit` + 1 the one that pushed
last made it longer.

A stamp of more than a window later than an attempt's own can't be true, for no attempt is under way for so long: the
server's clock was ahead and has been set right. It counts as old, lest it refuse its reader until that time has come.
So the proof is of one clock: where that is set by more than a window, back or ahead, what was admitted before does not
count any more, and until each process knows the new time only the logs described next hold, by which it admits at most
the limit in any window.

Each of n processes also keeps a log of what it admitted. That log refuses without a trip who is over the limit already,
and takes over while Redis is away: a process then admits only while its log holds less than 1/n of the limit. With what
Redis admitted before that is at most twice the limit in any window, and with one process never more than the limit,
even where Redis comes back empty.
"""

import time
from collections.abc import Callable
from math import ceil
from typing import Final

import msgspec

from app.adapters.redis.client import Command, RedisClient
from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.ports.limiter import Verdict
from hotpath import clocks, sliding

OLDEST: Final = 3  # entries looked at for having left the window; more than an attempt adds, so that logs shrink


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One request to be counted. `stamp_us` is the server's clock, `began_ms` this process's."""

    key: str
    limit: int
    window_s: int
    stamp_us: int
    began_ms: int


class RedisLimiter:
    """`app.ports.limiter.Limiter`; never raises Unavailable. `processes` share the limit while Redis is away."""

    def __init__(self, client: RedisClient, *, processes: int = 1, now_s: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._processes = processes
        self.admitted = sliding.SlidingLog()
        self._time = clocks.Ahead(now_s)
        self.stamp = self._time.stamp
        """The time by the server's clock in µs, and by this process's in ms; None while the server's is not known."""

    async def take(self, caller: str, endpoint: str, limit: int, window_s: int) -> Verdict:
        key = key_of(caller, endpoint)
        try:
            if self.stamp() is None:
                await self._ask_time()
            attempt = self.attempt(key, limit, window_s)
            if isinstance(attempt, Verdict):
                return attempt
            replies = await self._client.pipeline([*commands(attempt), ("TIME",)])
            length, decisive, oldest, _, (seconds, micros) = replies
            self._learn_time(int(seconds), int(micros))
            verdict, chores = self.judge(attempt, length, decisive, oldest)
            if chores:
                await self._client.pipeline(chores)
        except Unavailable:
            FALLBACKS.labels("limiter").inc()
            return self._take_alone(key, limit, window_s)
        return verdict

    def attempt(self, key: str, limit: int, window_s: int) -> Attempt | Verdict:
        """An attempt to be sent as `commands`, or the refusal of one that this process knows to be too many."""
        stamp_us, began_ms = self.stamp() or (self._time.now_us(), self._now_ms())
        if self.admitted.count(key, window_s * 1000, began_ms) >= limit:
            return self._refusal(key, limit, window_s)
        return Attempt(key, limit, window_s, stamp_us, began_ms)

    def judge(
        self, attempt: Attempt, length: int, decisive: bytes | None, oldest: list[bytes]
    ) -> tuple[Verdict, list[Command]]:
        """The verdict from the replies to `commands`, but the last, and what to tell Redis now without waiting. Who did
        not look at the `oldest` entries gives none, and `remaining` may say too little."""
        window_us = attempt.window_s * 1_000_000
        if decisive is not None and not _is_over(decisive, window_us, attempt.stamp_us):
            wait_us = int(decisive) + window_us - attempt.stamp_us
            own: Command = ("LREM", attempt.key, 1, attempt.stamp_us)
            return Verdict(False, 0, min(attempt.window_s, ceil(wait_us / 1_000_000))), [own]
        # Logged as of before the trip: the process must not hold it in its window longer than Redis does.
        self.admitted.add(attempt.key, attempt.began_ms)
        gone: list[Command] = []
        if oldest and _is_over(oldest[-1], window_us, attempt.stamp_us):
            gone = [
                ("LREM", attempt.key, -1, entry) for entry in oldest if _is_over(entry, window_us, attempt.stamp_us)
            ]
        return Verdict(True, max(0, attempt.limit - length + len(gone)), attempt.window_s), gone

    async def _ask_time(self) -> None:
        seconds, micros = await self._client.call("TIME")
        self._learn_time(int(seconds), int(micros))

    def _learn_time(self, seconds: int, micros: int) -> None:
        self._time.learn(seconds * 1_000_000 + micros)

    def _take_alone(self, key: str, limit: int, window_s: int) -> Verdict:
        now_ms = self._now_ms()
        share = limit // self._processes
        count = self.admitted.count(key, window_s * 1000, now_ms)
        if count >= share:
            return self._refusal(key, share, window_s)
        self.admitted.add(key, now_ms)
        return Verdict(True, share - count - 1, window_s)

    def _refusal(self, key: str, limit: int, window_s: int) -> Verdict:
        wait_ms = self.admitted.room_after_ms(key, limit, window_s * 1000, self._now_ms())
        return Verdict(False, 0, max(1, ceil(wait_ms / 1000)))

    def _now_ms(self) -> int:
        return self._time.now_us() // 1000


def _is_over(entry: bytes, window_us: int, stamp_us: int) -> bool:
    """Whether an entry has left the window, or can't be true."""
    return not -window_us < int(entry) - stamp_us <= window_us


def key_of(caller: str, endpoint: str) -> str:
    return f"ratelimit:{caller}:{endpoint}"


def commands(attempt: Attempt) -> list[Command]:
    """What one attempt sends, to be judged by the replies."""
    return [
        ("LPUSH", attempt.key, attempt.stamp_us),
        ("LINDEX", attempt.key, attempt.limit),
        ("LRANGE", attempt.key, -OLDEST, -1),
        keep(attempt.key, attempt.window_s),
    ]


def keep(key: str, window_s: int) -> Command:
    """A log is kept for two windows, so that not every attempt has to say so: once in half a window will do."""
    return ("PEXPIRE", key, 2 * window_s * 1000)
