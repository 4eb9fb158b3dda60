"""What processes tell each other about building For You. All of it may vanish at any time, at the price of a build too
many, or of a repeat for who was reading."""

from collections.abc import Sequence
from typing import Protocol

from app.ports.feeds import FeedSlice


class Builds(Protocol):
    async def claim(self, user_id: str, owner: str, ttl_ms: int) -> tuple[bool, FeedSlice | None]:
        """Whether `owner` may build this user's For You: nobody else may, until released or the time is over. And the
        one that is there, whole, as of after that was decided."""

    async def release(self, user_id: str, owner: str) -> None:
        """Lets others build at once, if the lease is still this owner's."""

    async def keep(
        self, user_id: str, owner: str, generation: str, first_score: int, video_ids: Sequence[str], order_ttl_s: int
    ) -> None:
        """Replaces the user's For You by one of these videos, whose scores go down by one from the first; keeps this
        order apart, by the first 16 characters of the generation, for who goes on after the feed is gone; and then
        releases. ValueError for more than ORDER_SIZE videos."""

    async def orders(self, user_id: str, generations: Sequence[str]) -> list[list[str]]:
        """Orders kept, by 16 characters of a generation; an empty one where there is none any more."""
