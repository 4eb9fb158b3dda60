"""One feed in Valkey: its bytes and what the product's own commands on it cost, as listpack and as skiplist; and how
long one push of many feeds keeps others waiting."""

import asyncio
import time
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from app.adapters.redis.client import RedisClient
from app.adapters.redis.feeds import _PUSH, RedisFeeds
from app.core import ids
from app.core.clock import system_ms
from hotpath import fanout
from perf.delivery.crowd import COPIES, MINUTE_MS

LIMIT: Final = "zset-max-listpack-entries"
LIMITS: Final = (128, 512)  # Valkey's default; the smallest round one that holds a Following feed and its marker
BATCHES: Final = (50, 100, 200, 500)
PAGE: Final = 20
BUILDS: Final = 50
PUSH: Final = _PUSH["following"]
PROBE_EVERY_S: Final = 0.002


@dataclass(frozen=True)
class FeedCosts:
    """Of a Following feed that is full and cut; µs of Valkey's CPU."""

    limit: int
    encoding: str
    size_bytes: int
    push_us: float
    absent_us: float  # a push that finds no feed
    page_us: float
    deep_page_us: float  # three quarters down
    build_us: float


@dataclass(frozen=True)
class BatchCosts:
    """A push of this many full feeds a call."""

    keys: int
    push_us: float  # of Valkey's CPU, a feed
    call_ms: float  # what one call keeps Valkey from doing anything else
    probe_p99_ms: float  # what another's read waits meanwhile


class Sample:
    """Some full feeds of one encoding, on an otherwise idle Valkey."""

    def __init__(self, client: RedisClient, size: int, entries: int) -> None:
        self.users = [ids.new("usr") for _ in range(size)]
        self._client = client
        self._feeds = RedisFeeds(client)
        self._now_ms = system_ms()
        self._entries = [
            (self._now_ms - rank * MINUTE_MS, ids.new("vid", self._now_ms - rank * MINUTE_MS))
            for rank in range(1, entries + 1)
        ]
        self._pushes = 0

    async def load(self) -> None:
        await self._client.call("SCRIPT", "LOAD", PUSH.source)
        first, *others = self.users
        await self._feeds.build("following", first, "0" * 16, self._entries, whole=False)
        for start in range(0, len(others), COPIES):
            await self._client.pipeline(
                [("COPY", f"following:{first}", f"following:{user}") for user in others[start : start + COPIES]]
            )

    async def drop(self) -> None:
        for user in self.users:
            await self._feeds.drop("following", user)

    async def costs(self, limit: int) -> FeedCosts:
        key = f"following:{self.users[0]}"
        encoding = (await self._client.call("OBJECT", "ENCODING", key)).decode()
        size_bytes = await self._client.call("MEMORY", "USAGE", key, "SAMPLES", 0)
        count = len(self.users)
        return FeedCosts(
            limit,
            encoding,
            size_bytes,
            await self._cost_us(lambda: self._push(self.users), count),
            await self._cost_us(lambda: self._push([user[::-1] for user in self.users]), count),
            await self._cost_us(lambda: self._read(None), count),
            await self._cost_us(lambda: self._read(self._entries[len(self._entries) * 3 // 4]), count),
            await self._cost_us(self._build, BUILDS),
        )

    async def batch(self, keys: int) -> BatchCosts:
        """Pushes in calls of so many keys, while somebody reads."""
        probes: list[float] = []
        pushing = asyncio.create_task(self._cost_us(lambda: self._push(self.users, keys), len(self.users)))
        while not pushing.done():
            began_s = time.monotonic()
            await self._client.call("ZRANGE", f"following:{self.users[0]}", 0, PAGE - 1, "REV", "WITHSCORES")
            probes.append(time.monotonic() - began_s)
            await asyncio.sleep(PROBE_EVERY_S)
        push_us = await pushing
        return BatchCosts(keys, push_us, push_us * keys / 1e3, 1e3 * sorted(probes)[len(probes) * 99 // 100])

    async def _cost_us(self, work: Callable[[], Awaitable[None]], times: int) -> float:
        before = await valkey_cpu_s(self._client)
        await work()
        return (await valkey_cpu_s(self._client) - before) / times * 1e6

    async def _push(self, users: list[str], keys: int = 500) -> None:
        self._pushes += 1
        now_ms = self._now_ms + self._pushes
        joined, numbers = "".join(users).encode(), array("I", range(len(users)))
        video_id = ids.new("vid", now_ms).encode()
        for packed, _ in fanout.encode(
            joined, numbers, None, PUSH.sha.encode(), b"following:", video_id, now_ms, len(self._entries), keys
        ):
            await self._client.packed(packed)

    async def _read(self, after: tuple[int, str] | None) -> None:
        for start in range(0, len(self.users), 100):
            users = self.users[start : start + 100]
            await self._feeds.read_many("following", users, upper=2**52, after=after, limit=PAGE)

    async def _build(self) -> None:
        for user in self.users[:BUILDS]:
            await self._feeds.begin("following", user, "1" * 16)
            await self._feeds.finish("following", user, "1" * 16, self._entries, whole=False)


async def valkey_cpu_s(client: RedisClient) -> float:
    """CPU seconds since it started."""
    info = (await client.call("INFO", "cpu")).decode()
    found = dict(line.split(":") for line in info.splitlines() if ":" in line)
    return float(found["used_cpu_sys"]) + float(found["used_cpu_user"])


async def encodings(client: RedisClient, size: int, entries: int, rounds: int) -> list[FeedCosts]:
    """Each limit in turn, several times over: the median of each figure."""
    kept = (await client.call("CONFIG", "GET", LIMIT))[1]
    found: dict[int, list[FeedCosts]] = {limit: [] for limit in LIMITS}
    for _ in range(rounds):
        for limit in LIMITS:
            await client.call("CONFIG", "SET", LIMIT, limit)
            sample = Sample(client, size, entries)
            await sample.load()
            found[limit].append(await sample.costs(limit))
            await sample.drop()
    await client.call("CONFIG", "SET", LIMIT, kept)
    return [_median(each) for each in found.values()]


async def batches(client: RedisClient, size: int, entries: int) -> list[BatchCosts]:
    """Each number of keys, under the limit that is set."""
    sample = Sample(client, size, entries)
    await sample.load()
    await sample.batch(BATCHES[-1])  # loads the script, and warms up
    found = [await sample.batch(keys) for keys in BATCHES]
    await sample.drop()
    return found


def _median(found: list[FeedCosts]) -> FeedCosts:
    figures = {
        name: median([getattr(each, name) for each in found])
        for name in ("push_us", "absent_us", "page_us", "deep_page_us", "build_us")
    }
    return replace(found[0], **figures)
