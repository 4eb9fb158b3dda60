"""The two things a page of content is made from: `card:{video_id}` and the viewer's blob. Both are derived: they may
vanish at any time and are rebuilt from the stores. `app.cards` knows what the bytes mean."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from hotpath.shelf import Entry


class Cards(Protocol):
    async def get_many(self, video_ids: Sequence[str]) -> list[bytes | None]:
        """Card bytes in the order asked; None where absent."""

    async def put_many(self, cards: Mapping[str, bytes], hashes: Mapping[str, bytes]) -> None:
        """Stores cards (and the documented `video:{id}` hashes, TTL one hour) unless a newer version is there:
        a card's first 20 bytes are its version as decimal digits, compared as text. A hash is given as an array of
        texts, names and values in turns, as it goes over the wire (`hotpath.records`)."""


class ReadCards(Cards, Protocol):
    def at_hand(self, video_ids: list[str]) -> list[Entry | None] | None:
        """As `fetch`, without asking anybody; None where that can't tell of every one."""

    async def fetch(self, video_ids: list[bytes]) -> list[Entry | None]:
        """Cards taken in, in the order asked; None where absent, and for bytes that are no card."""


class Viewers(Protocol):
    async def get(self, user_id: str) -> tuple[bytes | None, int]:
        """The blob, or None, and the fence to give to `put` after rebuilding it."""

    async def put(self, user_id: str, blob: bytes, fence: int) -> None:
        """Stores a rebuilt blob unless the viewer's state changed since `fence` was read."""

    async def changed(self, user_ids: Sequence[str]) -> None:
        """The viewer's flags changed: forgets the blob and moves the fence. Called after the write committed and
        before it is answered."""
