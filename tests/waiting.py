"""Waiting on a condition, never on time: the one place where tests in process look again and again."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], object], within_s: float = 10.0, every_s: float = 0.001) -> float:
    """Returns once the answer, or what awaiting it gives, is true: after how many seconds. Fails if it takes longer."""
    began_s = time.monotonic()
    while True:
        answer = holds()
        if await answer if isinstance(answer, Awaitable) else answer:
            return time.monotonic() - began_s
        assert time.monotonic() - began_s < within_s, f"not within {within_s:g} s"
        await asyncio.sleep(every_s)  # between two looks
