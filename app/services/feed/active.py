"""Who is active: the facts it is counted from, and the hourly count.

Active is who opened the app in 7 days, watched a video in 3, and liked, commented and shared more than 5 times in 7.
Somebody who becomes active was not pushed to before, so their Following feed may lack videos of selective creators: it
is dropped, and until it is they pull as the inactive do. That order leaves no moment at which a video could be missed.
"""

from collections.abc import Sequence
from typing import Final, Literal

from app.core.clock import DAY_MS, HOUR_MS, Clock
from app.core.errors import Unavailable
from app.core.events import Event
from app.ports.accounts import Accounts
from app.ports.active import ActiveUsers
from app.ports.activity import Activity, Interaction
from app.ports.feeds import Feeds

OPENED_MS: Final = 7 * DAY_MS
WATCHED_MS: Final = 3 * DAY_MS
ENGAGED_MS: Final = 7 * DAY_MS
ENGAGEMENT_ABOVE: Final = 5
BATCH: Final = 200
BATCHES: Final = 50_000  # ten million who watched; beyond that the count goes on in its next turn
INTERACTIONS: Final = 500

_KINDS: Final[dict[str, tuple[Literal["like", "comment", "share"], str]]] = {
    "video.liked": ("like", "video_id"),
    "comment.created": ("comment", "comment_id"),
}


class NoteInteractions:
    """Likes, comments and shares → who made how many, and when."""

    GROUP = "interactions"

    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    async def __call__(self, batch: Sequence[Event]) -> None:
        done = [each for event in batch if (each := _interaction(event)) is not None]
        for first in range(0, len(done), INTERACTIONS):
            await self._activity.record_interactions(done[first : first + INTERACTIONS])


def _interaction(event: Event) -> Interaction | None:
    if event.type == "video.shared":
        return Interaction(event.data["user_id"], "share", event.event_id, event.occurred_at)
    if event.type not in _KINDS:
        return None
    kind, subject = _KINDS[event.type]
    return Interaction(event.data["user_id"], kind, event.data[subject], event.occurred_at)


class CountActive:
    """The hourly count. A run is named by its hour: one that was cut short goes on where it was, within that hour."""

    def __init__(self, active: ActiveUsers, activity: Activity, accounts: Accounts, feeds: Feeds, clock: Clock) -> None:
        self._active = active
        self._activity = activity
        self._accounts = accounts
        self._feeds = feeds
        self._clock = clock

    async def __call__(self) -> None:
        now_ms = self._clock()
        run = str(now_ms // HOUR_MS)
        await self._stage(run, now_ms)
        await self.settle(run, now_ms)

    async def settle(self, run: str, now_ms: int) -> None:
        """Puts a run's bitmap in place, and drops the Following feeds of who arrived with it or was left before."""
        version = await self._active.settle(run, now_ms)
        arrivals = await self._active.arrivals()
        for first in range(0, len(arrivals), BATCH):
            for user_id in await self._accounts.by_numbers(arrivals[first : first + BATCH]):
                await self._feeds.drop("following", user_id)
        await self._active.welcome(version)

    async def _stage(self, run: str, now_ms: int) -> None:
        after_id = await self._active.staged(run)
        for _ in range(BATCHES):
            user_ids = await self._activity.watchers(now_ms - WATCHED_MS, after_id, BATCH)
            if user_ids:
                after_id = user_ids[-1]
                await self._active.stage(run, await self._active_among(user_ids, now_ms), after_id)
            if len(user_ids) < BATCH:
                return
        raise Unavailable("The count of active users goes on in its next turn.")

    async def _active_among(self, user_ids: Sequence[str], now_ms: int) -> list[int]:
        """User numbers."""
        opened = await self._accounts.opened_since(user_ids, now_ms - OPENED_MS)
        engaged = await self._activity.engagement(list(opened), now_ms - ENGAGED_MS)
        return [number for user_id, number in opened.items() if engaged.get(user_id, 0) > ENGAGEMENT_ABOVE]
