"""How far the effect of one event has come, for effects that take longer than a handler has."""

from typing import Final, Protocol

from app.core.cursors import Keyset

DONE: Final = Keyset(0, "")


class Progress(Protocol):
    """`effect` is what `app.core.events.cause` names. Kept as long as an event may come again."""

    async def of(self, effect: str) -> Keyset | None:
        """The last row that is done, DONE once all are, None at the beginning."""

    async def note(self, effect: str, after: Keyset) -> None:
        """Moves on to `after`."""

    async def prune(self, before_ms: int, limit: int) -> int:
        """Forgets at most `limit` effects noted before then; how many."""
