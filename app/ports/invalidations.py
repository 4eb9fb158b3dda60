"""Who must hear that a card changed: whatever keeps something made of cards in this process."""

from collections.abc import Callable, Collection
from typing import Protocol

Hear = Callable[[Collection[str] | None], None]
"""Given the ids of videos whose cards changed; None: any card may have (the connection was lost, or came back)."""


class Invalidations(Protocol):
    def listen(self, hear: Hear) -> None:
        """Calls `hear` in this process's loop for every card that is written, changed or dropped anywhere, as soon as
        it is known. It must return at once and never raise."""

    @property
    def sound(self) -> bool:
        """Whether changes are heard now. While they are not, nothing made of cards may be kept."""
