"""What the connections of one process share."""

import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from app.core.clock import Clock
from app.core.metrics import settle
from app.core.passport import Passports
from app.edge import problems
from app.edge.hot import HotReads
from app.edge.messages import Refused, Request
from app.edge.pool import Pool
from app.http.access import request_line
from app.http.record import Record, counted_as

OPEN: Final = 4096  # connections of clients
TOLD: Final = 256  # more, who are told that there is no room; who comes then is not even told
_ROUTE: Final = "edge"  # in the metrics: what was answered by nobody behind


class Connected(Protocol):
    """A client's connection, as it is kept in time and brought to its end."""

    def expire(self, now_s: float) -> None:
        """Called at times."""

    def drain(self, *, at_once: bool) -> None:
        """Ends it if it is idle, or `at_once`."""


class Shared:
    """One a process."""

    def __init__(
        self,
        hot: HotReads,
        pool: Pool,
        record: Record,
        passports: Passports,
        clock: Clock,
        left: Callable[[], Awaitable[None]],
    ) -> None:
        self.hot = hot
        self.pool = pool
        self.passports = passports
        self.clock = clock
        self.draining = False
        self.connections: set[Connected] = set()
        self._record = record
        self._left = left

    async def aclose(self) -> None:
        """Nobody is there any more: ends what is open, leaves what is under way, and hands over what was counted."""
        await self.pool.aclose()
        await self._left()
        settle()

    def admit(self, connection: Connected) -> bool:
        """False for one that must go without a word."""
        if len(self.connections) >= OPEN + TOLD:
            return False
        self.connections.add(connection)
        return True

    @property
    def is_crowded(self) -> bool:
        """Whether whoever came last is one too many."""
        return len(self.connections) > OPEN

    def refusal(self, refused: Refused, request: Request | None, name: bytes) -> bytes:
        """The answer to a request that nobody behind answers, in the log and the metrics like any other."""
        method, counted, line, traceparent = "-", "-", b"-", None
        if request is not None:
            method, path = request.method.decode(), request.target.partition(b"?")[0].decode()
            counted, line = counted_as(method), request_line(method, path, request.http_version)
            traceparent = next((value for key, value in request.fields if key == b"traceparent" and value), None)
        whole = problems.whole(refused, self._record.trace_id(traceparent), bodiless=method == "HEAD")
        sent_bytes = len(whole) - whole.index(b"\r\n\r\n") - 4
        self._record.done(_ROUTE, counted, refused.status, time.perf_counter(), name, b"-", line, sent_bytes)
        return whole
