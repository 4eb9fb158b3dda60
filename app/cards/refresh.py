"""After a write, before its answer: what the cache holds of the people it touched is forgotten.

The write is done whatever the cache says; if it can't be reached the write's event does this again.
"""

from collections.abc import Sequence

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.ports.cards import Viewers


class Refresh:
    """Forgets viewers' blobs, tolerating a cache that is away."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    async def viewers(self, user_ids: Sequence[str]) -> None:
        """The next page of each of them is made from the stores."""
        try:
            await self._viewers.changed(user_ids)
        except Unavailable:
            FALLBACKS.labels("viewer").inc()
