"""What the process in front says of a request (`app.core.passport`), believed before anything else looks at it.

An ASGI callable outermost. A request with a good passport goes past the hot door, which the process in front is itself;
one with a bad passport is treated as if it had none: it is its peer's.
"""

from typing import Any

from litestar.types import ASGIApp, Receive, Send

from app.core.clock import Clock
from app.core.metrics import FALLBACKS
from app.core.passport import HEADER, Passports
from app.http.limits import COUNTED
from app.ports.limiter import Verdict


class EdgeDoor:
    """In front of `front`, the whole application, and `behind`, the same without its hot door."""

    def __init__(self, front: ASGIApp, behind: ASGIApp, passports: Passports, clock: Clock) -> None:
        self._front = front
        self._behind = behind
        self._passports = passports
        self._clock = clock

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """One request."""
        headers = scope["headers"]
        found = [value for name, value in headers if name == HEADER]
        if not found:
            await self._front(scope, receive, send)
            return
        scope["headers"] = [pair for pair in headers if pair[0] != HEADER]
        passport = self._passports.open(found[0], self._clock()) if len(found) == 1 else None
        if passport is None:
            FALLBACKS.labels("edge").inc()
            await self._front(scope, receive, send)
            return
        scope["client"] = (passport.host, passport.port)
        if passport.verdict is not None:
            scope.setdefault("state", {})[COUNTED] = Verdict(*passport.verdict)
        await self._behind(scope, receive, send)
