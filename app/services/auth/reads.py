"""The list of one's own sessions."""

from typing import Final

from app.core.clock import DAY_MS, Clock
from app.core.cursors import Cursors, Keyset
from app.http.viewer import Viewer
from app.ports.accounts import Accounts
from app.services.auth.schemas import SessionItem, SessionItems

_KIND: Final = "sessions"


class AuthReads:
    """The reads of auth."""

    def __init__(self, accounts: Accounts, cursors: Cursors, clock: Clock) -> None:
        self._accounts = accounts
        self._cursors = cursors
        self._clock = clock

    async def sessions(self, viewer: Viewer, cursor: str | None, limit: int) -> SessionItems:
        """Living sessions, newest first."""
        now_ms = self._clock()
        after = self._cursors.open(cursor, _KIND, viewer.user_id, now_ms, Keyset) if cursor is not None else None
        rows = await self._accounts.sessions(viewer.user_id, after, limit + 1, now_ms)
        page, more = rows[:limit], len(rows) > limit
        next_cursor = None
        if more:
            last = Keyset(page[-1].created_at, page[-1].session_id)
            next_cursor = self._cursors.seal(_KIND, viewer.user_id, now_ms + DAY_MS, last)
        items = [
            SessionItem(
                row.session_id,
                row.created_at,
                row.last_seen_at,
                row.user_agent,
                row.ip,
                row.session_id == viewer.session_id,
            )
            for row in page
        ]
        return SessionItems(items, next_cursor, more)
