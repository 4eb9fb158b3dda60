"""What processes tell each other about building For You. All of it may vanish at any time, at the price of a build too
many, or of a repeat for who was reading."""

from collections.abc import Sequence
from typing import Protocol


class Builds(Protocol):
    async def lease(self, user_id: str, owner: str, ttl_ms: int) -> bool:
        """Whether `owner` may build this user's feed: nobody else may, until released or the time is over."""

    async def release(self, user_id: str, owner: str) -> None:
        """Lets others build at once, if the lease is still this owner's."""

    async def keep_order(self, user_id: str, generation: str, video_ids: Sequence[str], ttl_s: int) -> None:
        """Keeps the order in which a feed was built, for who goes on after it is gone."""

    async def orders(self, user_id: str, generations: Sequence[str]) -> list[list[str]]:
        """Orders kept, as asked; an empty one where there is none any more."""
