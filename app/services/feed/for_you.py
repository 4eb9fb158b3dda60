"""How a For You that is not there gets built: one build at a time for a feed, over all processes, and soon.

The order is made once, here, so that paging keeps it: first what was not seen yet, blended from the sources with a
fixed share of places for exploration and spread by author and category; then, if that does not fill the list, what was
seen, the longest ago first.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Sequence
from typing import Final

import msgspec

from app.cards import rules
from app.cards.card import Card
from app.cards.hydrate import BATCH, Hydrator
from app.cards.viewer import ViewerState
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.flight import SingleFlight
from app.core.metrics import EXPLORED, FALLBACKS, FOR_YOU_BUILDS, FOR_YOU_ENTRIES
from app.ports.builds import Builds
from app.ports.exploration import Exploration
from app.ports.feeds import KEEP, Feeds, FeedSlice
from app.services.feed.candidates import EXPLORE_PLACES, Candidates, Gathered, within
from app.services.feed.mix import Candidate, diversify, interleave
from app.services.feed.position import CURSOR_TTL_MS, FOR_YOU_SIZE, letters_of, new_generation
from app.services.feed.seen import SeenReads

LEASE_S: Final = 3.0  # beyond the budget: longer than the calls to a cache that hangs
LOOK_EVERY_S: Final = 0.02
LATEST_MS: Final = 2**53

# How many videos each source gives, in proportion, and which places exploration has: every fifth of the first fifty.
RECOMMENDED, FOLLOWED, TRENDING, FRESH = 3, 3, 2, 2
EXPLORED_FIRST, EXPLORED_EVERY, EXPLORED_MOST = 2, 5, 10

logger = logging.getLogger(__name__)


class Built(msgspec.Struct, frozen=True):
    """An order, which source each video came from, and those that are there to be explored."""

    video_ids: list[str]
    source: dict[str, str]
    explored: list[str]


class ForYou:
    """Builds For You."""

    def __init__(
        self,
        feeds: Feeds,
        builds: Builds,
        exploration: Exploration,
        candidates: Candidates,
        seen: SeenReads,
        hydrator: Hydrator,
        clock: Clock,
        *,
        budget_s: float,
    ) -> None:
        self._feeds = feeds
        self._builds = builds
        self._exploration = exploration
        self._candidates = candidates
        self._seen = seen
        self._hydrator = hydrator
        self._clock = clock
        self._budget_s = budget_s  # for gathering and judging; a waiter waits as long
        self._building: SingleFlight[str, FeedSlice | None] = SingleFlight()

    async def built(self, user_id: str) -> FeedSlice | None:
        """The feed whole, built now by whoever is first; None if it can't be had in time: read the tail."""
        return await self._building.share(user_id, lambda: self._first(user_id))

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

    async def _first(self, user_id: str) -> FeedSlice | None:
        """Builds under a lease; who does not get it waits for the holder's work, or for the lease of a dead one."""
        owner, loop = os.urandom(8).hex(), asyncio.get_running_loop()
        deadline_s = loop.time() + self._budget_s
        while True:
            if await self._leased(user_id, owner):
                try:
                    return await self._there(user_id) or await self._build(user_id)
                finally:
                    await self._release(user_id, owner)
            if loop.time() >= deadline_s:
                FOR_YOU_BUILDS.labels("gave_up").inc()
                return None
            await asyncio.sleep(LOOK_EVERY_S)
            found = await self._there(user_id)
            if found is not None:
                FOR_YOU_BUILDS.labels("shared").inc()
                return found

    async def _build(self, user_id: str) -> FeedSlice | None:
        deadline_s = asyncio.get_running_loop().time() + self._budget_s
        gathered = await self._candidates.gather(user_id)
        built = await self._judged(user_id, gathered, deadline_s)
        if not built.video_ids and gathered.failed:
            FOR_YOU_BUILDS.labels("failed").inc()
            return None  # an empty list would be believed for half an hour
        now_ms = self._clock()
        entries = [(now_ms - rank, video_id) for rank, video_id in enumerate(built.video_ids)]
        sources = list(built.source.values())
        generation = new_generation(now_ms, letters_of(sources))
        await asyncio.gather(
            _kept(self._feeds.build("feed", user_id, generation, entries)),
            _kept(self._builds.keep_order(user_id, generation[:16], built.video_ids, CURSOR_TTL_MS // 1000)),
            _kept(self._explore(built, gathered)),
        )
        FOR_YOU_BUILDS.labels("built").inc()
        for source in set(sources):
            FOR_YOU_ENTRIES.labels(source).inc(sources.count(source))
        if "recycled" in sources:
            logger.info("too little that was not seen", extra={"user_id": user_id, "again": sources.count("recycled")})
        return FeedSlice(generation, entries)

    async def _judged(self, user_id: str, gathered: Gathered, deadline_s: float) -> Built:
        """Leaves out what the viewer may not see or has seen, then orders. What can't be asked in time is not asked:
        the page judges again who may see what, and diversity does what it can."""
        ids = every(gathered)
        left_s = max(0.0, deadline_s - asyncio.get_running_loop().time())
        cards, known, state = await asyncio.gather(
            within("cards", left_s, lambda: self._cards(ids)),
            within("seen", left_s, lambda: self._seen.among(user_id, ids, gathered.history)),
            within("viewer", left_s, lambda: self._hydrator.viewer(user_id)),
        )
        if cards is not None:
            await self._forget_dead(gathered.explored, cards)
        return ordered(gathered, known or set(), cards, state)

    async def _cards(self, video_ids: list[str]) -> dict[str, Card]:
        batches = [video_ids[first : first + BATCH] for first in range(0, len(video_ids), BATCH)]
        found = await asyncio.gather(*(self._hydrator.cards(batch) for batch in batches))
        return {video_id: card for some in found for video_id, card in some.items()}

    async def _explore(self, built: Built, gathered: Gathered) -> None:
        if not gathered.explored:
            await self._candidates.begin_exploring(gathered.fresh)
        places = await self._exploration.placed([video_id for video_id in built.explored if video_id in built.source])
        EXPLORED.labels("placed").inc(len(places))
        EXPLORED.labels("completed").inc(places.count(EXPLORE_PLACES))

    async def _forget_dead(self, explored: list[str], cards: dict[str, Card]) -> None:
        """What nobody may see would keep its place at the head of exploration for ever."""
        dead = [video_id for video_id in explored if not _wants(cards.get(video_id), None)]
        await _kept(self._exploration.forget(dead))

    async def _leased(self, user_id: str, owner: str) -> bool:
        try:
            return await self._builds.lease(user_id, owner, int((self._budget_s + LEASE_S) * 1000))
        except Unavailable:
            FALLBACKS.labels("lease").inc()
            return True  # nobody to agree with: one build in each process

    async def _release(self, user_id: str, owner: str) -> None:
        await _kept(self._builds.release(user_id, owner))

    async def _there(self, user_id: str) -> FeedSlice | None:
        try:
            return await self._feeds.read("feed", user_id, upper=LATEST_MS, after=None, limit=KEEP["feed"])
        except Unavailable:
            return None


def ordered(gathered: Gathered, known: set[str], cards: dict[str, Card] | None, state: ViewerState | None) -> Built:
    """A list of at most FOR_YOU_SIZE: the pure part of a build. Without cards each video is taken for an author's only.

    The first places that exploration may have are its own, whatever the other sources have to offer.
    """
    recent = [line.video_id for line in gathered.history or ()]
    seen = known.union(recent)
    wanted = {video_id for video_id in every(gathered) if cards is None or _wants(cards.get(video_id), state)}
    own = {
        video_id for video_id, card in (cards or {}).items() if state is not None and card.author_id == state.user_id
    }
    explored = [video_id for video_id in gathered.explored if video_id in wanted - seen - own][:EXPLORED_MOST]
    unseen = _blend(gathered, wanted - seen - set(explored))
    for place, video_id in enumerate(explored):
        unseen.insert(EXPLORED_FIRST + EXPLORED_EVERY * place, video_id)
    lately = {video_id: -rank for rank, video_id in enumerate(recent)}
    again = sorted(_blend(gathered, wanted & seen), key=lambda video_id: lately.get(video_id, -len(lately)))
    groups = [[_candidate(video_id, cards) for video_id in group] for group in (unseen, again)]
    video_ids = diversify(groups, FOR_YOU_SIZE)
    from_ = _sources(gathered, explored, again)
    return Built(video_ids, {video_id: from_[video_id] for video_id in video_ids}, explored)


def every(gathered: Gathered) -> list[str]:
    """Each candidate once."""
    lists = (gathered.explored, gathered.recommended, gathered.followed, gathered.trending, gathered.fresh)
    return list(dict.fromkeys(video_id for each in lists for video_id in each))


def _blend(gathered: Gathered, wanted: set[str]) -> list[str]:
    """What is wanted of all sources in proportion, down to the last of each."""
    weighted = (
        (gathered.recommended, RECOMMENDED),
        (gathered.followed, FOLLOWED),
        (gathered.trending, TRENDING),
        ([*gathered.fresh, *gathered.explored], FRESH),
    )
    lists = [(list(dict.fromkeys(v for v in each if v in wanted)), weight) for each, weight in weighted]
    return interleave(lists, len(wanted))


def _sources(gathered: Gathered, explored: list[str], again: list[str]) -> dict[str, str]:
    """Which source each video is owed to: the first in the order of the chain that had it."""
    chain = (
        ("recycled", again),
        ("fresh", explored),
        ("recommended", gathered.recommended),
        ("following", gathered.followed),
        ("trending", gathered.trending),
        ("fresh", [*gathered.fresh, *gathered.explored]),
    )
    return {video_id: source for source, ids in reversed(chain) for video_id in ids}


def _wants(card: Card | None, state: ViewerState | None) -> bool:
    return card is not None and rules.wants(card, state)


def _candidate(video_id: str, cards: dict[str, Card] | None) -> Candidate:
    card = cards.get(video_id) if cards is not None else None
    return Candidate(video_id, card.author_id, card.category) if card else Candidate(video_id, video_id, video_id)


async def _kept(writing: Awaitable[object]) -> None:
    """Waits for a write that only a later reader would miss."""
    try:
        await writing
    except Unavailable:
        FALLBACKS.labels("feed").inc()
