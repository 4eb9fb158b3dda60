"""What is kept of every request, whichever door answers it: its place in a trace, its metrics, its access log line."""

from typing import Final

from app.core.clock import Clock
from app.core.metrics import LATENCY, REQUESTS, Stopwatch
from app.http.access import AccessLog
from hotpath import door, notes

ABANDONED: Final = door.ABANDONED  # the status noted where the client left before there was one
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "OTHER"
SECURITY: Final = ((b"x-content-type-options", b"nosniff"),)  # of every answer; a page has more


class Record(notes.Record):
    """One a process, shared by its doors."""

    def __init__(self, clock: Clock, log: AccessLog) -> None:
        super().__init__(clock, log, _watch)


def counted_as(method: str) -> str:
    """The method in the metrics: a client may call one what it likes, and what is counted once is counted for ever."""
    return method if method in METHODS else OTHER


def _watch(route: str, method: str, status: int) -> Stopwatch:
    return Stopwatch(LATENCY.labels(route), REQUESTS.labels(route, method, status))
