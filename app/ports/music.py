"""Pieces of music a video may name. They live in the store of videos."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Music(msgspec.Struct, frozen=True):
    music_id: str
    title: str
    artist: str
    duration_sec: int


class Musics(Protocol):
    async def get_many(self, music_ids: Sequence[str]) -> dict[str, Music]:
        """Those of at most 200 that exist."""

    async def put(self, music: Music) -> None:
        """Adds or replaces one."""
