"""The pull side of fan-out: one shared list for each creator that is not pushed, read by whoever follows them."""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

from app.cards.viewer import ViewerState
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS, PULLED_LISTS
from app.ports.active import ActiveUsers
from app.ports.feeds import KEEP, Feeds, FeedSlice
from app.ports.users import Users
from app.ports.videos import Videos
from app.services.feed.mix import Entry
from app.services.feed.roster import Roster
from app.services.feed.tiers import pulled

AT_ONCE: Final = 500  # lists in one trip
BUILT_AT_ONCE: Final = 100
TIES: Final = 50  # videos that one author may publish in one millisecond
NUMBERS_KEPT: Final = 100_000


class Pulled:
    """Whom a viewer pulls, and the newest of those."""

    def __init__(
        self, feeds: Feeds, videos: Videos, users: Users, active: ActiveUsers, roster: Roster, clock: Clock
    ) -> None:
        self._feeds = feeds
        self._videos = videos
        self._users = users
        self._active = active
        self._roster = roster
        self._clock = clock
        self._numbers: dict[str, int] = {}
        self._building: dict[str, asyncio.Task[dict[str, FeedSlice]]] = {}

    async def creators(self, viewer: ViewerState) -> list[str]:
        """Ids of the followed creators whose videos this viewer's built feeds may lack."""
        standings = await self._roster.of(viewer.following)
        if not standings:
            return []
        now_ms = self._clock()
        for_all = [standing.user_id for standing in standings if pulled(standing, now_ms, active=True)]
        for_idle = [standing.user_id for standing in standings if pulled(standing, now_ms, active=False)]
        if len(for_idle) == len(for_all) or await self._is_active(viewer.user_id, now_ms):
            return for_all
        return for_idle

    async def lists(self, creators: Sequence[str], *, upper: int, after: Entry | None, limit: int) -> list[list[Entry]]:
        """For each creator the newest `limit` entries with a score ≤ `upper`, after the given one if any: fewer only
        where there are no more. Older than what the shared list keeps comes from the store."""
        found: list[list[Entry]] = []
        for first in range(0, len(creators), AT_ONCE):
            found += await self._some(creators[first : first + AT_ONCE], upper, after, limit)
        return found

    async def _some(self, creators: Sequence[str], upper: int, after: Entry | None, limit: int) -> list[list[Entry]]:
        try:
            slices = await self._feeds.read_many("creator", creators, upper=upper, after=after, limit=limit)
        except Unavailable:
            FALLBACKS.labels("creator").inc()
            slices = [None] * len(creators)
        missing = [creator for creator, found in zip(creators, slices, strict=True) if found is None]
        PULLED_LISTS.labels("hit").inc(len(creators) - len(missing))
        PULLED_LISTS.labels("miss").inc(len(missing))
        built = await self._built(missing)
        lists: dict[str, list[Entry]] = {}
        deeper = []
        for creator, found in zip(creators, slices, strict=True):
            whole = found or built[creator]
            lists[creator] = [e for e in whole.entries if e[0] <= upper and (after is None or e < after)][:limit]
            if len(lists[creator]) < limit and not whole.whole:
                deeper.append(creator)
        if deeper:
            before_ms = min(upper, after[0]) if after else upper
            rows = await self._videos.newest_by_authors(deeper, before_ms, limit + TIES)
            for creator, entries in zip(deeper, rows, strict=True):
                lists[creator] = [entry for entry in entries if after is None or entry < after][:limit]
        return list(lists.values())

    async def _built(self, creators: Sequence[str]) -> dict[str, FeedSlice]:
        """Lists that are not there, built; whoever misses one meanwhile shares its build."""
        fresh = [creator for creator in creators if creator not in self._building]
        for first in range(0, len(fresh), BUILT_AT_ONCE):
            batch = fresh[first : first + BUILT_AT_ONCE]
            task = asyncio.create_task(self._build(batch))
            self._building |= dict.fromkeys(batch, task)
            task.add_done_callback(self._forget)
        tasks = {self._building[creator] for creator in creators}
        found: dict[str, FeedSlice] = {}
        for task in tasks:
            found |= await asyncio.shield(task)
        return found

    def _forget(self, done: asyncio.Task[dict[str, FeedSlice]]) -> None:
        self._building = {creator: task for creator, task in self._building.items() if task is not done}

    async def _build(self, creators: Sequence[str]) -> dict[str, FeedSlice]:
        generation, keep = os.urandom(8).hex(), KEEP["creator"]
        try:
            await asyncio.gather(*(self._feeds.begin("creator", creator, generation) for creator in creators))
        except Unavailable:
            FALLBACKS.labels("creator").inc()
        rows = await self._videos.newest_by_authors(creators, self._clock(), keep)
        slices = [FeedSlice(generation, entries, whole=len(entries) < keep) for entries in rows]
        built = dict(zip(creators, slices, strict=True))
        try:
            await asyncio.gather(
                *(
                    self._feeds.finish("creator", creator, generation, made.entries, whole=made.whole)
                    for creator, made in built.items()
                )
            )
        except Unavailable:
            FALLBACKS.labels("creator").inc()  # the page is made from what was just read
        return built

    async def _is_active(self, user_id: str, now_ms: int) -> bool:
        """False when it can't be told: who pulls too much misses nothing."""
        if user_id not in self._numbers:
            user = await self._users.get(user_id)
            if user is None:
                return False
            if len(self._numbers) >= NUMBERS_KEPT:
                self._numbers.clear()
            self._numbers[user_id] = user.user_no
        try:
            return await self._active.is_active(self._numbers[user_id], now_ms)
        except Unavailable:
            FALLBACKS.labels("active").inc()
            return False
