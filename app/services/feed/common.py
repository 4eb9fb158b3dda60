"""What is the same for all who build a For You: the newest videos, what trends, and the best of a category.

A process asks for it once a second, whoever builds meanwhile: it is half of what a build would ask the stores. What is
hidden within that second is left out by its card, and what is published comes by exploration, by a push, and last in
the tail, none of which is kept here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from app.core.clock import Clock
from app.ports.trending import TrendingLists
from app.ports.videos import Videos
from app.services.feed.mix import interleave

BELIEVED_MS: Final = 1000
FRESH: Final = 200
PER_CATEGORY: Final = 40
LISTS_KEPT: Final = 1000

Ids = list[str]


class Common:
    """Lists of video ids, the best first. Not to be changed by who gets them; each may raise what its store raises."""

    def __init__(self, videos: Videos, trending: TrendingLists, clock: Clock) -> None:
        self._videos = videos
        self._trending = trending
        self._clock = clock
        self._lists: dict[str, tuple[int, asyncio.Task[Ids]]] = {}  # when it was asked for

    def fresh(self) -> "asyncio.Future[Ids]":
        """The newest videos of all."""
        return self._list("fresh", self._fresh)

    def trending(self, scope: str) -> "asyncio.Future[Ids]":
        """What trends in the world or a region."""
        return self._list(f"trending/{scope}", lambda: self._trends(scope))

    def category(self, category: str) -> "asyncio.Future[Ids]":
        """What trends in a category and what is new in it, by turns."""
        return self._list(f"category/{category}", lambda: self._category(category))

    def _list(self, name: str, ask: Callable[[], Coroutine[Any, Any, Ids]]) -> "asyncio.Future[Ids]":
        now_ms = self._clock()
        asked_ms, task = self._lists.get(name) or (0, None)
        if task is not None and task.done():
            if 0 <= now_ms - asked_ms < BELIEVED_MS:
                return task
            task = None
        if task is None:
            if len(self._lists) >= LISTS_KEPT:
                self._lists.clear()
            task = asyncio.get_running_loop().create_task(ask())
            task.add_done_callback(lambda done: self._note(name, done))
            self._lists[name] = now_ms, task
        return asyncio.shield(task)  # who gives up does not end it for others

    def _note(self, name: str, done: asyncio.Task[Ids]) -> None:
        """What failed is asked for again. Whoever still waits is told; if nobody does, that is no error of its own."""
        if (done.cancelled() or done.exception() is not None) and self._lists.get(name, (0, None))[1] is done:
            del self._lists[name]

    async def _fresh(self) -> Ids:
        return [video_id for _, video_id in await self._videos.fresh(None, FRESH)]

    async def _trends(self, scope: str) -> Ids:
        return (await self._trending.best([scope]))[0]

    async def _category(self, category: str) -> Ids:
        trend, rows = await asyncio.gather(self._trends(category), self._videos.fresh(None, PER_CATEGORY, category))
        return interleave([(trend, 1), ([video_id for _, video_id in rows], 1)], 2 * PER_CATEGORY)
