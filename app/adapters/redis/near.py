"""`app.ports.cards.Cards`, with what this process has read of late in its own memory.

A card is kept only while changes are heard of, and dropped when its change is. Between an MGET and its reply a card may
change and that be heard first: the reply is older than what was heard, and must not be kept. So each fill says which
cards it waits for, and what is heard meanwhile strikes them out.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from app.core.metrics import CARDS, Tally
from app.ports.cards import Cards
from app.ports.invalidations import Invalidations
from hotpath import shelf

_FROM_REDIS: Final = CARDS.labels("redis")
_MISSING: Final = CARDS.labels("miss")


class NearCards:
    """Over the cards in Redis. Must be made before whoever else listens, so as to know of a change before they ask."""

    def __init__(self, cards: Cards, invalidations: Invalidations, max_bytes: int) -> None:
        self._cards = cards
        self._invalidations = invalidations
        self.shelf = shelf.Shelf(max_bytes)
        self._filling: set[_Fill] = set()
        self._from_process = Tally(CARDS.labels("process"))
        invalidations.listen(self._hear)

    @property
    def size_bytes(self) -> int:
        """What is kept now costs."""
        return self.shelf.size_bytes

    def __len__(self) -> int:
        return len(self.shelf)

    def find(self, video_ids: list[bytes]) -> list[shelf.Entry | None]:
        """Those kept in this process, in the order asked, without waiting: 20 ns a card."""
        found = self.shelf.find(video_ids)
        # `all` asks what is there whether it is there; to look for None would compare each with it, for ten times that.
        self._from_process.inc(len(found) if all(found) else len(found) - found.count(None))
        return found

    def at_hand(self, video_ids: list[str]) -> list[shelf.Entry | None] | None:
        """The same of ids as they are elsewhere, if all are kept."""
        found = self.shelf.find(video_ids)
        if not all(found):
            return None
        self._from_process.inc(len(found))
        return found

    async def fetch(self, video_ids: list[bytes]) -> list[shelf.Entry | None]:
        """As `find`, and the others from Redis. None for what is nowhere, and for bytes that are no card."""
        found = self.find(video_ids)
        if all(found):
            return found
        missing = list(dict.fromkeys(v for v, entry in zip(video_ids, found, strict=True) if entry is None))
        filled = await self._fill(missing)
        return [entry or filled.get(v) for v, entry in zip(video_ids, found, strict=True)]

    async def get_many(self, video_ids: Sequence[str]) -> list[bytes | None]:
        entries = await self.fetch([video_id.encode() for video_id in video_ids])
        return [entry.raw if entry else None for entry in entries]

    async def put_many(self, cards: Mapping[str, bytes], hashes: Mapping[str, bytes]) -> None:
        # Before, for from now on they are known to be old; after, for what was read from Redis in between.
        self._hear(cards.keys())
        try:
            await self._cards.put_many(cards, hashes)
        finally:
            self._hear(cards.keys())

    async def _fill(self, video_ids: list[bytes]) -> dict[bytes, shelf.Entry]:
        fill = _Fill(video_ids if self._invalidations.sound else ())
        self._filling.add(fill)
        try:
            raws = await self._cards.get_many([video_id.decode() for video_id in video_ids])
        finally:
            self._filling.remove(fill)
        entries = {}
        for video_id, raw in zip(video_ids, raws, strict=True):
            if raw is not None and (entry := self._taken_in(video_id, raw, video_id in fill.wanted)):
                entries[video_id] = entry
        _FROM_REDIS.inc(len(entries))
        _MISSING.inc(len(video_ids) - len(entries))
        return entries

    def _taken_in(self, video_id: bytes, raw: bytes, keep: bool) -> shelf.Entry | None:
        try:
            return self.shelf.put(video_id, raw) if keep else shelf.Entry(video_id, raw)
        except ValueError:  # no card: as good as none, it is made anew
            return None

    def _hear(self, video_ids: Collection[str] | None) -> None:
        if video_ids is None:
            self.shelf.clear()
            for fill in self._filling:
                fill.wanted.clear()
        else:
            changed = [video_id.encode() for video_id in video_ids]
            self.shelf.drop(changed)
            for fill in self._filling:
                fill.wanted.difference_update(changed)


class _Fill:
    """An MGET under way, and which of its cards may be kept when it is answered."""

    def __init__(self, video_ids: Collection[bytes]) -> None:
        self.wanted = set(video_ids)
