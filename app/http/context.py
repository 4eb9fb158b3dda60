"""Around every request: its id, its place in a trace, what it cost, and a line in the access log.

An ASGI callable in front of the whole application. The request id is ours, or the caller's `traceparent`'s trace id
where that is well formed; it is in the answer, in the log and in every problem document.
"""

import time
from functools import lru_cache
from typing import Any, cast

from litestar.types import ASGIApp, Receive, Send

from app.http.access import request_line
from app.http.limits import headers as limit_headers
from app.http.limits import host_of
from app.http.record import ABANDONED, SECURITY, Record, counted_as


class Context:
    """Wraps `app`."""

    def __init__(self, app: ASGIApp, record: Record) -> None:
        self._app = app
        self._record = record

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """One request; anything that is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(cast("Any", scope), receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        # A door in front may have begun with it already.
        began_s = state.setdefault("began_s", time.perf_counter())
        if "request_id" not in state:
            state["request_id"] = self._record.trace_id(traceparent(scope["headers"])).decode()
        status, sent_bytes, file_bytes = 0, 0, 0

        async def sending(message: Any) -> None:
            nonlocal status, sent_bytes, file_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message["headers"])
                file_bytes = _length(given)
                message["headers"] = [*given, *_missing(given, extra_headers(state))]
            elif message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
            elif message["type"] == "http.response.pathsend":  # the server sends a whole file by its name
                sent_bytes += file_bytes
            await send(message)

        try:
            await self._app(cast("Any", scope), receive, sending)
        finally:
            viewer = state.get("viewer")
            self._record.done(
                _route(scope, status),
                counted_as(scope["method"]),
                status or ABANDONED,
                began_s,
                name_of(host_of(scope)),
                viewer.user_id.encode() if viewer else b"-",
                request_line(scope["method"], scope["path"], scope.get("http_version", "1.1")),
                sent_bytes,
            )


def traceparent(headers: Any) -> bytes | None:
    """The first such header that is not empty."""
    return next((value for name, value in headers if name == b"traceparent" and value), None)


@lru_cache(maxsize=1024)
def name_of(host: str) -> bytes:
    """Whom the server talks to, for the log."""
    return host.encode("ascii", "backslashreplace")


def extra_headers(state: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """What every answer carries beside its own."""
    limit = state.get("limit")
    return [
        (b"x-request-id", state["request_id"].encode()),
        *SECURITY,
        *(limit_headers(*limit) if limit else ()),
    ]


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    """What the answer says of its own length, 0 if it does not."""
    return next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)


def _missing(given: list[tuple[bytes, bytes]], extra: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Those of `extra` that the answer does not bring itself: a header sent twice is two opinions."""
    names = {name.lower() for name, _ in given}
    return [(name, value) for name, value in extra if name not in names]


def _route(scope: dict[str, Any], status: int) -> str:
    """The route's template, so that ids don't multiply the metrics."""
    if status in {404, 405} and "path_template" not in scope:
        return "unmatched"
    return str(scope.get("path_template") or scope["path"].split("/", 2)[1] or "page")
