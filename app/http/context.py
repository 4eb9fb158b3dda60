"""Around every request: its id, its place in a trace, what it cost, and a line in the access log.

An ASGI callable in front of the whole application. The request id is ours, or the caller's `traceparent`'s trace id
where that is well formed; it is in the answer, in the log and in every problem document.
"""

import logging
import os
import re
import time
from typing import Any, Final, cast

from litestar.types import ASGIApp, Receive, Send

from app.core.clock import Clock
from app.core.metrics import LATENCY, REQUESTS
from app.http.limits import headers as limit_headers
from app.http.logs import ACCESS, mask

access = logging.getLogger(ACCESS)

_TRACEPARENT: Final = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\Z")
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Context:
    """Wraps `app`. `route` names a request for metrics without the ids in its path."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """One request; anything that is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(cast("Any", scope), receive, send)
            return
        began = time.perf_counter()
        trace_id = _trace_id(scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = trace_id
        status, sent_bytes, file_bytes = 0, 0, 0

        async def sending(message: Any) -> None:
            nonlocal status, sent_bytes, file_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message["headers"])
                file_bytes = _length(given)
                message["headers"] = [*given, *_missing(given, _extra(state, trace_id))]
            elif message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
            elif message["type"] == "http.response.pathsend":  # the server sends a whole file by its name
                sent_bytes += file_bytes
            await send(message)

        try:
            await self._app(cast("Any", scope), receive, sending)
        finally:
            spent_s = time.perf_counter() - began
            route = _route(scope, status)
            REQUESTS.labels(route, scope["method"], status or 499).inc()
            LATENCY.labels(route).observe(spent_s)
            self._log(scope, status or 499, sent_bytes)

    def _log(self, scope: dict[str, Any], status: int, sent_bytes: int) -> None:
        """Common Log Format: host ident user [time] "request" status bytes."""
        client = scope.get("client")
        viewer = scope["state"].get("viewer")
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(self._clock() / 1000))
        path = mask(scope["path"].encode("unicode_escape").decode("ascii").replace('"', "%22"))
        access.info(
            '%s - %s [%s] "%s %s HTTP/%s" %d %d',
            client[0] if client else "-",
            viewer.user_id if viewer else "-",
            when,
            scope["method"],
            path,
            scope.get("http_version", "1.1"),
            status,
            sent_bytes,
        )


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    """What the answer says of its own length, 0 if it does not."""
    return next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)


def _missing(given: list[tuple[bytes, bytes]], extra: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Those of `extra` that the answer does not bring itself: a header sent twice is two opinions."""
    names = {name.lower() for name, _ in given}
    return [(name, value) for name, value in extra if name not in names]


def _extra(state: dict[str, Any], trace_id: str) -> list[tuple[bytes, bytes]]:
    limit = state.get("limit")
    return [
        (b"x-request-id", trace_id.encode()),
        *_SECURITY,
        *(limit_headers(*limit) if limit else ()),
    ]


def _trace_id(scope: dict[str, Any]) -> str:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            match = _TRACEPARENT.match(value)
            if match and match[1] != b"0" * 32:
                return match[1].decode()
    return os.urandom(16).hex()


def _route(scope: dict[str, Any], status: int) -> str:
    """The route's template, so that ids don't multiply the metrics."""
    if status in {404, 405} and "path_template" not in scope:
        return "unmatched"
    return str(scope.get("path_template") or scope["path"].split("/", 2)[1] or "page")
