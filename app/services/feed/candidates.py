"""What a For You is made from, all sources under one deadline: one that is down or slow gives nothing, and the others
still make a list.

There is no recommender yet. In its place stand exploration (new videos that had the fewest places so far), what fits
the viewer's country and the categories of what they liked and watched, whom they follow, what trends, what is fresh.
"""

import asyncio
from collections.abc import Awaitable
from operator import itemgetter
from typing import Final

import msgspec

from app.cards.hydrate import Hydrator
from app.cards.viewer import ViewerState
from app.core import ids
from app.core.clock import DAY_MS, Clock
from app.core.errors import Unavailable
from app.ports.activity import Activity, Watched
from app.ports.exploration import Exploration
from app.ports.trending import TrendingLists
from app.ports.users import Users
from app.ports.videos import Videos
from app.services.feed.bounded import given, in_time
from app.services.feed.common import Common
from app.services.feed.mix import interleave
from app.services.feed.position import FOR_YOU_SIZE
from app.services.feed.seen import RECENT
from app.services.feed.sources import Sources
from hotpath import choice as kernel

SOURCES_SHARE: Final = 2 / 3  # of the budget of a build; the rest is for judging what they gave
TASTE: Final = 50  # videos watched, and liked, that tell the viewer's categories
CATEGORIES: Final = 3
EXPLORED_AT_ONCE: Final = 40
EXPLORE_PLACES: Final = 50  # in built lists, that every new video is given
EXPLORED_AGE_MS: Final = 7 * DAY_MS
BEGUN_MS: Final = 1000  # so long is believed that what was told to begin has begun


class Gathered(msgspec.Struct, frozen=True):
    """Ids by source, the best first. `history` is what was watched of late, the latest first, None if it can't be
    read; `failed`: something is missing that would be there in better times."""

    explored: list[str]
    recommended: list[str]
    followed: list[str]
    trending: list[str]
    fresh: list[str]
    history: list[Watched] | None
    failed: bool

    def best(self, most: int) -> "Gathered":
        """With no more than about `most` of what the sources gave, in equal parts; itself if that is all. What is
        explored stays."""
        lists = (self.recommended, self.followed, self.trending, self.fresh)
        part = most // max(1, sum(map(bool, lists)))
        if max(map(len, lists)) <= part:
            return self
        recommended, followed, trending, fresh = (each[:part] for each in lists)
        return Gathered(self.explored, recommended, followed, trending, fresh, self.history, self.failed)


class Candidates:
    """Asks every source at once."""

    def __init__(
        self,
        videos: Videos,
        users: Users,
        activity: Activity,
        trending: TrendingLists,
        exploration: Exploration,
        hydrator: Hydrator,
        sources: Sources,
        clock: Clock,
        *,
        timeout_s: float,
    ) -> None:
        self._common = Common(videos, trending, clock)
        self._users = users
        self._activity = activity
        self._exploration = exploration
        self._hydrator = hydrator
        self._sources = sources
        self._clock = clock
        self._timeout_s = timeout_s
        self._begun: list[str] = []
        self._begun_ms = -BEGUN_MS

    async def gather(self, user_id: str, state: ViewerState | None) -> Gathered:
        """Candidates for one user, after `timeout_s` at the latest."""
        begin = asyncio.get_running_loop().create_task
        history = begin(self._activity.history(user_id, None, RECENT))
        explored = begin(self._exploration.least(EXPLORE_PLACES, EXPLORED_AT_ONCE))
        recommended = begin(self._recommended(user_id, history, state))
        followed = begin(self._followed(state))
        trending, fresh = self._common.trending("global"), self._common.fresh()
        await in_time(self._timeout_s, (history, explored, recommended, followed, trending, fresh))
        watched = given("history", history)
        lists = [
            given("explored", explored),
            given("recommended", recommended),
            given("following", followed),
            given("trending", trending),
        ]
        found, newest = [each or [] for each in lists], given("fresh", fresh)
        failed = None in (watched, newest, *lists)
        return Gathered(found[0], found[1], found[2], found[3], newest or [], watched, failed)

    def begin_exploring(self, video_ids: list[str]) -> Awaitable[None] | None:
        """Nothing is being explored, because everything had its places or because the numbers are lost: the newest of
        these that are young begin. Where all had their places each build comes here: the same ones are not told again
        at once, and nobody is to be waited for."""
        now_ms = self._clock()
        if video_ids == self._begun and 0 <= now_ms - self._begun_ms < BEGUN_MS:
            return None
        return self._begin_exploring(video_ids, now_ms)

    async def _begin_exploring(self, video_ids: list[str], now_ms: int) -> None:
        since = ids.floor("vid", now_ms - EXPLORED_AGE_MS)
        await self._exploration.admit([video_id for video_id in video_ids if video_id >= since])
        self._begun, self._begun_ms = video_ids, now_ms

    async def _followed(self, state: ViewerState | None) -> list[str]:
        return [*map(itemgetter(1), await self._sources.candidates(state, FOR_YOU_SIZE))] if state else []

    async def _recommended(
        self,
        user_id: str,
        history: "asyncio.Task[list[Watched]]",
        state: ViewerState | None,
    ) -> list[str]:
        """By region and category, a category the more the more often it was watched or liked."""
        reader = await self._users.get(user_id)  # meanwhile the history is on its way
        tastes = await self._tastes(history, state)
        categories, weights = [category for category, _ in tastes], [times for _, times in tastes]
        regions = [reader.country] if reader is not None and reader.country is not None else []
        asked = [self._common.category(category) for category in categories]
        asked += [self._common.trending(region) for region in regions]
        if under_way := [each for each in asked if not each.done()]:
            await asyncio.gather(*under_way)
        if regions:
            weights.append(max(weights, default=1))
        return interleave(
            [(each.result(), weight) for each, weight in zip(asked, weights, strict=True)], 2 * FOR_YOU_SIZE
        )

    async def _tastes(self, history: "asyncio.Task[list[Watched]]", state: ViewerState | None) -> list[tuple[str, int]]:
        """The categories watched and liked most, of late, and how often each."""
        try:
            watched = (await history)[:TASTE]
        except Unavailable:
            watched = []
        liked = state.liked_last(TASTE) if state else []
        taste = dict.fromkeys([line.video_id for line in watched] + liked)
        return kernel.categories(await self._hydrator.taken_in([*taste]), CATEGORIES)
