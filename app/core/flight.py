"""One making for all who ask for the same thing meanwhile (single flight)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    """What is being made, by key. Nothing is kept: who asks after a making ended begins another."""

    def __init__(self) -> None:
        self._making: dict[K, asyncio.Task[T]] = {}

    async def share(self, key: K, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The outcome of the making under way, or of one that begins now. It goes on when who began it gives up."""
        task = self._making.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(make())
            self._making[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    def _done(self, key: K, done: "asyncio.Task[T]") -> None:
        del self._making[key]
        if not done.cancelled():
            done.exception()  # whoever still waits is told; if nobody does, that is no error of its own
