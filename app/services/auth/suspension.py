"""Suspending a person, and lifting it: what an operator or a moderator does."""

from collections.abc import Callable
from typing import Final

import msgspec

from app.cards.renew import AuthorCards
from app.core import events, text
from app.core.clock import Clock
from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.ports.sessions import SessionCache
from app.ports.suspensions import Suspensions

PIECES: Final = 50_000
LONGEST_REASON: Final = 300

Renewed = Callable[[], None]
"""Called after each piece of an author's cards."""


class Suspended(msgspec.Struct, frozen=True):
    """`sessions` counts those ended; None: the person was suspended before."""

    sessions: int | None
    cards_renewed: bool


class SuspensionActions:
    """The record decides at once wherever one video or a person is asked for. Pages read cards: those are renewed
    before the caller is answered, and once more by the event, for a cache that was away."""

    def __init__(self, suspensions: Suspensions, cache: SessionCache, cards: AuthorCards, clock: Clock) -> None:
        self._suspensions = suspensions
        self._cache = cache
        self._cards = cards
        self._clock = clock

    async def suspend(self, user_id: str, reason: str, renewed: Renewed) -> Suspended:
        """Ends the person's sessions and hides what they made. The reason is told to them. Invalid, NotFound."""
        words = text.clean(reason, "/reason", longest=LONGEST_REASON)
        now_ms = self._clock()
        fact = events.event("user.suspended", user_id, now_ms, user_id=user_id)
        ended = await self._suspensions.suspend(user_id, words, now_ms, events=[fact])
        for session_id in ended or []:
            await self._tell(session_id)
        return Suspended(None if ended is None else len(ended), await self._renew(user_id, renewed))

    async def lift(self, user_id: str, renewed: Renewed) -> bool:
        """Shows everything again; False if the person was not suspended. NotFound."""
        now_ms = self._clock()
        fact = events.event("user.restored", user_id, now_ms, user_id=user_id)
        lifted = await self._suspensions.lift(user_id, now_ms, events=[fact])
        await self._renew(user_id, renewed)
        return lifted

    async def _tell(self, session_id: str) -> None:
        try:
            await self._cache.revoked(session_id)
        except Unavailable:
            FALLBACKS.labels("session").inc()  # the event `session.revoked` will do it

    async def _renew(self, user_id: str, renewed: Renewed) -> bool:
        """Whether all cards are renewed; what is left the event does."""
        after: Keyset | None = None
        try:
            for _ in range(PIECES):
                after = await self._cards.renew(user_id, after)
                renewed()
                if after is None:
                    return True
        except Unavailable:
            FALLBACKS.labels("cards").inc()
        return False
