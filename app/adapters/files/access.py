"""What the origin knows of each video, for a second: one question at a time for each, however many ask."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from app.core.errors import Unavailable
from app.ports.blobs import Access, MediaAccess

TTL_S: Final = 1.0  # a change must be seen after two: this leaves the other half to the answer itself
ASK_S: Final = 1.0
KEPT: Final = 10_000  # videos


class AccessCache:
    """Answers of `access`, each at most `ttl_s` old counted from when it was asked for; the least used go first."""

    def __init__(
        self, access: Access, *, ttl_s: float = TTL_S, kept: int = KEPT, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._access = access
        self._ttl_s = ttl_s
        self._kept = kept
        self._now_s = now_s
        self._asked: OrderedDict[str, tuple[float, asyncio.Task[MediaAccess | None]]] = OrderedDict()

    async def get(self, video_id: str, *, at_most_s: float | None = None) -> MediaAccess | None:
        """The answer for a video, at most `at_most_s` old where that is less than usual.

        Raises what `access` raised, or Unavailable if it takes too long; a failure is shared by those who wait for it,
        and the next one asks again.
        """
        oldest_s = self._ttl_s if at_most_s is None else min(at_most_s, self._ttl_s)
        entry = self._asked.get(video_id)
        if entry is None or entry[0] <= self._now_s() - oldest_s or _failed(entry[1]):
            entry = (self._now_s(), asyncio.create_task(self._ask(video_id)))
            self._asked[video_id] = entry
        self._asked.move_to_end(video_id)
        while len(self._asked) > self._kept:
            self._asked.popitem(last=False)
        return await asyncio.shield(entry[1])  # one client that leaves must not end the question of the others

    async def _ask(self, video_id: str) -> MediaAccess | None:
        try:
            async with asyncio.timeout(ASK_S):
                return await self._access(video_id)
        except TimeoutError:
            raise Unavailable("The video's record can't be read right now.") from None


def _failed(task: asyncio.Task[MediaAccess | None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
