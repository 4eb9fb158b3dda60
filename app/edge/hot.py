"""The hot reads in the process in front: the one place that knows how they are asked and what their answers become.

The same reads, records and headers as `app.http.hot.HotDoor`, which answers the same requests with the same bytes. A
hit has no task: it is two plain calls, the second when Redis has replied.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import Any, Final

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.edge.messages import Request, connection_line, status_line
from app.edge.problems import DATE
from app.edge.sides import Asker
from app.edge.warm import Miss
from app.http.access import request_line
from app.http.hot import Answer, Fields, HotRead, Outcome, Waiter, fields_of
from app.http.limits import headers as limit_headers
from app.http.record import ABANDONED, SECURITY, Record
from app.ports.limiter import Verdict

log = logging.getLogger(__name__)

_KEPT: Final = 2048  # of a path: limit headers by what is left of the limit, and other headers
Headers = list[tuple[bytes, bytes]]
_SECURITY: Final = b"".join(b"%b: %b\r\n" % field for field in SECURITY)


class HotReads:
    """The path table. `missed` hears of each read that was not answered."""

    def __init__(self, table: Mapping[str, HotRead], record: Record, missed: Miss) -> None:
        self._table = {path.encode("ascii"): Read(path, read, record, missed) for path, read in table.items()}

    def ask(self, request: Request, asker: Asker) -> "Asking | None":
        """Begins an answer; None if the request is none of these, or lacks too little to be worth a wait."""
        path, _, query = request.target.partition(b"?")
        read = self._table.get(path)
        return None if read is None or request.method != b"GET" else read.ask(request, query, asker)


class Read:
    """One path of the table."""

    def __init__(self, path: str, read: HotRead, record: Record, missed: Miss) -> None:
        self.path = path
        self.answer = read.answer
        self.missed = missed
        self._policy = read.policy
        self._ask = read.ask
        self._record = record
        self._limits: dict[int, bytes] = {}
        self._heads: dict[int, tuple[Headers, bytes]] = {}

    def ask(self, request: Request, query: bytes, asker: Asker) -> "Asking | None":
        began_s = time.perf_counter()
        fields = fields_of(request.fields)
        if not fields.plain:
            return None
        try:
            asked = self._ask(query, fields, asker.client[0])
        except Unavailable:
            FALLBACKS.labels("hot").inc()
            return None
        except Exception:
            log.exception("hot_read_failed", extra={"path": self.path})  # the application answers in its own way
            return None
        if asked is None:
            self.missed(self.path, query, fields, None)
            return None
        return Asking(self, request, query, fields, asker, began_s, *asked)

    def whole(self, answer: Answer, traceparent: bytes | None, http_version: str, *, close: bool) -> bytes:
        """Head and body."""
        kept = self._heads.get(id(answer.headers)) or self._head(answer.headers)
        limit = self._limits.get(answer.remaining) or self._limit(answer.remaining)
        return b"".join(
            (
                status_line(answer.status),
                kept[1],
                b"x-request-id: ",
                self._record.trace_id(traceparent),
                b"\r\n",
                limit,
                DATE.line(),
                connection_line(http_version, close=close),
                b"\r\n",
                answer.body,
            )
        )

    def done(self, request: Request, status: int, began_s: float, name: bytes, user: bytes, sent_bytes: int) -> None:
        """Into the log and the metrics."""
        line = _line(self.path, request.http_version)
        self._record.done(self.path, "GET", status, began_s, name, user, line, sent_bytes)

    def _head(self, headers: Headers) -> tuple[Headers, bytes]:
        """The same headers come again and again, as the same list; while it is kept here its id is no other's."""
        made = headers, b"".join(b"%b: %b\r\n" % field for field in headers) + _SECURITY
        if len(self._heads) >= _KEPT:
            self._heads.clear()
        self._heads[id(headers)] = made
        return made

    def _limit(self, remaining: int) -> bytes:
        verdict = Verdict(True, remaining, self._policy.window_s)
        made = b"".join(b"%b: %b\r\n" % field for field in limit_headers(self._policy, verdict))
        if len(self._limits) < _KEPT:
            self._limits[remaining] = made
        return made


class Asking:
    """One read under way: its asker is told what came of it, unless it is cancelled."""

    __slots__ = ("_asker", "_began_s", "_fields", "_is_cancelled", "_query", "_read", "_request", "_told", "_waiter")

    def __init__(
        self,
        read: Read,
        request: Request,
        query: bytes,
        fields: Fields,
        asker: Asker,
        began_s: float,
        waiter: Waiter,
        told: Any,
    ) -> None:
        self._read = read
        self._request = request
        self._query = query
        self._fields = fields
        self._asker = asker
        self._began_s = began_s
        self._told = told
        self._is_cancelled = False
        self._waiter: asyncio.Future[Any] = waiter
        waiter.add_done_callback(self._replied)

    def cancel(self) -> None:
        """The asker is gone. What was asked is judged all the same when the replies come, if they have not: the
        request was counted, and a limit that is not looked at when nobody waits is none."""
        self._is_cancelled = True
        self._read.done(self._request, ABANDONED, self._began_s, self._asker.name, b"-", 0)

    def _replied(self, waiter: Waiter) -> None:
        outcome: Outcome | Awaitable[Outcome] = None
        try:
            outcome = self._read.answer(self._told, waiter.result())
        except (Unavailable, asyncio.CancelledError):
            FALLBACKS.labels("hot").inc()
        except Exception:
            log.exception("hot_read_failed", extra={"path": self._read.path})
        if isinstance(outcome, Awaitable):
            self._waiter = asyncio.ensure_future(outcome)
            self._waiter.add_done_callback(self._settled)
        else:
            self._tell(outcome)

    def _settled(self, waiter: "asyncio.Future[Outcome]") -> None:
        outcome: Outcome = None
        try:
            outcome = waiter.result()
        except (Unavailable, asyncio.CancelledError):
            FALLBACKS.labels("hot").inc()
        except Exception:
            log.exception("hot_read_failed", extra={"path": self._read.path})
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        read, asker = self._read, self._asker
        if self._is_cancelled:
            return
        if not isinstance(outcome, Answer):
            read.missed(read.path, self._query, self._fields, outcome)
            asker.hand_on(outcome)
            return
        asker.answered(read.whole(outcome, self._fields.traceparent, self._request.http_version, close=asker.closes))
        read.done(self._request, outcome.status, self._began_s, asker.name, outcome.user, len(outcome.body))


@lru_cache(maxsize=64)
def _line(path: str, http_version: str) -> bytes:
    """What the log says of a request for a path of the table."""
    return request_line("GET", path, http_version)
