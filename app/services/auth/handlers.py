"""What follows from a session's end: the cache learns of it even if it was away at that moment."""

from collections.abc import Sequence

from app.core.events import Event
from app.ports.sessions import SessionCache


class SessionHandler:
    """Marks revoked sessions in the cache; doing it twice is the same."""

    GROUP = "sessions"

    def __init__(self, cache: SessionCache) -> None:
        self._cache = cache

    async def __call__(self, batch: Sequence[Event]) -> None:
        """One batch of `user.interaction`."""
        for event in batch:
            if event.type == "session.revoked":
                await self._cache.revoked(event.data["session_id"])
