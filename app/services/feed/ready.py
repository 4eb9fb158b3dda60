"""Answers that are the same for everybody, made once and kept whole: every byte, in each encoding.

An answer is served while it is young, served and made anew in the background when it is older, and made before it is
served when it is too old or when a card on it changed (its surrogate keys are the ids of its videos). While changes are
not heard of (`Invalidations.sound`) it lives for a second at most.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache
from typing import Final

import msgspec

from app.core import negotiation
from app.core.clock import Clock, monotonic_ms
from app.core.negotiation import Coding
from app.ports.invalidations import Invalidations
from app.services.feed.board import KEEP
from app.services.feed.variants import ReadyAnswer, Variant, variants_of

KEPT: Final = 128  # answers of a process: about 4 MB at twenty videos each
RENEW_AFTER_MS, LIFE_MS = 1000, 5000
RENEW_UNHEARD_AFTER_MS, LIFE_UNHEARD_MS = 500, 1000
APART_MS: Final = 50  # between two makings of one answer: a card that changes all the time costs twenty a second
TRIES: Final = 3
ENCODINGS_KNOWN: Final = 64

logger = logging.getLogger(__name__)

Key = tuple[str, int, int]
Source = Callable[[str, int, int], Awaitable[tuple[msgspec.Struct, Collection[str]]]]
"""(scope, page, limit) -> the page, and the ids of the videos on it."""


class _Entry(msgspec.Struct):
    variants: dict[Coding, Variant]
    video_ids: frozenset[str]
    made_ms: int
    renew_ms: int  # from here on it is made anew in the background
    dead_ms: int  # from here on it is not served
    chosen: dict[bytes, Variant]  # by Accept-Encoding, as it came
    asked: bool = False


class _Making:
    """An answer under way, and which cards changed meanwhile (None: any may have)."""

    def __init__(self) -> None:
        self.changed: set[str] | None = set()
        self.task: asyncio.Task[_Entry]

    def spoilt(self, video_ids: Collection[str]) -> bool:
        return self.changed is None or not self.changed.isdisjoint(video_ids)


class Ready:
    """The answers of one process. Without `invalidations` nothing is ever heard."""

    def __init__(self, source: Source, invalidations: Invalidations | None, clock: Clock = monotonic_ms) -> None:
        self._source = source
        self._invalidations = invalidations
        self._clock = clock
        self._entries: dict[Key, _Entry] = {}  # made longest ago first: what is asked for is made every second
        self._holders: dict[str, set[Key]] = {}  # of each video: the kept answers that hold it
        self._making: dict[Key, _Making] = {}
        if invalidations is not None:
            invalidations.listen(self.hear)

    def find(
        self, scope: str, page: int, limit: int, accept_encoding: bytes, if_none_match: bytes | None
    ) -> ReadyAnswer | None:
        """The answer as it is kept, or None: then `make` it. Only for visitors without a token and without a cursor;
        headers are given as they came (b"" without Accept-Encoding)."""
        entry = self._entries.get((scope, page, limit)) or self._entries.get(_key(scope, page, limit))
        if entry is None:
            return None
        now_ms = self._clock()
        if now_ms >= entry.renew_ms:
            if now_ms >= entry.dead_ms:
                return None
            self._begin(_key(scope, page, limit))
        entry.asked = True
        variant = entry.chosen.get(accept_encoding)
        if variant is None or if_none_match is not None:
            return self._choose(entry, accept_encoding, if_none_match)
        return variant.full

    async def make(
        self, scope: str, page: int, limit: int, accept_encoding: bytes, if_none_match: bytes | None
    ) -> ReadyAnswer:
        """The answer made now; callers who ask meanwhile share the one making. Raises what the source raises."""
        making = self._begin(_key(scope, page, limit))
        entry = await asyncio.shield(making.task)
        entry.asked = True
        return self._choose(entry, accept_encoding, if_none_match)

    def hear(self, video_ids: Collection[str] | None) -> None:
        """Cards changed (None: any may have): no answer that holds one is served any more. Those that are in demand
        are made anew at once."""
        for making in self._making.values():
            if video_ids is None:
                making.changed = None
            elif making.changed is not None:
                making.changed.update(video_ids)
        if video_ids is None:
            for entry in self._entries.values():
                entry.renew_ms = entry.dead_ms = 0  # made when somebody asks: not all of them at once
            return
        for key in {key for video_id in video_ids for key in self._holders.get(video_id, ())}:
            entry = self._entries[key]
            if entry.dead_ms > 0:
                entry.renew_ms = entry.dead_ms = 0
                if entry.asked:
                    self._begin(key)

    def _choose(self, entry: _Entry, accept_encoding: bytes, if_none_match: bytes | None) -> ReadyAnswer:
        variant = entry.chosen.get(accept_encoding)
        if variant is None:
            variant = entry.variants[negotiation.coding_of(accept_encoding)]
            if len(entry.chosen) < ENCODINGS_KNOWN and len(accept_encoding) <= negotiation.LONGEST_BYTES:
                entry.chosen[accept_encoding] = variant
        if if_none_match is not None and negotiation.has(if_none_match, variant.etag):
            return variant.unchanged
        return variant.full

    def _begin(self, key: Key) -> _Making:
        making = self._making.get(key)
        if making is None:
            making = _Making()
            self._making[key] = making
            making.task = asyncio.create_task(self._made(key, making))
            making.task.add_done_callback(_note_failure)
        return making

    async def _made(self, key: Key, making: _Making) -> _Entry:
        try:
            before = self._entries.get(key)
            if before is not None:
                await asyncio.sleep(max(0, before.made_ms + APART_MS - self._clock()) / 1000)
            entry = await self._read(key, making)
            self._keep(key, entry)
        finally:
            del self._making[key]  # not a turn of the loop later: from here on what is heard is of the kept one
        return entry

    async def _read(self, key: Key, making: _Making) -> _Entry:
        for _ in range(TRIES):
            making.changed = set()
            sound = self._invalidations is not None and self._invalidations.sound
            began_ms = self._clock()
            page, video_ids = await self._source(*key)
            variants = await asyncio.to_thread(variants_of, msgspec.json.encode(page), sound)
            renew_ms, life_ms = (RENEW_AFTER_MS, LIFE_MS) if sound else (RENEW_UNHEARD_AFTER_MS, LIFE_UNHEARD_MS)
            entry = _Entry(variants, frozenset(video_ids), began_ms, began_ms + renew_ms, began_ms + life_ms, {})
            if not making.spoilt(video_ids):
                break
        else:
            entry.renew_ms = entry.dead_ms = 0  # for who waited, and for nobody else
        return entry

    def _keep(self, key: Key, entry: _Entry) -> None:
        self._drop(key)
        if len(self._entries) >= KEPT:
            self._drop(next(iter(self._entries)))
        self._entries[key] = entry
        for video_id in entry.video_ids:
            self._holders.setdefault(video_id, set()).add(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        for video_id in entry.video_ids if entry else ():
            keys = self._holders.get(video_id)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._holders[video_id]


def _note_failure(task: asyncio.Task[_Entry]) -> None:
    """Whoever waits gets the error too; in the background nobody does, and the next visitor tries again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.info("a ready answer could not be made", extra={"error": str(error)})


@lru_cache(maxsize=1024)
def _key(scope: str, page: int, limit: int) -> Key:
    """Whatever lies beyond a list's end is one page."""
    return scope, min(page, -(-KEEP // limit)), limit
