"""The hot door: an exact path table in front of the framework, for the reads that come most often.

It answers what it can in the plainest way and hands everything else on, untouched, to the application behind, which
answers the same requests with the same bytes (`tests/api/test_two_doors.py`); a request it has counted already is
handed on with the verdict, and one that failed with its error, so that nothing is counted or tried twice.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

import msgspec
from litestar.types import ASGIApp, Receive, Send

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.http.access import request_line
from app.http.context import name_of
from app.http.limits import COUNTED, Policy, host_of
from app.http.limits import headers as limit_headers
from app.http.record import ABANDONED, SECURITY, Record
from app.ports.limiter import Verdict

Waiter = asyncio.Future[list[Any]]

FAILED: Final = "failed"  # in a request's state: the error that the application is to answer

_KEPT: Final = 2048  # of a path, the headers that say what is left of the limit


class Fields(msgspec.Struct, frozen=True, gc=False):
    """The request headers that a hot read looks at; each came once at most."""

    authorization: bytes | None
    accept_encoding: bytes | None
    if_none_match: bytes | None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole answer; `headers` are never changed. `user` is who asked, for the log; `remaining` what is left of their
    limit."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    user: bytes
    remaining: int


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


class HotDoor:
    """Wraps `app`."""

    def __init__(self, app: ASGIApp, record: Record, table: Mapping[str, HotRead]) -> None:
        self._app = app
        self._record = record
        self._table = table
        self._kept: dict[str, dict[int, list[tuple[bytes, bytes]]]] = {path: {} for path in table}

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """One request. Not a coroutine of its own: whoever awaits it would wait through one more."""
        read = self._table.get(scope.get("path", ""))
        if read is None or scope.get("method") != "GET":
            return self._app(scope, receive, send)
        return self._hot(read, scope, receive, send)

    async def _hot(self, read: HotRead, scope: Any, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        host = host_of(scope)
        traceparent, fields = fields_of(scope["headers"])
        outcome: Outcome = None
        try:
            asked = None if fields is None else read.ask(scope["query_string"], fields, host)
            if asked is not None:
                found = read.answer(asked[1], await asked[0])
                outcome = found if type(found) is Answer or not isinstance(found, Awaitable) else await found
                if type(outcome) is Verdict and outcome.allowed:
                    outcome = await _in_full(read, scope, asked[1], outcome)
        except Unavailable:
            FALLBACKS.labels("hot").inc()
        except asyncio.CancelledError:
            self._done(scope, host, ABANDONED, began_s, b"-", 0)
            raise
        if type(outcome) is Answer:
            path, remaining, sent_bytes = scope["path"], outcome.remaining, 0
            headers = [
                *outcome.headers,
                (b"x-request-id", self._record.trace_id(traceparent)),
                *(self._kept[path].get(remaining) or self._keep(path, read.policy, remaining)),
            ]
            try:
                await send({"type": "http.response.start", "status": outcome.status, "headers": headers})
                await send({"type": "http.response.body", "body": outcome.body, "more_body": False})
                sent_bytes = len(outcome.body)
            finally:
                self._done(scope, host, outcome.status, began_s, outcome.user, sent_bytes)
            return
        state = scope.setdefault("state", {})
        state["began_s"] = began_s
        if outcome is not None:
            state[COUNTED] = outcome
        await self._app(scope, receive, send)

    def _done(self, scope: Any, host: str, status: int, began_s: float, user: bytes, sent_bytes: int) -> None:
        path = scope["path"]
        request = hot_request_line(path, scope.get("http_version", "1.1"))
        self._record.done(path, "GET", status, began_s, name_of(host), user, request, sent_bytes)

    def _keep(self, path: str, policy: Policy, remaining: int) -> list[tuple[bytes, bytes]]:
        """The headers that many answers have: a verdict that allowed a request has the policy's window."""
        made = [*SECURITY, *limit_headers(policy, Verdict(True, remaining, policy.window_s))]
        kept = self._kept[path]
        if len(kept) < _KEPT:
            kept[remaining] = made
        return made


async def _in_full(read: HotRead, scope: Any, asked: Any, verdict: Verdict) -> Outcome:
    """The answer, or the verdict where the application behind makes it, of an error too."""
    try:
        return await read.in_full(asked, verdict)
    except Exception as error:  # whichever: it is raised again where errors are answered, and mistakes logged
        scope.setdefault("state", {})[FAILED] = error
        return verdict


@lru_cache(maxsize=64)
def hot_request_line(path: str, http_version: str) -> bytes:
    """What the log says of a request for a path of the table."""
    return request_line("GET", path, http_version)


def fields_of(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, Fields | None]:
    """The traceparent and the fields; no fields for a request with a body, or with a header twice."""
    authorization = accept_encoding = if_none_match = traceparent = None
    for name, value in headers:
        if name == b"authorization":
            if authorization is not None:
                return None, None
            authorization = value
        elif name == b"accept-encoding":
            if accept_encoding is not None:
                return None, None
            accept_encoding = value
        elif name == b"if-none-match":
            if if_none_match is not None:
                return None, None
            if_none_match = value
        elif name == b"traceparent":
            traceparent = traceparent or value
        elif name in (b"content-length", b"transfer-encoding"):
            return None, None
    return traceparent, Fields(authorization, accept_encoding, if_none_match)
