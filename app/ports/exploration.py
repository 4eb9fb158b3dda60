"""How often each new video was given a place in a For You: exploration takes those that had the fewest.

It may vanish at any time: then the newest videos begin again.
"""

from collections.abc import Sequence
from typing import Protocol


class Exploration(Protocol):
    async def admit(self, video_ids: Sequence[str]) -> None:
        """New videos begin at no place; one that is known keeps its number."""

    async def least(self, below: int, limit: int) -> list[str]:
        """Videos with fewer than `below` places, those with the fewest first."""

    async def placed(self, video_ids: Sequence[str]) -> list[int]:
        """Counts a place for each that is known; their numbers now, 0 for one that is not."""

    async def forget(self, video_ids: Sequence[str]) -> None:
        """Takes out what nobody may see."""
