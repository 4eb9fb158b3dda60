"""The hot reads in the process in front: the one place that knows how they are asked and what their answers become.

The same reads, records and headers as `app.http.hot.HotDoor`, which answers the same requests with the same bytes.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final

from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.edge.messages import Request, connection_line, status_line
from app.edge.sides import Asker
from app.http.access import request_line
from app.http.hot import Answer, Fields, HotRead
from app.http.limits import Policy
from app.http.limits import headers as limit_headers
from app.http.record import ABANDONED, SECURITY, Record
from app.ports.limiter import Verdict

log = logging.getLogger(__name__)

_KEPT: Final = 2048  # limit headers, by what is left of the limit
_SECURITY: Final = b"".join(b"%b: %b\r\n" % field for field in SECURITY)


class HotReads:
    """The path table, and what becomes of its answers."""

    def __init__(self, table: Mapping[str, HotRead], record: Record) -> None:
        self._table = {path.encode("ascii"): (path, read) for path, read in table.items()}
        self._record = record
        self._limits: dict[tuple[str, int, int], bytes] = {}
        self._second = -1
        self._date = b""

    def ask(self, request: Request, asker: Asker) -> "asyncio.Task[None] | None":
        """Begins an answer; None if the request is none of these. Call within the loop."""
        path, _, query = request.target.partition(b"?")
        found = self._table.get(path)
        if found is None or request.method != b"GET":
            return None
        traceparent, fields = fields_of(request)
        if fields is None:
            return None
        work = self._answer(*found, request, query, traceparent, fields, asker)
        return asyncio.get_running_loop().create_task(work)

    async def _answer(
        self,
        path: str,
        read: HotRead,
        request: Request,
        query: bytes,
        traceparent: bytes | None,
        fields: Fields,
        asker: Asker,
    ) -> None:
        began_s = time.perf_counter()
        scope = {"type": "http", "path": path, "query_string": query, "client": asker.client}
        outcome: Answer | Verdict | None = None
        try:
            outcome = await read.answer(scope, fields)
        except Unavailable:
            FALLBACKS.labels("hot").inc()
        except asyncio.CancelledError:
            self._done(path, request, ABANDONED, began_s, asker, b"-", 0)
            raise
        except Exception:
            log.exception("hot_read_failed", extra={"path": path})  # the application answers it, in the general way
        if not isinstance(outcome, Answer):
            asker.hand_on(outcome)
            return
        head = self._head(outcome, read.policy, traceparent, request.http_version, close=asker.closes)
        asker.answered(head + outcome.body)
        self._done(path, request, outcome.status, began_s, asker, outcome.user, len(outcome.body))

    def _head(
        self, answer: Answer, policy: Policy, traceparent: bytes | None, http_version: str, *, close: bool
    ) -> bytes:
        lines = [status_line(answer.status)]
        for name, value in answer.headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (b"x-request-id: ", self._record.trace_id(traceparent), b"\r\n", _SECURITY)
        lines += (self._limit(policy, answer.verdict), self._now(), connection_line(http_version, close=close), b"\r\n")
        return b"".join(lines)

    def _limit(self, policy: Policy, verdict: Verdict) -> bytes:
        key = (policy.name, verdict.remaining, verdict.reset_after_s)
        made = self._limits.get(key)
        if made is None:
            made = b"".join(b"%b: %b\r\n" % field for field in limit_headers(policy, verdict))
            if len(self._limits) < _KEPT:
                self._limits[key] = made
        return made

    def _now(self) -> bytes:
        """The `date` header, made once a second."""
        second = int(time.time())
        if second != self._second:
            self._second, self._date = second, b"date: %b\r\n" % formatdate(second, usegmt=True).encode()
        return self._date

    def _done(
        self, path: str, request: Request, status: int, began_s: float, asker: Asker, user: bytes, sent_bytes: int
    ) -> None:
        line = _request_line(path, request.http_version)
        self._record.done(path, "GET", status, began_s, asker.name, user, line, sent_bytes)


@lru_cache(maxsize=64)
def _request_line(path: str, http_version: str) -> bytes:
    """For the log; of a path of the table."""
    return request_line("GET", path, http_version)


def fields_of(request: Request) -> tuple[bytes | None, Fields | None]:
    """The traceparent and the fields; no fields for a request with a body, or with a header twice."""
    found: dict[bytes, Any] = dict.fromkeys(_LOOKED_AT)
    traceparent = None
    for name, value in request.fields:
        if name in found:
            if found[name] is not None:
                return None, None
            found[name] = value
        elif name == b"traceparent":
            traceparent = traceparent or value
        elif name in _BODY:
            return None, None
    return traceparent, Fields(*found.values())


_LOOKED_AT: Final = (b"authorization", b"accept-encoding", b"if-none-match")
_BODY: Final = (b"content-length", b"transfer-encoding")
