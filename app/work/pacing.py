"""How long a loop waits: a pause that a stop ends at once, and a back-off that keeps many loops out of step."""

import asyncio
import random


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits, but no longer than until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def jittered(seconds: float) -> float:
    """Between half of `seconds` and all of it."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - nothing to guess


class Backoff:
    """Waits that double from `first_s` to `longest_s`, each jittered."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """The wait after one more failure."""
        wait_s = jittered(self._next_s)
        self._next_s = min(2 * self._next_s, self._longest_s)
        return wait_s

    def reset(self) -> None:
        self._next_s = self._first_s
