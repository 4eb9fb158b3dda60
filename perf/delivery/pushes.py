"""Facts through the real way: outbox, relay, bus, consumer, fan-out; how late each was done, and at what cost."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from app.adapters.redis.client import RedisClient
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.events import FEED_UPDATE, Event
from app.ports.tiers import Stamp, Tier
from app.services.feed.fanout import FanOut
from app.services.feed.tiers import Limits, Tiering
from app.stores import Stores
from app.work.consumer import Consumer
from app.work.relay import Relay
from app.work.ticks import Tick, Ticks
from perf.delivery import crowd
from perf.delivery.meters import Cpu, Meters

PATIENCE_S: Final = 600.0  # a busy machine takes ten times as long as an idle one
PROBE_EVERY_S: Final = 0.005


@dataclass(frozen=True)
class Wave:
    """Videos published at once, from the commit of their facts to the last delivery."""

    name: str
    videos: int
    deliveries: int  # into built feeds, Following and For You
    followers: int  # gone through, with built feeds or without
    cpu: Cpu
    lags_s: dict[str, list[float]]  # by tier, the celebrity apart; ascending
    probes_s: list[float]  # what reads of a feed waited meanwhile; ascending


class Noted:
    """The tiers' port; notes when each fan-out is done."""

    def __init__(self, tiers: Any) -> None:
        self._tiers = tiers
        self.stamps: dict[str, Tier] = {}
        self.done_ms: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tiers, name)

    async def stamp(self, event_id: str, video_id: str, author_id: str, now_ms: int) -> Stamp:
        found: Stamp = await self._tiers.stamp(event_id, video_id, author_id, now_ms)
        self.stamps[event_id] = found.tier
        return found

    async def advance(self, event_id: str, after_id: str, *, done: bool) -> None:
        await self._tiers.advance(event_id, after_id, done=done)
        if done:
            self.done_ms.setdefault(event_id, system_ms())


class Counted:
    """The feeds' port; counts what was pushed."""

    def __init__(self, feeds: Any) -> None:
        self._feeds = feeds
        self.deliveries = 0
        self.followers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feeds, name)

    async def push(self, kind: str, followers: bytes, user_nos: Sequence[int], *rest: Any) -> int:
        added: int = await self._feeds.push(kind, followers, user_nos, *rest)
        if kind == "following":
            self.followers += len(user_nos)
        if kind != "creator":
            self.deliveries += added
        return added


class Pipeline:
    """A worker that does nothing but relay and fan out."""

    def __init__(self, settings: Settings, stores: Stores, conn: asyncpg.Connection, meters: Meters) -> None:
        self.noted = Noted(stores.tiers)
        self.counted = Counted(stores.feeds)
        self._stores = stores
        self._conn = conn
        self._meters = meters
        tiering = Tiering(stores.tiers, stores.graph, Limits.of(settings), system_ms)
        handle = FanOut(
            self.counted,
            stores.graph,
            stores.videos,
            self.noted,
            tiering,
            stores.active,
            system_ms,
        )
        topics = (FEED_UPDATE,)
        work = (stores.bus, stores.positions, stores.dead_letters, stores.owner)
        self._relay = Relay(stores.outboxes, *work, {FanOut.GROUP: topics})
        self._consumer = Consumer(FanOut.GROUP, topics, handle, *work)
        rest = Tick("long-fan-outs", 1, handle.go_on, limit_s=20)
        self._ticks = Ticks([rest], stores.positions, stores.owner)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While it works."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for loop in (self._relay, self._consumer, self._ticks):
                tasks.create_task(loop.run(stop))
            try:
                yield
            finally:
                stop.set()

    async def wave(self, name: str, client: RedisClient, authors: list[str]) -> Wave:
        """Everybody here publishes at once; returns when all of it is delivered."""
        deliveries, followers = self.counted.deliveries, self.counted.followers
        before = await self._meters.read()
        facts = await crowd.publish(self._conn, authors)
        probes = await self._probed(client, facts)
        cpu = (await self._meters.read()).since(before)
        return Wave(
            name,
            len(facts),
            self.counted.deliveries - deliveries,
            self.counted.followers - followers,
            cpu,
            self._lags_s(facts),
            sorted(probes),
        )

    def _lags_s(self, facts: Sequence[Event]) -> dict[str, list[float]]:
        lags: dict[str, list[float]] = {}
        for fact in facts:
            lag_s = (self.noted.done_ms[fact.event_id] - fact.occurred_at) / 1000
            who = "celebrity, " if fact.data["user_id"] == crowd.CELEBRITY else ""
            lags.setdefault(who + self.noted.stamps[fact.event_id], []).append(lag_s)
        return {tier: sorted(found) for tier, found in sorted(lags.items())}

    async def _probed(self, client: RedisClient, facts: Sequence[Event]) -> list[float]:
        """Reads one feed again and again until all is done: a reader's share of what the pushes cost."""
        probes = []
        deadline_s = time.monotonic() + PATIENCE_S
        while any(fact.event_id not in self.noted.done_ms for fact in facts):
            if self._consumer.dead or time.monotonic() > deadline_s:
                raise RuntimeError(f"{self._consumer.dead} events failed; the others had {PATIENCE_S:.0f} s")
            began_s = time.monotonic()
            await client.call("ZRANGE", "following:template", "0", "19", "REV", "WITHSCORES")
            probes.append(time.monotonic() - began_s)
            await asyncio.sleep(PROBE_EVERY_S)
        return probes
