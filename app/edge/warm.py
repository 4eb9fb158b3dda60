"""What hot reads go by and the general path brings about by the way, in a process that has no general path.

Who a token is of, the limiter's clock, which creators are pulled, the answers that are ready: each is fetched when a
read could do without the application but for that, behind the back of the request, which goes on to the application.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from app.core.clock import Clock
from app.core.errors import KinoraError, Unauthenticated
from app.core.metrics import FALLBACKS
from app.http.hot import Fields
from app.http.viewer import Doorkeeper
from app.ports.limiter import Limiter, Verdict
from app.services.feed.hot_trending import parse
from app.services.feed.ready import Ready
from app.services.feed.roster import Roster

FOLLOWING: Final = "/api/v1/feed/following"
TRENDING: Final = "/api/v1/feed/trending"
MOST: Final = 64  # fetched at once; what is more is fetched when it is missed again
TIMED_MS: Final = 60_000  # two clocks part by no more than a few milliseconds in that

Miss = Callable[[str, bytes, Fields, Verdict | None], None]
"""(path, query, fields, how it was counted): a read of the table that was not answered."""


class Warm:
    """Of one process; `stamp` is None while the limiter's clock is not known."""

    def __init__(
        self,
        limiter: Limiter,
        stamp: Callable[[], object],
        doorkeeper: Doorkeeper,
        roster: Roster,
        ready: Ready,
        clock: Clock,
    ) -> None:
        self._limiter = limiter
        self._stamp = stamp
        self._doorkeeper = doorkeeper
        self._roster = roster
        self._ready = ready
        self._clock = clock
        self._timed_ms = 0
        self._doing: dict[object, asyncio.Task[None]] = {}

    def missed(self, path: str, query: bytes, fields: Fields, verdict: Verdict | None) -> None:
        """Fetches what this read may have lacked, without waiting."""
        now_ms, token = self._clock(), fields.authorization
        if self._stamp() is None or not 0 <= now_ms - self._timed_ms < TIMED_MS:
            self._begin("clock", self._ask_time)
        if verdict is None:
            if token is not None and self._doorkeeper.recall(token, now_ms) is None:
                self._begin(token, lambda: self._doorkeeper.admit(token.decode("latin-1")))
        elif path == FOLLOWING:
            self._begin("roster", lambda: self._roster.of(()))
        elif path == TRENDING and verdict.allowed and (asked := parse(query)) is not None:
            self._begin(asked, lambda: self._ready.make(*asked, b"", None))

    async def aclose(self) -> None:
        """Leaves what is under way."""
        doing = tuple(self._doing.values())
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)

    async def _ask_time(self) -> None:
        """Any counting tells the limiter its server's time."""
        await self._limiter.take("edge", "clock", 1000, 60)
        self._timed_ms = self._clock()

    def _begin(self, key: object, work: Callable[[], Awaitable[object]]) -> None:
        if key not in self._doing and len(self._doing) < MOST:
            self._doing[key] = asyncio.get_running_loop().create_task(self._do(key, work))

    async def _do(self, key: object, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Unauthenticated:
            return  # the application tells them so itself
        except KinoraError:
            FALLBACKS.labels("edge-warm").inc()
        finally:
            del self._doing[key]
