"""How long answers lag behind a change."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

GONE_S: Final = 0.05  # a changed or hidden card may be shown so long after the change's acknowledgement
GIVE_UP_S: Final = 5.0


async def stale_s(shown: Callable[[], Awaitable[list[Any]]], changed_s: float, wanted: list[Any]) -> float:
    """How long after `changed_s` (by time.monotonic) the last request began that was not answered with what is wanted;
    0 if all were."""
    late_s = 0.0
    while late_s < GIVE_UP_S:
        began_s = time.monotonic()
        if await shown() == wanted:
            return late_s
        late_s = began_s - changed_s
    return late_s
