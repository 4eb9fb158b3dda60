"""How a For You that is not there gets built: one build at a time for a feed, over all processes, and soon.

The order is made once, here, so that paging keeps it: first what was not seen yet, blended from the sources with a
fixed share of places for exploration and spread by author and category; then, if that does not fill the list, what was
seen, the longest ago first.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import msgspec

from app.cards import rules
from app.cards.hydrate import Hydrator
from app.cards.viewer import ViewerState
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.flight import SingleFlight
from app.core.metrics import (
    EXPLORED,
    FALLBACKS,
    FOR_YOU_BUILD_S,
    FOR_YOU_BUILDS,
    FOR_YOU_ENTRIES,
    FOR_YOU_TIMES,
    Stopwatch,
    Tally,
)
from app.ports.activity import Watched
from app.ports.builds import Builds
from app.ports.exploration import Exploration
from app.ports.feeds import FeedSlice
from app.ports.seen import Filter
from app.services.feed.bounded import give_up, given, in_time
from app.services.feed.candidates import EXPLORE_PLACES, Candidates, Gathered
from app.services.feed.position import CURSOR_TTL_MS, FOR_YOU_SIZE, letters_of, new_generation
from app.services.feed.seen import SeenReads
from hotpath import choice as kernel
from hotpath import shelf

LEASE_S: Final = 3.0  # beyond the budget: longer than the calls to a cache that hangs
LOOK_EVERY_S: Final = 0.02

# How many videos each source gives, in proportion, and which places exploration has: every fifth of the first fifty.
RECOMMENDED, FOLLOWED, TRENDING, FRESH = WEIGHTS = 3, 3, 2, 2
SOURCES: Final = (
    "recommended",
    "following",
    "trending",
    "fresh",
    "recycled",
)  # a video is owed to the first that had it
AGAIN: Final = SOURCES.index("recycled")
LOOKED_AT: Final = 2 * FOR_YOU_SIZE  # candidates, of which the rest is looked at only if these are too few
EXPLORED_FIRST, EXPLORED_EVERY, EXPLORED_MOST = 2, 5, 10

_BUILT: Final = Stopwatch(FOR_YOU_TIMES, FOR_YOU_BUILDS.labels("built"), FOR_YOU_BUILD_S)
_ENTRIES: Final = {source: Tally(FOR_YOU_ENTRIES.labels(source)) for source in SOURCES}
_PLACED, _COMPLETED = Tally(EXPLORED.labels("placed")), Tally(EXPLORED.labels("completed"))

logger = logging.getLogger(__name__)


class Built(msgspec.Struct, frozen=True):
    """An order, a byte for each video that says which of SOURCES it is of, and those that are there to be explored."""

    video_ids: list[str]
    owed: bytes
    explored: list[str]

    @property
    def new(self) -> int:
        """How many of them were not seen."""
        return len(self.owed) - self.owed.count(AGAIN)


class ForYou:
    """Builds For You."""

    def __init__(
        self,
        builds: Builds,
        exploration: Exploration,
        candidates: Candidates,
        seen: SeenReads,
        hydrator: Hydrator,
        clock: Clock,
        *,
        budget_s: float,
    ) -> None:
        self._builds = builds
        self._exploration = exploration
        self._candidates = candidates
        self._seen = seen
        self._hydrator = hydrator
        self._clock = clock
        self._budget_s = budget_s  # for gathering and judging; a waiter waits as long
        self._building: SingleFlight[str, FeedSlice | None] = SingleFlight()

    async def built(self, user_id: str, state: ViewerState | None) -> FeedSlice | None:
        """The feed whole, built now by whoever is first, for the viewer as they are known to be; None if it can't be
        had in time: read the tail."""
        return await self._building.share(user_id, lambda: self._first(user_id, state))

    async def served(self, user_id: str, past: Sequence[tuple[str, int]]) -> set[str]:
        """What a reader passed in earlier orders, given how far down they came; less where that is forgotten."""
        if not past:
            return set()
        try:
            orders = await self._builds.orders(user_id, [generation for generation, _ in past])
        except Unavailable:
            FALLBACKS.labels("order").inc()
            return set()
        return {video_id for order, (_, passed) in zip(orders, past, strict=True) for video_id in order[:passed]}

    async def _first(self, user_id: str, state: ViewerState | None) -> FeedSlice | None:
        """Builds under a lease; who does not get it waits for the holder's work, or for the lease of a dead one."""
        owner, loop = os.urandom(8).hex(), asyncio.get_running_loop()
        deadline_s = loop.time() + self._budget_s
        while True:
            leased, found = await self._claimed(user_id, owner)
            if leased:
                return await self._build(user_id, owner, state, found)
            if found is not None:
                FOR_YOU_BUILDS.labels("shared").inc()
                return found
            if loop.time() >= deadline_s:
                FOR_YOU_BUILDS.labels("gave_up").inc()
                return None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _build(
        self, user_id: str, owner: str, state: ViewerState | None, found: FeedSlice | None
    ) -> FeedSlice | None:
        """Builds what is not there, and lets go of the lease in the trip that keeps it."""
        writing: Awaitable[None] | None = None
        telling: Awaitable[None] | None = None
        began_s = time.perf_counter()
        try:
            if found is None:
                gathered, built = await self._judged(user_id, state)
                if not built.video_ids and gathered.failed:
                    FOR_YOU_BUILDS.labels("failed").inc()
                    return None  # an empty list would be believed for half an hour
                found = self._named(user_id, built)
                writing, telling = self._keep(user_id, owner, found, built, began_s), self._explore(built, gathered)
        finally:
            told = None if telling is None else asyncio.get_running_loop().create_task(_kept(telling))
            await (writing or _kept(self._builds.release(user_id, owner)))
            if told is not None:
                await told
        return found

    def _named(self, user_id: str, built: Built) -> FeedSlice:
        """The feed as it will be read."""
        now_ms = self._clock()
        letters = []
        for number, source in enumerate(SOURCES):
            if entered := built.owed.count(number):
                _ENTRIES[source].inc(entered)
                letters.append(source)
        if "recycled" in letters:
            logger.info("too little that was not seen", extra={"user_id": user_id, "again": built.owed.count(AGAIN)})
        scores = range(now_ms, now_ms - len(built.video_ids), -1)
        return FeedSlice(new_generation(now_ms, letters_of(letters)), list(zip(scores, built.video_ids, strict=True)))

    async def _keep(self, user_id: str, owner: str, found: FeedSlice, built: Built, began_s: float) -> None:
        """Keeps a build for whoever reads on, and gives the lease back whether that succeeded or not."""
        first_score = found.entries[0][0] if found.entries else 0
        try:
            await self._builds.keep(
                user_id, owner, found.generation, first_score, built.video_ids, CURSOR_TTL_MS // 1000
            )
        except Unavailable:
            FALLBACKS.labels("feed").inc()
            await _kept(self._builds.release(user_id, owner))
        if _BUILT.series.add(time.perf_counter() - began_s):
            _BUILT.begun()

    async def _judged(self, user_id: str, state: ViewerState | None) -> tuple[Gathered, Built]:
        """Gathers, and chooses: among the best of what was gathered, and among all of it where too little of that was
        not seen. What can't be had in time is done without."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._budget_s
        filtering = loop.create_task(self._seen.filter(user_id))  # with what the sources ask: a trip less
        try:
            gathered = await self._candidates.gather(user_id, state)
        except BaseException:
            give_up(filtering)
            raise
        best = gathered.best(LOOKED_AT)
        built = await self._chosen(best, user_id, state, filtering, deadline_s)
        if best is not gathered and built.new < FOR_YOU_SIZE and loop.time() < deadline_s:
            filtering = loop.create_task(self._seen.filter(user_id))  # as the first look left it: perhaps made anew
            built = await self._chosen(gathered, user_id, state, filtering, deadline_s)
        return gathered, built

    async def _chosen(
        self,
        gathered: Gathered,
        user_id: str,
        state: ViewerState | None,
        filtering: "asyncio.Task[Filter | None]",
        deadline_s: float,
    ) -> Built:
        """Leaves out what the viewer may not see or has seen, then orders. What can't be asked in time is not asked:
        the page judges again who may see what, and diversity does what it can."""
        loop = asyncio.get_running_loop()
        choice = choice_of(gathered)
        ids = choice.ids
        cards = self._hydrator.at_hand(ids)
        known = self._seen.at_once(ids, gathered.history, filtering)
        waiting: list[asyncio.Future[Any]] = []
        if cards is None:
            waiting.append(taking := loop.create_task(self._hydrator.taken_in(ids)))
        if known is None:
            waiting.append(asking := loop.create_task(self._seen.among(user_id, ids, gathered.history, filtering)))
        await in_time(max(0.0, deadline_s - loop.time()), waiting)
        cards = given("cards", taking) if cards is None else cards
        known = given("seen", asking) if known is None else known
        if cards is not None and (dead := choice.dead(cards)):
            # What nobody may see would keep its place at the head of exploration for ever.
            await _kept(self._exploration.forget(dead))
        return ordered(choice, gathered.history, known or bytes(len(ids)), cards, state)

    def _explore(self, built: Built, gathered: Gathered) -> Awaitable[None] | None:
        """What exploration is to be told of a build, if anything is."""
        if gathered.explored:
            listed = set(built.video_ids)
            return self._place([video_id for video_id in built.explored if video_id in listed])
        return self._candidates.begin_exploring(gathered.fresh)

    async def _place(self, video_ids: list[str]) -> None:
        places = await self._exploration.placed(video_ids)
        _PLACED.inc(len(places))
        _COMPLETED.inc(places.count(EXPLORE_PLACES))

    async def _claimed(self, user_id: str, owner: str) -> tuple[bool, FeedSlice | None]:
        try:
            return await self._builds.claim(user_id, owner, int((self._budget_s + LEASE_S) * 1000))
        except Unavailable:
            FALLBACKS.labels("lease").inc()
            return True, None  # nobody to agree with: one build in each process


def choice_of(gathered: Gathered) -> kernel.Choice:
    """Of all that was gathered."""
    fresh = [*gathered.fresh, *gathered.explored]
    return kernel.Choice([gathered.recommended, gathered.followed, gathered.trending, fresh], gathered.explored)


def ordered(
    choice: kernel.Choice,
    history: Sequence[Watched] | None,
    known: bytes,
    cards: list[shelf.Entry | None] | None,
    state: ViewerState | None,
) -> Built:
    """A list of at most FOR_YOU_SIZE: the pure part of a build. `known` has a byte for each of the choice's ids that is
    not 0 for what was seen. Without cards each video is taken for an author's only.

    The first places that exploration may have are its own, whatever the other sources have to offer.
    """
    video_ids, owed, explored = choice.order(
        cards,
        known,
        [line.video_id for line in history or ()],
        WEIGHTS,
        (EXPLORED_FIRST, EXPLORED_EVERY, EXPLORED_MOST),
        # What is public and of nobody of these may be: rules have no more to say.
        state.avoided if state else (),
        lambda mark: rules.wants(mark, state),
        state.user_id if state else "",
        FOR_YOU_SIZE,
    )
    return Built(video_ids, bytes(owed), explored)


async def _kept(writing: Awaitable[object]) -> None:
    """Waits for a write that only a later reader would miss."""
    try:
        await writing
    except Unavailable:
        FALLBACKS.labels("feed").inc()
