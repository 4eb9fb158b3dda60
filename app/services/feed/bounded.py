"""Sources asked at once under one deadline: one that is down or slow gives nothing, the others still make a list."""

import asyncio
from collections.abc import Collection
from typing import Any, TypeVar

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS

T = TypeVar("T")


async def in_time(timeout_s: float, sources: Collection["asyncio.Future[Any]"]) -> None:
    """Waits for all, `timeout_s` at the most, and cancels those that are not done by then: one timer for any number."""
    try:
        await asyncio.wait(sources, timeout=timeout_s)
    finally:
        for source in sources:
            source.cancel()  # which one that is done does not notice


def given(name: str, source: "asyncio.Future[T]") -> T | None:
    """What a source gave in time; None from one that is down or slow."""
    if source.done() and not source.cancelled():
        error = source.exception()
        if error is None:
            return source.result()
        if not isinstance(error, (Unavailable, TimeoutError)):
            raise error
    FALLBACKS.labels(f"source-{name}").inc()
    return None
