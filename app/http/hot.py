"""The hot door: an exact path table in front of the framework, for the reads that come most often.

It answers what it can in the plainest way (`hotpath.door`) and hands everything else on, untouched, to the application
behind, which answers the same requests with the same bytes (`tests/api/test_two_doors.py`); a request it has counted
already is handed on with the verdict, and one that failed with its error, so that nothing is counted or tried twice.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, Protocol

from litestar.types import Receive, Send

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.http.access import request_line
from app.http.limits import COUNTED, Policy
from app.http.limits import headers as limit_headers
from app.http.record import SECURITY
from app.ports.limiter import Verdict
from hotpath import door

Waiter = asyncio.Future[list[Any]]
Answer = door.Answer
Fields = door.Fields
fields_of = door.fields_of

FAILED: Final = "failed"  # in a request's state: the error that the application is to answer


class HotRead(Protocol):
    """One path of the table."""

    policy: Policy

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, Any] | None:
        """Sends what an answer needs: who is to be awaited for the replies, and what `answer` is to be told with them.
        None, with nothing counted, for a request that is not plain. `host` is whom the server talks to. Raises
        Unavailable, and so may the waiter."""

    def answer(self, asked: Any, replies: list[Any]) -> "Outcome | Awaitable[Outcome]":
        """What came of it; a hit's outcome is there at once. Raises Unavailable."""

    async def in_full(self, asked: Any, verdict: Verdict) -> "Outcome":
        """The answer where `answer` gave this verdict, which allows it, in the general way but without the framework;
        or the verdict again. Raises what the general way raises."""


Outcome = Answer | Verdict | None
"""The answer; or how the request was counted, if it is to go on; or None if it was not even counted."""


class HotDoor(door.Door):
    """What of the door is seldom, or the product's."""

    async def settled(self, path: str, scope: Any, asked: Any, outcome: Any) -> Outcome:
        found: Outcome = await outcome if isinstance(outcome, Awaitable) else outcome
        if isinstance(found, Verdict) and found.allowed:
            return await _in_full(self.table[path], scope, asked, found)
        return found

    def failed(self, error: Exception) -> None:
        if not isinstance(error, Unavailable):
            raise error
        FALLBACKS.labels("hot").inc()

    async def handed_on(self, scope: Any, receive: Receive, send: Send, outcome: Outcome, began_s: float) -> None:
        state = scope.setdefault("state", {})
        state["began_s"] = began_s
        if outcome is not None:
            state[COUNTED] = outcome
        await self.app(scope, receive, send)

    def limits(self, path: str, remaining: int) -> list[tuple[bytes, bytes]]:
        """A verdict that allowed a request has the policy's window."""
        policy: Policy = self.table[path].policy
        return [*SECURITY, *limit_headers(policy, Verdict(True, remaining, policy.window_s))]

    def line(self, path: str, http_version: str) -> bytes:
        return request_line("GET", path, http_version)


async def _in_full(read: HotRead, scope: Any, asked: Any, verdict: Verdict) -> Outcome:
    """The answer, or the verdict where the application behind makes it, of an error too."""
    try:
        return await read.in_full(asked, verdict)
    except Exception as error:  # whichever: it is raised again where errors are answered, and mistakes logged
        scope.setdefault("state", {})[FAILED] = error
        return verdict
