"""The effect of one event in pieces: each turn does what fits its time, and the next one goes on where it ended."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.ports.progress import DONE, Progress

BUDGET_S: Final = 2.0  # of a turn: well within what `app.work.handling` gives a batch
PIECES: Final = 100_000

Piece = Callable[[Keyset | None], Awaitable[Keyset | None]]
"""Does some hundred rows after the given one (None: from the first); the last row done, or None at the end."""


class Turn:
    """What one call of a handler may take in all, however many events it got."""

    def __init__(self, progress: Progress, budget_s: float = BUDGET_S) -> None:
        self._progress = progress
        self._ends_s = time.monotonic() + budget_s
        self._begun = False

    async def work(self, effect: str, piece: Piece) -> None:
        """Goes on with `effect` to its end; Unavailable when time is up: the event comes again, in its order.

        What is done stays done, so that a batch of many events ends after some turns too. A piece may be repeated.
        """
        after = await self._progress.of(effect)
        for _ in range(PIECES):
            if after == DONE:
                return
            if self._begun and time.monotonic() >= self._ends_s:
                break
            self._begun = True  # each turn gets somewhere, however late it comes to this
            after = await piece(after) or DONE
            await self._progress.note(effect, after)
        raise Unavailable("This event goes on in its next turn.")
