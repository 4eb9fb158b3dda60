"""Trending: the served lists, made from the ledger by the documented rule, and their pages."""

import asyncio
import hashlib
from array import array
from typing import Final

import msgspec

from app.cards import rules
from app.cards.page import Pages
from app.cards.viewer import ViewerState
from app.core import text
from app.core.clock import Clock
from app.core.cursors import Cursors
from app.core.errors import Invalid, Unavailable
from app.core.metrics import FALLBACKS
from app.http.viewer import Viewer
from app.ports.feeds import Feeds
from app.ports.trending import Ledger, TrendingLists
from app.services.feed.position import CURSOR_TTL_MS, PAGE_MEMORY_S
from app.services.feed.schemas import FeedPage
from hotpath import trending as kernel

KEEP: Final = 100
LEADERS: Final = 1000  # rows looked at per scope: what is hidden must not leave the list short
TTL_S: Final = 300
_KIND: Final = "trending"

Entries = list[tuple[str, int]]


class Place(msgspec.Struct, array_like=True, frozen=True):
    """A place in one frozen list: before entry `offset`, after `served` videos."""

    scope: str
    version: str
    offset: int
    served: int


def scope_of(region: str | None, category: str | None) -> str:
    """The list asked for; both at once is refused."""
    if region is not None and category is not None:
        raise Invalid("?category", "exclusive", "Give a region or a category, not both.")
    if region is not None:
        return text.country(region, "?region")
    return text.slug(category, "?category") if category is not None else "global"


class Board:
    """Makes the lists and keeps them in the cache."""

    def __init__(self, ledger: Ledger, lists: TrendingLists, pages: Pages, clock: Clock) -> None:
        self._ledger = ledger
        self._lists = lists
        self._pages = pages
        self._clock = clock
        self._making: dict[str, asyncio.Task[Entries]] = {}

    async def read(self, scope: str) -> Entries:
        """The list, made now by one caller if there is none."""
        try:
            found = await self._lists.read(scope)
        except Unavailable:
            FALLBACKS.labels("trending").inc()
            found = None
        if found is not None:
            return found
        task = self._making.get(scope)
        if task is None:
            task = asyncio.create_task(self.make(scope))
            self._making[scope] = task
            task.add_done_callback(lambda _done: self._making.pop(scope, None))
        return await asyncio.shield(task)

    async def make(self, scope: str) -> Entries:
        """Scores the leaders of a scope, keeps the best hundred that everyone may see, and puts them in place."""
        now_ms = self._clock()
        rows = await self._ledger.leaders(scope, kernel.threshold(now_ms), LEADERS)
        places, scores = kernel.top(array("q", rows.points), array("q", rows.published), now_ms, LEADERS)
        best: Entries = []
        for start in range(0, len(places), KEEP):
            batch = [(rows.video_ids[places[i]], scores[i]) for i in range(start, min(start + KEEP, len(places)))]
            cards = await self._pages.hydrator.cards([video_id for video_id, _ in batch])
            best += [entry for entry in batch if entry[0] in cards and rules.may_see(cards[entry[0]], None)]
            if len(best) >= KEEP:
                break
        # Whole scores that tie stand by id, as the cache will give them back.
        best = sorted(best[:KEEP], key=lambda entry: (entry[1], entry[0]), reverse=True)
        try:
            await self._lists.replace(scope, best, TTL_S)
        except Unavailable:
            FALLBACKS.labels("trending").inc()
        return best

    async def make_all(self) -> None:
        """Every list that has anything in it: the tick."""
        for scope in ["global", *await self._ledger.scopes(kernel.threshold(self._clock()))]:
            await self.make(scope)


class TrendingReads:
    """Pages of a list, frozen at the first one."""

    def __init__(self, board: Board, feeds: Feeds, pages: Pages, cursors: Cursors, clock: Clock) -> None:
        self._board = board
        self._feeds = feeds
        self._pages = pages
        self._cursors = cursors
        self._clock = clock

    async def page(self, scope: str, viewer: Viewer | None, number: int, cursor: str | None, limit: int) -> FeedPage:
        """Page `number` of the present list, or the one after `cursor` of the list it froze."""
        name = viewer.user_id if viewer else ""
        state = await self._pages.hydrator.viewer(name or None)
        if cursor is not None:
            place = self._cursors.open(cursor, _KIND, name, self._clock(), Place)
            if place.scope != scope:
                raise Invalid("?cursor", "bad_cursor", "The cursor belongs to another list.")
            entries = await self._frozen(place) or await self._board.read(scope)
        else:
            entries = await self._board.read(scope)
            version = await self._freeze(scope, entries) if len(entries) > limit else ""
            place = Place(scope, version, await self._after(entries, state, number * limit), number * limit)
        scores = dict(entries)

        async def skeleton(offset: int | None, count: int) -> list[tuple[int, str]]:
            start = offset or 0
            return [(start + i + 1, video_id) for i, (video_id, _) in enumerate(entries[start : start + count])]

        filled = await self._pages.fill(state, skeleton, place.offset, limit, rules.wants)
        next_cursor = None
        if filled.more:
            after = msgspec.structs.replace(place, offset=filled.after or 0, served=place.served + limit)
            next_cursor = self._cursors.seal(_KIND, name, self._clock() + CURSOR_TTL_MS, after)
        extras = [b',"trending_score":%d' % scores[card.video_id] for card in filled.items]
        return FeedPage(
            await self._pages.render(filled.items, state, extras),
            place.served // limit + 1 if filled.more else None,
            next_cursor,
            filled.more,
            [f"trending:{scope}"],
        )

    async def _after(self, entries: Entries, state: ViewerState | None, count: int) -> int:
        """The offset after the first `count` videos that this viewer may see: hidden ones fill no page."""
        if count == 0:
            return 0
        cards = await self._pages.hydrator.cards([video_id for video_id, _ in entries])
        for offset, (video_id, _) in enumerate(entries, 1):
            card = cards.get(video_id)
            count -= card is not None and rules.wants(card, state)
            if count == 0:
                return offset
        return len(entries)

    async def _freeze(self, scope: str, entries: Entries) -> str:
        value = msgspec.msgpack.encode(entries)
        version = hashlib.blake2b(value, digest_size=9).hexdigest()
        try:
            await self._feeds.remember("feed", f"trending:{scope}:{version}", value, PAGE_MEMORY_S)
        except Unavailable:
            FALLBACKS.labels("trending").inc()
        return version

    async def _frozen(self, place: Place) -> Entries | None:
        try:
            value = await self._feeds.recall("feed", f"trending:{place.scope}:{place.version}")
        except Unavailable:
            return None
        return msgspec.msgpack.decode(value, type=Entries) if value else None
