"""Who asks: from the bearer token to a viewer whose session still lives.

Liveness is asked from `session:{id}` and, where that is absent or Redis is gone, from the row; the answer is kept in
the process for a second. A revoked session is thus dead everywhere within two.
"""

from collections import OrderedDict
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency

from app.core.clock import Clock
from app.core.errors import Unauthenticated, Unavailable
from app.core.metrics import FALLBACKS
from app.core.tokens import LEEWAY_S, Tokens
from app.ports.accounts import Accounts
from app.ports.sessions import SessionCache

BELIEVED_MS: Final = 1000
NOTED_MS: Final = 5 * 60_000
_REMEMBERED: Final = 10_000


class Viewer(msgspec.Struct, frozen=True, gc=False):
    """A signed-in person, in one of their sessions."""

    user_id: str
    session_id: str


class Doorkeeper:
    """Turns an Authorization header into a viewer."""

    def __init__(self, tokens: Tokens, cache: SessionCache, accounts: Accounts, clock: Clock) -> None:
        self._tokens = tokens
        self._cache = cache
        self._accounts = accounts
        self._clock = clock
        self._alive_until: OrderedDict[str, int] = OrderedDict()
        self._noted_until: OrderedDict[str, int] = OrderedDict()

    async def admit(self, authorization: str | None) -> Viewer | None:
        """The viewer, None without a header; raises Unauthenticated if the header is no good."""
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("The Authorization header must be `Bearer` and an access token.")
        now_ms = self._clock()
        claims = self._tokens.verify(token.strip(), now_ms)
        # What was believed for longer than is believed is of a clock that was set back since.
        if not 0 < self._alive_until.get(claims.session_id, 0) - now_ms <= BELIEVED_MS:
            await self._ask(claims.session_id, claims.user_id, now_ms)
        return Viewer(claims.user_id, claims.session_id)

    def recall(self, authorization: bytes, now_ms: int) -> tuple[Viewer, int] | None:
        """The viewer of a header that was admitted before, if nothing is due for them but to ask whether the session
        still lives, which the caller must; and until when that is so: until the token expires, or the session is to be
        noted. None says nothing against the header: ask `admit`."""
        if authorization[:7] != b"Bearer ":
            return None
        claims = self._tokens.remembered(authorization[7:].decode("latin-1"), now_ms)
        if claims is None:
            return None
        until_ms = min(self._noted_until.get(claims.session_id, 0), (claims.expires_s + LEEWAY_S) * 1000)
        return (Viewer(claims.user_id, claims.session_id), until_ms) if now_ms < until_ms else None

    async def confirm(self, viewer: Viewer) -> None:
        """Asks at once whether a viewer's session lives. Raises Unauthenticated if it has ended."""
        await self._ask(viewer.session_id, viewer.user_id, self._clock())

    def forget(self, session_id: str) -> None:
        """Asks again at once in this process: called where a session is ended."""
        self._alive_until.pop(session_id, None)

    async def _ask(self, session_id: str, user_id: str, now_ms: int) -> None:
        self._alive_until.pop(session_id, None)
        try:
            liveness = await self._cache.get(session_id)
        except Unavailable:
            liveness = None  # the row is the truth, the cache a convenience
        if liveness is None:
            session = await self._accounts.session(session_id)
            alive = session is not None and session.user_id == user_id and session.revoked_at is None
            liveness = "alive" if alive and session and session.expires_at > now_ms else "revoked"
            await self._remember(session_id, liveness == "alive")
        if liveness != "alive":
            raise Unauthenticated("This session has ended; sign in again.", code="session_ended")
        self._alive_until[session_id] = now_ms + BELIEVED_MS
        if len(self._alive_until) > _REMEMBERED:
            self._alive_until.popitem(last=False)
        await self._note(session_id, now_ms)

    async def _note(self, session_id: str, now_ms: int) -> None:
        """Notes in the row that the session is in use, seldom: who is active is a matter of days."""
        if now_ms < self._noted_until.get(session_id, 0):
            return
        self._noted_until[session_id] = now_ms + NOTED_MS
        if len(self._noted_until) > _REMEMBERED:
            self._noted_until.popitem(last=False)
        try:
            await self._accounts.seen(session_id, now_ms)
        except Unavailable:
            FALLBACKS.labels("seen").inc()

    async def _remember(self, session_id: str, alive: bool) -> None:
        try:
            await self._cache.fill(session_id, "alive" if alive else "revoked")
        except Unavailable:
            return  # the next request reads the row again


def viewer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Viewer | None:
    """The viewer the guard found for this request."""
    found = connection.scope["state"].get("viewer")
    return found if isinstance(found, Viewer) else None


def provide_viewer(request: Request[Any, Any, Any]) -> Viewer:
    """Dependency `viewer`: the signed-in person; 401 without one."""
    viewer = viewer_of(request)
    if viewer is None:
        raise Unauthenticated("Sign in first: this needs an access token.")
    return viewer


def provide_visitor(request: Request[Any, Any, Any]) -> Viewer | None:
    """Dependency `visitor`: the signed-in person, or None for somebody anonymous."""
    return viewer_of(request)


CurrentViewer = NamedDependency[Viewer]
"""A handler's parameter `viewer`: whoever is signed in."""

Visitor = NamedDependency[Viewer | None]
"""A handler's parameter `visitor`: whoever is signed in, or None."""
