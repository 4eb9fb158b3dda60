"""The pages of For You and Following."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Sequence
from itertools import islice
from operator import itemgetter
from typing import Final

import msgspec

from app.cards import rules
from app.cards.card import Card
from app.cards.page import Pages, Rule
from app.cards.schemas import VideoCard
from app.cards.viewer import ViewerState
from app.core.clock import Clock
from app.core.cursors import Cursors, Keyset
from app.core.errors import Invalid, Unavailable
from app.core.metrics import FALLBACKS
from app.core.paging import Filled
from app.core.playback import Playbacks
from app.http.viewer import Viewer
from app.ports.feeds import KEEP, Feeds, FeedSlice, Kind
from app.ports.videos import Videos
from app.services.feed.bounded import give_up
from app.services.feed.following import Following
from app.services.feed.for_you import ForYou
from app.services.feed.mix import Entry
from app.services.feed.position import CURSOR_TTL_MS, PAGE_MEMORY_S, PUSHED, Position, Session, sources_of
from app.services.feed.schemas import FeedPage

WALK: Final = 200  # videos that `page=N` may skip over beyond the pages this session was served
PAGES_REMEMBERED: Final = 200
Ahead = Awaitable[FeedSlice | None]
RULES: Final[dict[Kind, Rule]] = {"feed": rules.wants, "following": rules.follows}


class Held(msgspec.Struct, frozen=True):
    """What was read a moment ago for who asks for a page: their state, and whether the feed they ask for is absent."""

    state: ViewerState
    absent: bool


class Rows(msgspec.Struct, frozen=True):
    """Entries of the built list behind `position`, and then of the tail, behind `below`."""

    position: Position
    built: list[Entry]
    tail: list[Entry]
    below: Position

    def __len__(self) -> int:
        return len(self.built) + len(self.tail)

    @property
    def video_ids(self) -> list[str]:
        return [*map(itemgetter(1), self.built), *map(itemgetter(1), self.tail)]

    def first(self, count: int) -> "Rows":
        """The first `count` of these."""
        return Rows(self.position, self.built[:count], self.tail[: max(0, count - len(self.built))], self.below)

    def after(self, start: Position) -> Position:
        """Behind the last of these; where there is none, the start."""
        if self.tail:
            return self.below.moved(*self.tail[-1], in_tail=True)
        return self.position.moved(*self.built[-1], in_tail=False) if self.built else start

    def with_positions(self) -> list[tuple[Position, str]]:
        """Each with where a reader stands behind it."""
        moved, moved_below = self.position.moved, self.below.moved
        rows = [(moved(score, video_id, in_tail=False), video_id) for score, video_id in self.built]
        return rows + [(moved_below(at, video_id, in_tail=True), video_id) for at, video_id in self.tail]


class Shown(msgspec.Struct, frozen=True):
    """A page of videos, which entries of the built list they are, of which list, and whether one is of the tail."""

    videos: list[VideoCard]
    after: Position
    more: bool
    built: list[Entry]
    generation: str
    from_tail: bool


class FeedReads:
    """Serves personal feeds: a frozen order per reading session, refilled where a viewer may not see something."""

    def __init__(
        self,
        feeds: Feeds,
        videos: Videos,
        for_you: ForYou,
        following: Following,
        pages: Pages,
        cursors: Cursors,
        playbacks: Playbacks,
        clock: Clock,
    ) -> None:
        self._feeds = feeds
        self._videos = videos
        self._for_you = for_you
        self._following = following
        self._pages = pages
        self._cursors = cursors
        self._playbacks = playbacks
        self._clock = clock

    async def page(
        self, kind: Kind, viewer: Viewer, number: int, cursor: str | None, limit: int, held: Held | None = None
    ) -> FeedPage:
        """Page `number`, or the one after `cursor`. `page=0` without a cursor starts anew. What is `held` is not read
        again."""
        session = Session(limit, [])
        known = self._beginning() if number == 0 else None
        if cursor is not None:
            known = self._cursors.open(cursor, kind, viewer.user_id, self._clock(), Position)
        state, ahead = await self._state(kind, viewer.user_id, known, limit, held)
        if known is not None:
            start = known
        else:
            session, start = await self._start_of(kind, viewer, state, number, limit)
        rows = await self._rows(kind, viewer.user_id, state, start, limit + 1, ahead)
        shown = await self._shown(kind, viewer.user_id, state, start, limit, rows)
        after = _after(start, shown.after, shown.built, limit)
        if cursor is None:
            await self._remember(kind, viewer, session, start, after if shown.more else None, limit)
        next_cursor = None
        if shown.more:
            expires_ms = self._clock() + CURSOR_TTL_MS
            next_cursor = self._cursors.seal(kind, viewer.user_id, expires_ms, after)
        return FeedPage(
            shown.videos,
            after.served // limit if shown.more else None,
            next_cursor,
            shown.more,
            _sources(kind, shown),
            self._playbacks.issue(viewer.user_id, self._clock()),
        )

    async def _shown(
        self, kind: Kind, user_id: str, state: ViewerState | None, start: Position, limit: int, rows: Rows
    ) -> Shown:
        """The page that begins with these rows, one more than it has if there are so many."""
        if state is not None:
            videos = await self._pages.at_once(state, rows.video_ids, limit, followed=kind == "following")
            if videos is not None:
                page = rows.first(limit)
                return Shown(
                    videos, page.after(start), len(rows) > limit, page.built, rows.position.generation, bool(page.tail)
                )
        filled = await self._fill(kind, user_id, state, start, limit, rows)
        videos = await self._pages.render(filled.items, state)
        positions = filled.positions
        generation = positions[0].generation if positions else ""
        from_tail = bool(positions) and positions[-1].in_tail
        return Shown(videos, filled.after or start, filled.more, _of_list(filled), generation, from_tail)

    def _beginning(self) -> Position:
        # What is published within this very millisecond may still join, at its place in the order.
        return Position("", self._clock(), 0, "", in_tail=False, served=0)

    async def _state(
        self, kind: Kind, user_id: str, start: Position | None, limit: int, held: Held | None
    ) -> tuple[ViewerState | None, Ahead | None]:
        """The viewer's, and on its way, in the same trip, what a page of a built For You begins with."""
        begins = kind == "feed" and start is not None and not start.in_tail
        if held is not None:
            return held.state, _nothing() if begins and held.absent else None
        ahead = None
        if begins and start is not None:
            ahead = asyncio.get_running_loop().create_task(self._read(user_id, start, limit + 1))
        try:
            return await self._pages.hydrator.viewer(user_id), ahead
        except BaseException:
            if ahead is not None:
                give_up(ahead)
            raise

    async def _fill(
        self,
        kind: Kind,
        user_id: str,
        state: ViewerState | None,
        start: Position,
        limit: int,
        rows: Rows | None = None,
    ) -> Filled[Position, Card]:
        """The page from `start` on; `rows` are what it begins with, where that was read already."""
        passed: list[Entry] = []

        async def skeleton(position: Position | None, count: int) -> list[tuple[Position, str]]:
            nonlocal rows
            found, rows = rows, None
            if found is None:
                found = await self._rows(kind, user_id, state, (position or start).serving(passed), count, None)
            passed.extend(found.built)
            return found.with_positions()

        return await self._pages.fill(state, skeleton, start, limit, RULES[kind])

    async def _rows(
        self,
        kind: Kind,
        user_id: str,
        state: ViewerState | None,
        position: Position,
        count: int,
        begun: Ahead | None,
    ) -> Rows:
        if kind == "following" and state is not None:
            found = await self._following.read(state, upper=position.upper, after=position.after, limit=count)
            return Rows(position, found, [], position)
        built: list[Entry] = []
        whole = True
        if not position.in_tail:
            position, built, whole = await self._built_rows(user_id, state, position, count, begun)
        if len(built) >= count:
            return Rows(position, built, [], position)
        below = position
        if not position.in_tail:
            last = position.moved(*built[-1], in_tail=False) if built else position
            below = last.serving(built).below(whole=whole)
        return Rows(position, built, await self._tail(user_id, below, count - len(built)), below)

    async def _built_rows(
        self, user_id: str, state: ViewerState | None, position: Position, count: int, begun: Ahead | None
    ) -> tuple[Position, list[Entry], bool]:
        """Entries of the built For You, the position with the generation they are of, and whether the list is whole: in
        the tail, with none, where there is no list to be had. While the cache is away nothing could freeze an order of
        ours, but the store's."""
        try:
            found = await (begun or self._read(user_id, position, count))
            if found is None or position.generation not in {"", found.generation}:
                position, found = await self._resumed(user_id, state, position, found)
        except Unavailable:
            FALLBACKS.labels("feed").inc()
            found = None
        if found is None:
            return position.left().moved(0, "", in_tail=True), [], True
        position = msgspec.structs.replace(position, generation=found.generation)
        return position, await self._unserved(user_id, position, found.entries, count), found.whole

    async def _read(self, user_id: str, position: Position, count: int) -> FeedSlice | None:
        limit = KEEP["feed"] if position.past else count
        return await self._feeds.read("feed", user_id, upper=position.upper, after=position.after, limit=limit)

    async def _resumed(
        self, user_id: str, state: ViewerState | None, position: Position, found: FeedSlice | None
    ) -> tuple[Position, FeedSlice | None]:
        """The top of the list that is there now, for who begins one that was not built, or comes out of another."""
        upper = self._clock()
        whole = await self._whole(user_id, upper) if found is not None else None
        if whole is None:
            whole = await self._for_you.built(user_id, state)
            upper = self._clock()
        return msgspec.structs.replace(position.left(), upper=upper), whole

    async def _unserved(self, user_id: str, position: Position, entries: Sequence[Entry], count: int) -> list[Entry]:
        """Without what the reader was served in lists before this one: nothing, for nearly everyone."""
        upper, after = position.upper, position.after
        first = 0  # they come best first: mostly none is above
        if entries and not (entries[0][0] <= upper and after is None):
            first = bisect_left(entries, True, key=lambda entry: entry[0] <= upper and (after is None or entry < after))
        if not position.past:
            return list(entries[first : first + count])
        served = await self._for_you.served(user_id, position.past)
        left = (e for e in entries[first:] if e[1] not in served and not position.served_push(e[1]))
        return list(islice(left, count))

    async def _whole(self, user_id: str, upper: int) -> FeedSlice | None:
        return await self._feeds.read("feed", user_id, upper=upper, after=None, limit=KEEP["feed"])

    async def _tail(self, user_id: str, position: Position, count: int) -> list[Entry]:
        """Published videos by time without those served before it: what is left when a list is read to its end."""
        held = await self._held(user_id, position)
        key = position.after or (position.upper + 1, "")
        wanted = count + len(held) + (PUSHED if position.pushed else 0)
        found: list[Entry] = []
        for _ in range(5):
            rows = await self._videos.fresh(Keyset(*key), wanted)
            found += [row for row in rows if row[1] not in held and not position.served_push(row[1])]
            if len(found) >= count or len(rows) < wanted:
                break
            key = rows[-1]
        return found[:count]

    async def _held(self, user_id: str, position: Position) -> set[str]:
        """What was served above the tail: of the list that leads there, while it is built, all there is; where that was
        cut or is gone, as of lists before it, what it was built of."""
        if not position.generation:
            return await self._for_you.served(user_id, position.past)
        try:
            built = await self._whole(user_id, position.upper)
        except Unavailable:
            built = None
        if built is None or built.generation != position.generation:
            return await self._for_you.served(user_id, position.passed())
        past = position.past if built.whole else position.passed()
        return {video_id for _, video_id in built.entries} | await self._for_you.served(user_id, past)

    async def _start_of(
        self, kind: Kind, viewer: Viewer, state: ViewerState | None, number: int, limit: int
    ) -> tuple[Session, Position]:
        """Where page `number` begins: as remembered, or found by walking on from the nearest page before it."""
        session = await self._recall(kind, viewer, limit)
        wanted = number * limit
        start = max(
            (known for known in session.starts if known.served <= wanted),
            key=lambda known: known.served,
            default=self._beginning(),
        )
        if wanted - start.served > WALK:
            raise Invalid("?page", "too_far", "Ask for the pages in order, or go on by `cursor`.")
        while start.served < wanted:
            step = min(limit, wanted - start.served)
            filled = await self._fill(kind, viewer.user_id, state, start, step)
            if not filled.more:
                return session, msgspec.structs.replace(filled.after or start, served=wanted)
            start = _after(start, filled.after or start, _of_list(filled), step)
        return session, start

    async def _recall(self, kind: Kind, viewer: Viewer, limit: int) -> Session:
        try:
            value = await self._feeds.recall(kind, viewer.session_id)
        except Unavailable:
            value = None
        return msgspec.msgpack.decode(value, type=Session) if value else Session(limit, [])

    async def _remember(
        self, kind: Kind, viewer: Viewer, session: Session, start: Position, after: Position | None, limit: int
    ) -> None:
        known = {position.served: position for position in session.starts}
        if start.served == 0:
            known = {}
        known |= {position.served: position for position in (start, after) if position is not None}
        session = Session(limit, list(known.values())[-PAGES_REMEMBERED:])
        try:
            await self._feeds.remember(kind, viewer.session_id, msgspec.msgpack.encode(session), PAGE_MEMORY_S)
        except Unavailable:
            FALLBACKS.labels("feed").inc()  # `page=N` will walk


async def _nothing() -> None:
    """What was found by who looked before."""


def _after(start: Position, after: Position, built: Sequence[Entry], limit: int) -> Position:
    """Where the next page begins, `after` the last row looked at, with what was pushed of these entries noted."""
    return msgspec.structs.replace(after.serving(built), served=start.served + limit)


def _of_list(filled: Filled[Position, Card]) -> list[Entry]:
    """The entries of a built list that a page shows."""
    return [(row.score, row.video_id) for row in filled.positions if not row.in_tail]


def _sources(kind: Kind, shown: Shown) -> list[str]:
    """Which sources the videos of a page come from: those of its list, and what is fresh where the tail serves."""
    if kind == "following":
        return ["following"]
    built = sources_of(shown.generation) if shown.built else []
    return list(dict.fromkeys([*built, *(["fresh"] if shown.from_tail else [])]))
