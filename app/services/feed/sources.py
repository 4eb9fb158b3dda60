"""Where Following's videos come from, and how it is built: the newest of everybody followed, exact."""

import os
from typing import Final

from app.cards.hydrate import Hydrator
from app.cards.viewer import ViewerState
from app.core.clock import LATEST_MS, Clock
from app.core.errors import Unavailable
from app.core.flight import SingleFlight
from app.core.metrics import FALLBACKS
from app.ports.feeds import KEEP, Feeds, FeedSlice
from app.ports.videos import Videos
from app.services.feed.mix import Entry, newest
from app.services.feed.pulled import Pulled

AUTHORS_AT_ONCE: Final = 1000
FIRST_LOOK: Final = 50  # videos of each author at first; only an author who fills the feed is asked for more


class Sources:
    """Builds Following from the stores."""

    def __init__(
        self,
        feeds: Feeds,
        videos: Videos,
        hydrator: Hydrator,
        pulled: Pulled,
        clock: Clock,
    ) -> None:
        self._feeds = feeds
        self._videos = videos
        self._hydrator = hydrator
        self._pulled = pulled
        self._clock = clock
        self._building: SingleFlight[str, FeedSlice] = SingleFlight()

    async def built(self, user_id: str) -> FeedSlice:
        """Builds Following now and returns it whole; callers who ask meanwhile share the one build."""
        return await self._building.share(user_id, lambda: self._following(user_id))

    async def followed(
        self, user_id: str, limit: int, *, upper: int | None = None, after: Entry | None = None
    ) -> list[Entry]:
        """The newest videos of everybody the user follows, by (published at, id), published at or before `upper` (now
        if none is given) and after the given entry if any: from the stores, whoever is pushed or pulled."""
        viewer = await self._hydrator.viewer(user_id)
        authors = viewer.follows if viewer else []
        before_ms = min(self._clock() if upper is None else upper, after[0] if after else LATEST_MS)
        lists = await self._newest(authors, before_ms, FIRST_LOOK)
        merged = newest(_after(lists, after), limit)
        last = merged[-1] if len(merged) == limit else (0, "")
        cut = [
            author
            for author, entries in zip(authors, lists, strict=True)
            if len(entries) == FIRST_LOOK and entries[-1] >= last
        ]
        if cut:
            more = await self._newest(cut, before_ms, limit + FIRST_LOOK)
            merged = newest([merged, *_after(more, after)], limit)
        return merged

    async def candidates(self, viewer: ViewerState, limit: int) -> list[Entry]:
        """As `followed`, but from the shared lists for those who have one: no question to the store for each reader."""
        now_ms = self._clock()
        creators = await self._pulled.creators(viewer)
        others = viewer.follows
        if creators:
            others = sorted(set(others).difference(creators))
        lists = await self._pulled.lists(creators, upper=now_ms, after=None, limit=limit)
        for start in range(0, len(others), AUTHORS_AT_ONCE):
            chunk = others[start : start + AUTHORS_AT_ONCE]
            lists.append(await self._videos.newest_among(chunk, now_ms, FIRST_LOOK, limit))
        return newest(lists, limit) if len(lists) > 1 else lists[0] if lists else []

    async def _newest(self, authors: list[str], before_ms: int, per_author: int) -> list[list[Entry]]:
        lists: list[list[Entry]] = []
        for start in range(0, len(authors), AUTHORS_AT_ONCE):
            chunk = authors[start : start + AUTHORS_AT_ONCE]
            lists += await self._videos.newest_by_authors(chunk, before_ms, per_author)
        return lists

    async def _following(self, user_id: str) -> FeedSlice:
        """Built where pushes find it: what is published while the stores are read is pushed into it."""
        generation = _generation()
        try:
            await self._feeds.begin("following", user_id, generation)
        except Unavailable:
            FALLBACKS.labels("feed").inc()
        entries = await self.followed(user_id, KEEP["following"])
        whole = len(entries) < KEEP["following"]
        try:
            await self._feeds.finish("following", user_id, generation, entries, whole=whole)
        except Unavailable:
            FALLBACKS.labels("feed").inc()  # the page is made from what was just gathered
        return FeedSlice(generation, entries, whole)


def _generation() -> str:
    return os.urandom(8).hex()


def _after(lists: list[list[Entry]], after: Entry | None) -> list[list[Entry]]:
    return lists if after is None else [[entry for entry in entries if entry < after] for entries in lists]
