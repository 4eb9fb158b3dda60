"""What facts do to exploration: every video that becomes public is to be given its places."""

from collections.abc import Sequence
from typing import Final

from app.core.events import Event
from app.ports.exploration import Exploration

AT_ONCE: Final = 500
_PUBLISHING: Final = frozenset({"video.published", "video.visibility_changed"})


class AdmitNew:
    """Public videos → exploration; one that is known there keeps the places it had."""

    GROUP = "explore"

    def __init__(self, exploration: Exploration) -> None:
        self._exploration = exploration

    async def __call__(self, batch: Sequence[Event]) -> None:
        new = [
            fact.data["video_id"]
            for fact in batch
            if fact.type in _PUBLISHING and fact.data.get("visibility") == "public"
        ]
        for first in range(0, len(new), AT_ONCE):
            await self._exploration.admit(new[first : first + AT_ONCE])
