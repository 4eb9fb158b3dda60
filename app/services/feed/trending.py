"""The pages of a trending list: of everybody, and of somebody who is signed in."""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.cards import rules
from app.cards.card import Card
from app.cards.page import Pages
from app.cards.viewer import ViewerState
from app.core import text
from app.core.clock import HOUR_MS, Clock
from app.core.cursors import Cursors
from app.core.errors import Invalid
from app.core.paging import Filled
from app.http.viewer import Viewer
from app.ports.feeds import Feeds
from app.services.feed.board import Board
from app.services.feed.frozen import FrozenLists, Place
from app.services.feed.position import CURSOR_TTL_MS
from app.services.feed.rule import Entries
from app.services.feed.schemas import FeedPage

_KIND: Final = "trending"


def scope_of(region: str | None, category: str | None) -> str:
    """The list asked for; both at once is refused."""
    if region is not None and category is not None:
        raise Invalid("?category", "exclusive", "Give a region or a category, not both.")
    if region is not None:
        return text.country(region, "?region")
    return text.slug(category, "?category") if category is not None else "global"


class TrendingReads:
    """Pages of a list, frozen at the first one."""

    def __init__(self, board: Board, feeds: Feeds, pages: Pages, cursors: Cursors, clock: Clock) -> None:
        self._board = board
        self._frozen = FrozenLists(feeds)
        self._pages = pages
        self._cursors = cursors
        self._clock = clock

    async def shared(self, scope: str, number: int, limit: int) -> tuple[FeedPage, list[str]]:
        """Page `number` of the present list as everybody may see it, and the videos on it."""
        entries = await self._board.read(scope)
        version = await self._frozen.keep(scope, entries) if len(entries) > limit else ""
        place = await self._walk(entries, None, Place(scope, version, 0, 0), number * limit)
        filled = await self._fill(entries, None, place.offset, limit)
        page = await self._page(entries, None, place, filled, "", limit)
        return page, [card.video_id for card in filled.items]

    async def page(self, scope: str, viewer: Viewer | None, number: int, cursor: str | None, limit: int) -> FeedPage:
        """The page after `cursor` in the list that it froze, or page `number`. Page 0 freezes the present list for
        this login and remembers it; a list that is forgotten goes on in the present one."""
        name = viewer.user_id if viewer else ""
        state = await self._pages.hydrator.viewer(name or None)
        known: list[Place] = []
        if cursor is not None:
            place = self._cursors.open(cursor, _KIND, name, self._clock(), Place)
            if place.scope != scope:
                raise Invalid("?cursor", "bad_cursor", "The cursor belongs to another list.")
        else:
            known = await self._frozen.places(scope, viewer.session_id) if viewer and number else []
            start = max((at for at in known if at.served <= number * limit), key=_served, default=None)
            place = start or Place(scope, "", 0, 0)
        entries = await self._frozen.list_of(place) if place.version else None
        if entries is None:
            entries = await self._board.read(scope)
            version = await self._frozen.keep(scope, entries)
            place = msgspec.structs.replace(place, version=version)
        if cursor is None:
            place = await self._walk(entries, state, place, number * limit)
        filled = await self._fill(entries, state, place.offset, limit)
        if cursor is None and viewer is not None:
            places = [*known, place, _next(place, filled, limit)]
            await self._frozen.remember(scope, viewer.session_id, places)
        return await self._page(entries, state, place, filled, name, limit)

    async def _fill(self, entries: Entries, state: ViewerState | None, offset: int, limit: int) -> Filled[int, Card]:
        async def skeleton(after: int | None, count: int) -> Sequence[tuple[int, str]]:
            start = after or 0
            return [(start + i + 1, video_id) for i, (video_id, _) in enumerate(entries[start : start + count])]

        return await self._pages.fill(state, skeleton, offset, limit, rules.wants)

    async def _page(
        self,
        entries: Entries,
        state: ViewerState | None,
        place: Place,
        filled: Filled[int, Card],
        name: str,
        limit: int,
    ) -> FeedPage:
        scores = dict(entries)
        after = _next(place, filled, limit)
        next_cursor = None
        if filled.more:
            expires_ms = self._clock() + CURSOR_TTL_MS
            if not name:  # by the hour, so that the same list gives the same bytes
                expires_ms += HOUR_MS - expires_ms % HOUR_MS
            next_cursor = self._cursors.seal(_KIND, name, expires_ms, after)
        extras = [b',"trending_score":%d' % scores[card.video_id] for card in filled.items]
        return FeedPage(
            await self._pages.render(filled.items, state, extras),
            after.served // limit if filled.more else None,
            next_cursor,
            filled.more,
            [f"trending:{place.scope}"],
        )

    async def _walk(self, entries: Entries, state: ViewerState | None, start: Place, served: int) -> Place:
        """The place after `served` videos that this viewer may see: hidden ones fill no page."""
        left = served - start.served
        offset = start.offset
        if left > 0:
            cards = await self._pages.hydrator.cards([video_id for video_id, _ in entries])
            for video_id, _ in entries[start.offset :]:
                offset += 1
                card = cards.get(video_id)
                left -= card is not None and rules.wants(card, state)
                if left == 0:
                    break
        return msgspec.structs.replace(start, offset=offset, served=served)


def _served(place: Place) -> int:
    return place.served


def _next(place: Place, filled: Filled[int, Card], limit: int) -> Place:
    return msgspec.structs.replace(place, offset=filled.after or place.offset, served=place.served + limit)
