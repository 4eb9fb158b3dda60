"""How often somebody may do something: a sliding log, exact in every window."""

from typing import Protocol

import msgspec


class Verdict(msgspec.Struct, frozen=True, gc=False):
    allowed: bool
    remaining: int
    reset_after_s: int  # until the window has room again (or is empty, if allowed)


class Limiter(Protocol):
    async def take(self, caller: str, endpoint: str, limit: int, window_s: int) -> Verdict:
        """Counts one request under `ratelimit:{caller}:{endpoint}`; never admits more than `limit` in any window,
        under parallel requests too. A refused request leaves no trace."""
