"""A request for a path of a table, asked by ASGI: from its scope to the answer that was sent and noted.

What is seldom is for who inherits: an outcome that is no answer yet, an error, a request that somebody else answers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Protocol

import msgspec

from hotpath.pure.notes import Record

ABANDONED = 499  # the status noted where the client left before there was one
LIMITS_KEPT = 2048  # of a path, the headers that say what is left of the limit

Headers = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Fields(msgspec.Struct, frozen=True, gc=False):
    """The headers of a request that a hot read, or its record, looks at. `plain`: each came once at most, and there is
    no body."""

    authorization: bytes | None
    accept_encoding: bytes | None
    if_none_match: bytes | None
    traceparent: bytes | None = None
    plain: bool = True


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole answer; `headers` are never changed. `user` is who asked, for the log; `remaining` what is left of their
    limit."""

    status: int
    headers: Headers
    body: bytes
    user: bytes
    remaining: int


class Read(Protocol):
    """What answers the requests for one path."""

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Awaitable[list[Any]], Any] | None:
        """Sends what an answer needs: who is to be awaited for the replies, and what `answer` is to be told with them.
        None for a request that somebody else answers. `host` is whom the server talks to."""

    def answer(self, asked: Any, replies: list[Any]) -> object:
        """An Answer, or what `Door.settled` understands."""


class Door:
    """Wraps `app`, which answers what is not in the table."""

    def __init__(self, app: Any, record: Record, table: Mapping[str, Any]) -> None:
        self.app = app
        self.record = record
        self.table = dict(table)
        self._limits: dict[str, dict[int, Headers]] = {path: {} for path in table}
        self._lines: dict[tuple[str, str], bytes] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request. Not a coroutine of its own: whoever awaits it would wait through one more."""
        path = scope.get("path", "")
        if path not in self.table or scope.get("method") != "GET":
            behind: Awaitable[None] = self.app(scope, receive, send)
            return behind
        return self._visit(path, scope, receive, send)

    async def settled(self, path: str, scope: Scope, asked: Any, outcome: Any) -> object:
        """The Answer after all, or what `handed_on` is to be told."""
        return outcome

    def failed(self, error: Exception) -> None:
        """Raises the error, unless the application is to answer."""
        raise error

    async def handed_on(self, scope: Scope, receive: Receive, send: Send, outcome: Any, began_s: float) -> None:
        """A request that is the application's; with an `outcome` it was counted."""
        await self.app(scope, receive, send)

    def limits(self, path: str, remaining: int) -> Headers:
        """The headers of all answers for this path that leave so many requests."""
        return []

    def line(self, path: str, http_version: str) -> bytes:
        """What the log says of a request for this path."""
        return f"GET {path} HTTP/{http_version}".encode()

    async def _visit(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        read = self.table[path]
        client = scope.get("client")
        host = str(client[0]) if client else "-"
        fields = fields_of(scope["headers"])
        outcome: object = None
        try:
            asked = read.ask(scope["query_string"], fields, host) if fields.plain else None
            if asked is not None:
                outcome = read.answer(asked[1], await asked[0])
                if type(outcome) is not Answer:
                    outcome = await self.settled(path, scope, asked[1], outcome)
        except asyncio.CancelledError:
            self._done(path, scope, host, ABANDONED, began_s, b"-", 0)
            raise
        except Exception as error:
            self.failed(error)
        if type(outcome) is not Answer:
            await self.handed_on(scope, receive, send, outcome, began_s)
            return
        traced = (b"x-request-id", self.record.trace_id(fields.traceparent))
        headers = [*outcome.headers, traced, *self._limited(path, outcome.remaining)]
        sent_bytes = 0
        try:
            await send({"type": "http.response.start", "status": outcome.status, "headers": headers})
            await send({"type": "http.response.body", "body": outcome.body})
            sent_bytes = len(outcome.body)
        finally:
            self._done(path, scope, host, outcome.status, began_s, outcome.user, sent_bytes)

    def _done(
        self, path: str, scope: Scope, host: str, status: int, began_s: float, user: bytes, sent_bytes: int
    ) -> None:
        version = scope.get("http_version", "1.1")
        line = self._lines.get((path, version))
        if line is None:
            line = self._lines[path, version] = self.line(path, version)
        name = host.encode("ascii", "backslashreplace")
        self.record.done(path, "GET", status, began_s, name, user, line, sent_bytes)

    def _limited(self, path: str, remaining: int) -> Headers:
        kept = self._limits[path]
        headers = kept.get(remaining)
        if headers is None:
            headers = self.limits(path, remaining)
            if len(kept) < LIMITS_KEPT:
                kept[remaining] = headers
        return headers


def fields_of(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """The fields, by names in small letters; of several traceparents the first that is not empty."""
    found: dict[bytes, bytes] = {}
    plain = True
    for name, value in headers:
        if name in (b"authorization", b"accept-encoding", b"if-none-match"):
            plain = plain and name not in found
            found[name] = value
        elif name == b"traceparent":
            found[name] = found.get(name) or value
        elif name in (b"content-length", b"transfer-encoding"):
            plain = False
    return Fields(
        found.get(b"authorization"),
        found.get(b"accept-encoding"),
        found.get(b"if-none-match"),
        found.get(b"traceparent"),
        plain,
    )
