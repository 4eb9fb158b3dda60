"""Who may not take part: one write ends a person's sessions and hides what they made, until it is lifted."""

from collections.abc import Sequence
from typing import Protocol

from app.core.events import Event


class Suspensions(Protocol):
    """`User.suspended_at` is where everybody reads it; `updated_at` grows with each change, and so do cards."""

    async def suspend(
        self, user_id: str, reason: str, now_ms: int, *, events: Sequence[Event] = ()
    ) -> list[str] | None:
        """Suspends, and ends every session (each with its `session.revoked`) in the same write; the ids ended, or None
        if they were suspended before. NotFound if there is no such person. No session can be opened from here on."""

    async def lift(self, user_id: str, now_ms: int, *, events: Sequence[Event] = ()) -> bool:
        """Ends a suspension; False if there was none. Sessions stay ended. NotFound if there is no such person."""
