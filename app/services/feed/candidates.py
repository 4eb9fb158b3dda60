"""What a For You is made from, each source within its own time: one that is down or slow gives nothing, and the others
still make a list.

There is no recommender yet. In its place stand exploration (new videos that had the fewest places so far), what fits
the viewer's country and the categories of what they liked and watched, whom they follow, what trends, what is fresh.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from app.cards.hydrate import Hydrator
from app.cards.viewer import ViewerState
from app.core import ids
from app.core.clock import DAY_MS, Clock
from app.core.errors import Unavailable
from app.core.flight import SingleFlight
from app.core.metrics import FALLBACKS
from app.ports.activity import Activity, Watched
from app.ports.exploration import Exploration
from app.ports.trending import TrendingLists
from app.ports.users import Users
from app.ports.videos import Videos
from app.services.feed.mix import interleave
from app.services.feed.position import FOR_YOU_SIZE
from app.services.feed.seen import RECENT
from app.services.feed.sources import Sources

SOURCES_SHARE: Final = 2 / 3  # of the budget of a build; the rest is for judging what they gave
FRESH: Final = 200
TASTE: Final = 50  # videos watched, and liked, that tell the viewer's categories
CATEGORIES, PER_CATEGORY = 3, 40
EXPLORED_AT_ONCE: Final = 40
EXPLORE_PLACES: Final = 50  # in built lists, that every new video is given
EXPLORED_AGE_MS: Final = 7 * DAY_MS

T = TypeVar("T")


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
        self._videos = videos
        self._users = users
        self._activity = activity
        self._trending = trending
        self._exploration = exploration
        self._hydrator = hydrator
        self._sources = sources
        self._clock = clock
        self._timeout_s = timeout_s
        self._shared: SingleFlight[str, list[tuple[int, str]]] = SingleFlight()  # what is the same for all

    async def gather(self, user_id: str, viewer: "asyncio.Future[ViewerState | None]") -> Gathered:
        """Candidates for one user, whose state may still be on its way, after `timeout_s` at the latest."""
        timeout_s = self._timeout_s
        history = asyncio.create_task(within("history", timeout_s, lambda: self._history(user_id)))
        lists = await asyncio.gather(
            within("explored", timeout_s, lambda: self._exploration.least(EXPLORE_PLACES, EXPLORED_AT_ONCE)),
            within("recommended", timeout_s, lambda: self._recommended(user_id, history, viewer)),
            within("following", timeout_s, lambda: self._followed(viewer)),
            within("trending", timeout_s, lambda: self._trends("global")),
            within("fresh", timeout_s, lambda: self._fresh(None, FRESH)),
        )
        watched = await history
        explored, recommended, followed, trending, fresh = (found or [] for found in lists)
        return Gathered(explored, recommended, followed, trending, fresh, watched, failed=None in [watched, *lists])

    async def begin_exploring(self, video_ids: list[str]) -> None:
        """Nothing is being explored, because everything had its places or because the numbers are lost: the newest of
        these that are young begin."""
        since_ms = self._clock() - EXPLORED_AGE_MS
        await self._exploration.admit([video_id for video_id in video_ids if ids.made_at_ms(video_id) >= since_ms])

    async def _followed(self, viewer: "asyncio.Future[ViewerState | None]") -> list[str]:
        state = await asyncio.shield(viewer)
        return [video_id for _, video_id in await self._sources.candidates(state, FOR_YOU_SIZE)] if state else []

    async def _history(self, user_id: str) -> list[Watched]:
        return await self._activity.history(user_id, None, RECENT)

    async def _recommended(
        self,
        user_id: str,
        history: asyncio.Task[list[Watched] | None],
        viewer: "asyncio.Future[ViewerState | None]",
    ) -> list[str]:
        """By region and category, a category the more the more often it was watched or liked."""
        user, watched, state = await asyncio.gather(
            self._users.get(user_id), asyncio.shield(history), asyncio.shield(viewer)
        )
        liked = [f"vid_{bare}" for bare in sorted(state.liked, reverse=True)[:TASTE]] if state else []
        taste = list(dict.fromkeys([*(line.video_id for line in (watched or [])[:TASTE]), *liked]))
        marks = await self._hydrator.marks(taste) if taste else {}
        tastes = Counter(mark.category for mark in marks.values() if mark.active).most_common(CATEGORIES)
        asked: list[Awaitable[list[str]]] = [self._of_category(category) for category, _ in tastes]
        weights = [times for _, times in tastes]
        if user is not None and user.country is not None:
            asked.append(self._trends(user.country))
            weights.append(max(weights, default=1))
        return interleave(list(zip(await asyncio.gather(*asked), weights, strict=True)), 2 * FOR_YOU_SIZE)

    async def _of_category(self, category: str) -> list[str]:
        hot, new = await asyncio.gather(self._trends(category), self._fresh(category, PER_CATEGORY))
        return interleave([(hot, 1), (new, 1)], 2 * PER_CATEGORY)

    async def _fresh(self, category: str | None, limit: int) -> list[str]:
        rows = await self._shared.share(f"fresh/{category or ''}", lambda: self._videos.fresh(None, limit, category))
        return [video_id for _, video_id in rows]

    async def _trends(self, scope: str) -> list[str]:
        return [video_id for video_id, _ in await self._trending.read(scope) or []]


async def within(name: str, timeout_s: float, source: Callable[[], Awaitable[T]]) -> T | None:
    """What a source gives in time; None from one that is down or slow."""
    try:
        async with asyncio.timeout(timeout_s):
            return await source()
    except (Unavailable, TimeoutError):
        FALLBACKS.labels(f"source-{name}").inc()
        return None
