"""What each person was shown: a rolling filter a user, over seven days or ten thousand videos at least.

It is derived from the activity store and may vanish at any time. It may take a stranger for a known video, seldom, and
never the other way round: good for choosing what to offer, never for counting.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

SEEN_ITEMS = 10_000  # of one generation
SEEN_MS = 7 * 86_400_000


class Filter(Protocol):
    """What one person was shown."""

    def known(self, video_ids: Sequence[str]) -> bytes:
        """A byte for each, in the order asked: 1 for what was shown, else 0."""


class Seen(Protocol):
    async def add(self, shown: Mapping[str, Sequence[str]], now_ms: int) -> None:
        """Remembers videos by user id, of at most 500 users, in the filters that are there: an absent one stays
        absent, because what it would lack could not be told. Adding twice changes nothing."""

    async def filter(self, user_id: str) -> Filter | None:
        """The user's filter as it is now; None if there is none."""

    async def build(self, user_id: str, video_ids: Sequence[str], now_ms: int) -> None:
        """Replaces the filter by one of these videos, the earliest first."""
