"""Trending lists as readers froze them, and where a login's pages began. A convenience: once forgotten, the reader goes
on in the present list."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.ports.feeds import Feeds
from app.services.feed.position import PAGE_MEMORY_S
from app.services.feed.rule import Entries

_PLACES: Final = 200  # page starts remembered of a login: a list has a hundred videos


class Place(msgspec.Struct, array_like=True, frozen=True):
    """A place in one frozen list: before entry `offset`, after `served` videos."""

    scope: str
    version: str
    offset: int
    served: int


class FrozenLists:
    """Keeps lists by what they hold, so that all readers of one list share it."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    async def keep(self, scope: str, entries: Entries) -> str:
        """The version under which the list is kept."""
        value = msgspec.msgpack.encode(entries)
        version = hashlib.blake2b(value, digest_size=9).hexdigest()
        await self._put(f"{scope}:{version}", value)
        return version

    async def list_of(self, place: Place) -> Entries | None:
        """The list a place is in; None once it is forgotten."""
        value = await self._get(f"{place.scope}:{place.version}")
        return msgspec.msgpack.decode(value, type=Entries) if value else None

    async def remember(self, scope: str, session_id: str, places: Sequence[Place]) -> None:
        """Keeps where a login's pages began; of two at the same count the later."""
        by_served = {place.served: place for place in places}
        await self._put(f"{scope}:{session_id}", msgspec.msgpack.encode(list(by_served.values())[-_PLACES:]))

    async def places(self, scope: str, session_id: str) -> list[Place]:
        """Where the login's pages began, none if that is forgotten."""
        value = await self._get(f"{scope}:{session_id}")
        return msgspec.msgpack.decode(value, type=list[Place]) if value else []

    async def _put(self, name: str, value: bytes) -> None:
        try:
            await self._feeds.remember("feed", f"trending:{name}", value, PAGE_MEMORY_S)
        except Unavailable:
            FALLBACKS.labels("trending").inc()

    async def _get(self, name: str) -> bytes | None:
        try:
            return await self._feeds.recall("feed", f"trending:{name}")
        except Unavailable:
            FALLBACKS.labels("trending").inc()
            return None
