"""Which creators are pulled, as this process knows it: the whole table at first, then what changed, once a second.

A crossing is thus seen by every reader within a second. Until then a reader may miss what was just not pushed, and
finds it at the next look; nothing is lost, because what was stamped stays pulled (`app.services.feed.tiers`).

Before the first look has ended nobody can tell who is pulled, and nobody says that none is: a page without their videos
would look complete, and its cursor lead past them. Later, what was known goes on holding while a look fails.
"""

import logging
from collections.abc import Collection
from typing import Final

from app.cards import viewer as viewer_format
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.flight import SingleFlight
from app.core.metrics import FALLBACKS
from app.ports.tiers import Standing, Tiers

BELIEVED_MS: Final = 1000
OVERLAP_MS: Final = 10_000  # a write that began before the last look may have committed after it
PAGE: Final = 10_000
TOLD: Final = 10_000  # viewers whose last answer is kept
PAGES: Final = 100  # a million creators of a thousand followers and more, some 200 bytes each

log = logging.getLogger(__name__)


class Roster:
    """Standings of all creators that ever left the first tier."""

    def __init__(self, tiers: Tiers, clock: Clock) -> None:
        self._tiers = tiers
        self._clock = clock
        self._standings: dict[str, Standing] = {}  # by id without its kind
        self._seen_ms = 0  # by the store's clock, as the next
        self._store_ms = 0
        self._asked_ms = -BELIEVED_MS  # when the last look that has ended began, or failed
        self._whole = False  # some look has read the table to its end
        self._looks: SingleFlight[str, None] = SingleFlight()
        self._bare: set[bytes] = set()
        self._told: dict[str, tuple[int, int, bool]] = {}

    async def of(self, bare_ids: Collection[str]) -> list[Standing]:
        """The standings, in the order of ids, of those who have one. Ids are without their kind. Raises Unavailable
        where none was ever read."""
        if not self._is_believed():
            await self._looks.share("all", self._look)
        return [self._standings[bare_id] for bare_id in sorted(self._standings.keys() & bare_ids)]

    def may_pull(self, user_id: str, blob: bytes) -> bool:
        """Whether somebody whom the viewer of this blob follows has a standing; True too if that can't be told now."""
        if not self._is_believed():
            return True
        if not self._bare:
            return False
        asked = (hash(blob), len(self._bare))  # a creator, once in the roster, stays
        told = self._told.get(user_id)
        if told is not None and told[:2] == asked:
            return told[2]
        answer = not self._bare.isdisjoint(viewer_format.following(blob))
        if len(self._told) >= TOLD:
            self._told.clear()
        self._told[user_id] = (*asked, answer)
        return answer

    def _is_believed(self) -> bool:
        return self._whole and 0 <= self._clock() - self._asked_ms < BELIEVED_MS

    async def _look(self) -> None:
        began_ms = self._clock()
        try:
            await self._read_on()
            self._whole, self._asked_ms = True, began_ms
        except Unavailable:
            if not self._whole:
                raise
            FALLBACKS.labels("tiers").inc()  # what was known goes on holding
            self._asked_ms = self._clock()  # from now on, for a look may fail only after longer than is believed

    async def _read_on(self) -> None:
        at, after_id = max(0, self._seen_ms - OVERLAP_MS), ""
        for _ in range(PAGES):
            rows, now_ms = await self._tiers.changed_since(at, after_id, PAGE)
            was_ms, self._store_ms = self._store_ms, now_ms
            if now_ms < was_ms:  # that clock was set back: what changes from now on may be stamped before what was seen
                at, after_id, self._seen_ms = 0, "", 0
                continue
            self._standings |= {row.user_id[4:]: row for row in rows}
            self._bare.update(row.user_id[4:].encode() for row in rows)
            if rows:
                at, after_id = rows[-1].changed_at, rows[-1].user_id
                self._seen_ms = min(max(self._seen_ms, at), now_ms)  # a stamp may be of a clock that was ahead
            if len(rows) < PAGE:
                return
        log.warning("more creators are pulled than one look reads", extra={"known": len(self._standings)})
        raise Unavailable("The tiers of creators are not known yet.")  # the next look goes on from here
