"""Seen: every impression of somebody signed in, so that For You offers other things.

An impression enters by its event, not in the report: the event comes at least once whatever Redis does meanwhile, and
nobody waits for it. What is still on its way is covered by the newest lines of the history.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from app.core.clock import Clock
from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.core.events import Event
from app.core.metrics import FALLBACKS
from app.ports.activity import Activity
from app.ports.seen import SEEN_ITEMS, SEEN_MS, Seen

USERS_AT_ONCE: Final = 500
HISTORY_AT_ONCE: Final = 2000
ON_ITS_WAY: Final = 200  # lines of the history that may be younger than a rebuild that began before them


class NoteImpressions:
    """Views of those who are signed in → their filters."""

    GROUP = "seen"

    def __init__(self, seen: Seen, clock: Clock) -> None:
        self._seen = seen
        self._clock = clock

    async def __call__(self, batch: Sequence[Event]) -> None:
        shown: dict[str, dict[str, None]] = defaultdict(dict)
        for fact in batch:
            if fact.type == "video.viewed" and fact.data.get("user_id"):
                shown[fact.data["user_id"]][fact.data["video_id"]] = None
        users = list(shown)
        for first in range(0, len(users), USERS_AT_ONCE):
            some = {user_id: list(shown[user_id]) for user_id in users[first : first + USERS_AT_ONCE]}
            await self._seen.add(some, self._clock())


class SeenReads:
    """Asks the filter, and makes it anew from the history where it is lost."""

    def __init__(self, seen: Seen, activity: Activity, clock: Clock) -> None:
        self._seen = seen
        self._activity = activity
        self._clock = clock
        self._rebuilding: dict[str, asyncio.Task[set[str]]] = {}

    async def among(self, user_id: str, video_ids: Sequence[str]) -> set[str]:
        """Those of the videos that the user was shown. Without the filter, by the history of seven days alone."""
        try:
            known = await self._seen.known(user_id, video_ids)
        except Unavailable:
            FALLBACKS.labels("seen").inc()
            known = None
        if known is not None:
            return {video_id for video_id, is_known in zip(video_ids, known, strict=True) if is_known}
        return (await self._rebuilt(user_id)).intersection(video_ids)

    async def _rebuilt(self, user_id: str) -> set[str]:
        """One rebuild at a time for a user; it goes on when a reader's patience ends, for the next one."""
        task = self._rebuilding.get(user_id)
        if task is None:
            task = asyncio.create_task(self._rebuild(user_id))
            self._rebuilding[user_id] = task
            task.add_done_callback(lambda done: self._done(user_id, done))
        return await asyncio.shield(task)

    async def _rebuild(self, user_id: str) -> set[str]:
        now_ms = self._clock()
        shown = await self._history(user_id, now_ms - SEEN_MS)
        try:
            await self._seen.build(user_id, shown[::-1], now_ms)
            # What came while the history was read found no filter to be added to, but its line was there before.
            recent = await self._activity.history(user_id, None, ON_ITS_WAY)
            await self._seen.add({user_id: [line.video_id for line in recent]}, now_ms)
        except Unavailable:
            FALLBACKS.labels("seen").inc()
        return set(shown)

    async def _history(self, user_id: str, since_ms: int) -> list[str]:
        shown: list[str] = []
        after: Keyset | None = None
        while len(shown) < SEEN_ITEMS:
            lines = await self._activity.history(user_id, after, HISTORY_AT_ONCE)
            shown += [line.video_id for line in lines if line.watched_at >= since_ms]
            if len(lines) < HISTORY_AT_ONCE or lines[-1].watched_at < since_ms:
                break
            after = Keyset(lines[-1].watched_at, lines[-1].video_id)
        return shown[:SEEN_ITEMS]

    def _done(self, user_id: str, done: asyncio.Task[set[str]]) -> None:
        self._rebuilding.pop(user_id, None)
        if not done.cancelled() and done.exception() is not None:
            FALLBACKS.labels("seen").inc()
