"""What Prometheus reads: count, latency and errors by route, and gauges that the parts of a process offer."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.core.errors import Unavailable
from hotpath import notes

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when it is imported

REGISTRY: Final = CollectorRegistry(auto_describe=True)
BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0)


class Timings(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, buckets: Sequence[int], total_s: float) -> None:
        """So many observations bucket by bucket, the last without an upper bound, and their sum."""
        for value, more in zip(self._buckets, buckets, strict=True):
            if more:
                value.inc(more)
        self._sum.inc(total_s)


REQUESTS: Final = Counter(
    "kinora_requests_total", "Requests answered.", ["route", "method", "status"], registry=REGISTRY
)
LATENCY: Final = Timings(
    "kinora_request_seconds",
    "From the first byte in to the last byte out.",
    ["route"],
    buckets=BUCKETS_S,
    registry=REGISTRY,
)
FALLBACKS: Final = Counter(
    "kinora_fallbacks_total", "Conveniences that were missing and done without.", ["what"], registry=REGISTRY
)
CARDS: Final = Counter("kinora_cards_total", "Cards asked for, by where they were found.", ["where"], registry=REGISTRY)
QUEUE: Final = Gauge(
    "kinora_queue_depth",
    "What waits: jobs, outbox entries, dead letters.",
    ["queue"],
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
DRIFT: Final = Gauge(
    "kinora_count_drift",
    "Counts that differ from the truth, as of the last reconciliation.",
    ["kind"],
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
PROCESSING: Final = Histogram(
    "kinora_processing_seconds",
    "From the start of a video's processing to its end.",
    ["outcome"],
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 180, 300, 600),
    registry=REGISTRY,
)
FANOUT_DELIVERIES: Final = Counter(
    "kinora_fanout_deliveries_total", "Videos added to built feeds.", ["tier"], registry=REGISTRY
)
FANOUT_FOLLOWERS: Final = Counter(
    "kinora_fanout_followers_total",
    "Followers gone through, with a built feed or without.",
    ["tier"],
    registry=REGISTRY,
)
FANOUT_WORK: Final = Counter(
    "kinora_fanout_work_seconds_total", "Time spent on fan-out: its cost.", ["tier"], registry=REGISTRY
)
FANOUT_LAG: Final = Histogram(
    "kinora_fanout_lag_seconds",
    "From a fact about a video to the end of its fan-out.",
    ["tier"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
FEED_READS: Final = Counter(
    "kinora_feed_reads_total",
    "Personal feeds asked of the cache; a miss is built by one caller while others wait.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
FEED_BUILDS: Final = Counter(
    "kinora_feed_builds_total",
    "Feeds and shared lists built; one that is `lost` was begun again, or forgotten, meanwhile.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
PULLED_LISTS: Final = Counter(
    "kinora_pulled_lists_total", "Shared lists of creators asked for at reads.", ["outcome"], registry=REGISTRY
)

FOR_YOU_BUILDS: Final = Counter(
    "kinora_for_you_builds_total", "Builds of For You by how they ended.", ["outcome"], registry=REGISTRY
)
FOR_YOU_BUILD_S: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
FOR_YOU_TIMES: Final = Timings(
    "kinora_for_you_build_seconds",
    "From the lease of a build of For You until it is kept.",
    buckets=FOR_YOU_BUILD_S,
    registry=REGISTRY,
)
FOR_YOU_ENTRIES: Final = Counter(
    "kinora_for_you_entries_total",
    "Videos put into For Yous by the source that had them.",
    ["source"],
    registry=REGISTRY,
)
EXPLORED: Final = Counter(
    "kinora_explored_total",
    "Places given to new videos in For Yous, and videos that have had all theirs.",
    ["what"],
    registry=REGISTRY,
)

TALLIED_S: Final = 0.2  # what a process that is killed may have counted in vain

Sample = Callable[[], Awaitable[dict[str, float]]]


class Tallied(Protocol):
    """What is gathered in the process and handed over once in a while."""

    def settle(self) -> None:
        """Hands over what was gathered."""


class Tally:
    """One counter, for who counts with every request: added to in the process, and to the counter a moment later.

    A counter that processes share costs microseconds each time. Must be used in an event loop.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._more = 0

    def inc(self, more: int = 1) -> None:
        if more and not self._more:
            settle_soon(self)
        self._more += more

    def settle(self) -> None:
        more, self._more = self._more, 0
        self._counter.inc(more)


class Stopwatch:
    """The same for a histogram with these upper bounds, and a counter of what was observed."""

    def __init__(self, timings: Timings, counter: Counter | None = None, bounds_s: Sequence[float] = BUCKETS_S) -> None:
        self._timings = timings
        self._counter = counter
        self.series = notes.Series(bounds_s)

    def begun(self) -> None:
        """Must be called when `series` has its first observation."""
        settle_soon(self)

    def settle(self) -> None:
        buckets, total_s = self.series.take()
        self._timings.add(buckets, total_s)
        if self._counter is not None:
            self._counter.inc(sum(buckets))


class Counted:
    """The same for what is counted elsewhere as it happens: a number that only grows, looked at when others settle, and
    for as long as somebody holds this."""

    def __init__(self, counter: Counter, so_far: Callable[[], int]) -> None:
        self._counter = counter
        self._so_far = so_far
        self._settled = 0
        _counted.add(self)

    def settle(self) -> None:
        now = self._so_far()
        if now != self._settled:
            self._counter.inc(now - self._settled)
            self._settled = now


_tallied: list[Tallied] = []
_counted: WeakSet[Counted] = WeakSet()


def settle_soon(tally: Tallied) -> None:
    """Has it settled within TALLIED_S, and before an orderly end."""
    if not _tallied:
        asyncio.get_running_loop().call_later(TALLIED_S, settle)
    _tallied.append(tally)


def settle() -> None:
    """Adds what was tallied to the metrics."""
    for tally in (*_tallied, *_counted):
        tally.settle()
    _tallied.clear()


async def render(samples: list[Sample]) -> bytes:
    """The text exposition, with queue depths read now, or as they were where a store can't tell.

    Where `PROMETHEUS_MULTIPROC_DIR` names a folder, the metrics of every process that writes there are added up: the
    API's own processes and the workers, whose only way out this is.
    """
    settle()
    for sample in samples:
        try:
            depths = await sample()
        except Unavailable:  # when a store is down the other figures are wanted most
            FALLBACKS.labels("metrics").inc()
            continue
        for queue, depth in depths.items():
            QUEUE.labels(queue).set(depth)
    if SHARED_FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    everybody = CollectorRegistry()
    MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
    return generate_latest(everybody)
