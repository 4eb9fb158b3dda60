"""Seen: every impression of somebody signed in, so that For You offers other things.

An impression enters by its event, not in the report: the event comes at least once whatever Redis does meanwhile, and
nobody waits for it. What is still on its way at a build is told by the newest lines of the history.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from app.core.clock import Clock
from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.core.events import Event
from app.core.flight import SingleFlight
from app.core.metrics import FALLBACKS
from app.ports.activity import Activity, Watched
from app.ports.seen import SEEN_ITEMS, SEEN_MS, Filter, Seen

USERS_AT_ONCE: Final = 500
HISTORY_AT_ONCE: Final = 2000
RECENT: Final = 200  # lines of the history that each build reads


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
        self._rebuilding: SingleFlight[str, set[str]] = SingleFlight()

    async def filter(self, user_id: str) -> Filter | None:
        """What to give to `among`: asked for before it is known of which videos, with whatever else is asked then."""
        return await self._seen.filter(user_id)

    def at_once(
        self,
        video_ids: Sequence[str],
        newest: Sequence[Watched] | None,
        filtering: "asyncio.Future[Filter | None]",
    ) -> bytes | None:
        """What `among` gives where the filter is there and the history tells nothing beyond it: as nearly always. Else
        None."""
        if not filtering.done() or filtering.cancelled() or filtering.exception() is not None:
            return None
        kept = filtering.result()
        if kept is None:
            return None
        known = kept.known([*video_ids, *(line.video_id for line in newest or ())])
        return None if b"\0" in known[len(video_ids) :] else known[: len(video_ids)]

    async def among(
        self,
        user_id: str,
        video_ids: Sequence[str],
        newest: Sequence[Watched] | None,
        filtering: "asyncio.Future[Filter | None]",
    ) -> bytes:
        """A byte for each of the videos, 1 for what the user was shown, else 0. `newest` are the first RECENT lines of
        their history, or all of it; None if it can't be read, and then nothing is made anew.

        What these tell beyond the filter is added to it: impressions on their way, or lost between the reading of the
        history and the end of a rebuild. Without Redis the history of seven days is what is known.
        """
        lines = [line.video_id for line in newest or ()]
        try:
            kept = await filtering
            if kept is not None:
                known = kept.known([*video_ids, *lines])
                of_lines = known[len(video_ids) :]
                await self._catch_up(
                    user_id, [line for line, is_known in zip(lines, of_lines, strict=True) if not is_known]
                )
                return known[: len(video_ids)]
        except Unavailable:
            FALLBACKS.labels("seen").inc()
        if newest is None:
            return bytes(len(video_ids))
        rebuilt = await self._rebuilding.share(user_id, lambda: self._rebuild(user_id, newest))
        return bytes([video_id in rebuilt for video_id in video_ids])

    async def _catch_up(self, user_id: str, video_ids: list[str]) -> None:
        if video_ids:
            await self._seen.add({user_id: video_ids}, self._clock())

    async def _rebuild(self, user_id: str, newest: Sequence[Watched]) -> set[str]:
        now_ms = self._clock()
        shown = await self._history(user_id, newest, now_ms - SEEN_MS)
        try:
            await self._seen.build(user_id, shown[::-1], now_ms)
        except Unavailable:
            FALLBACKS.labels("seen").inc()
        return set(shown)

    async def _history(self, user_id: str, newest: Sequence[Watched], since_ms: int) -> list[str]:
        """The lines since then, the newest first, at most SEEN_ITEMS."""
        lines, at_once = list(newest), RECENT
        shown: list[str] = []
        while True:
            shown += [line.video_id for line in lines if line.watched_at >= since_ms]
            if len(lines) < at_once or lines[-1].watched_at < since_ms or len(shown) >= SEEN_ITEMS:
                return shown[:SEEN_ITEMS]
            after = Keyset(lines[-1].watched_at, lines[-1].video_id)
            lines, at_once = await self._activity.history(user_id, after, HISTORY_AT_ONCE), HISTORY_AT_ONCE
