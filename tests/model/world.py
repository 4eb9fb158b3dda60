"""The application in this process on engines of its own, all of it under a clock that only the test moves.

Engines of its own, because For You and Trending are everybody's: what another test published would be in them, and
because a run loses all of Redis now and then. Sizes and limits are small, so that a few people cross all of them.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Final
from unittest.mock import patch

import asyncpg
import msgspec

from app import features, workers
from app.adapters.redis.client import RedisClient
from app.core import ids
from app.core.clock import DAY_MS, system_ms
from app.core.config import Settings
from app.core.events import Event
from app.ports import feeds as feeds_port
from app.services.feed import candidates, for_you, sources
from app.services.feed.active import CountActive
from app.services.feed.fanout import FanOut
from app.stores import Stores, open_stores
from tests.api.crowd import Interrupted

SELECTIVE_AT, PULL_AT, HYSTERESIS_PERCENT = 4, 5, 34
KEEP: Final = {"feed": 8, "following": 3, "creator": 2}
FOR_YOU_SIZE: Final = 5
FIRST_LOOK: Final = 2
FOLLOWERS_PAGE: Final = 2  # followers between two marks of a fan-out's progress
RUN_MS: Final = 10_000  # between two runs, whose ids therefore differ
HASTY_S, PATIENT_S = 0.0, 30.0  # a turn of a fan-out: one page, or all of it

Handle = Callable[[Sequence[Event]], Awaitable[None]]

# What one run leaves that another would meet, because it is everybody's; the rest is kept apart by ids.
_WIPE: Final = """
    DELETE FROM video.videos; DELETE FROM video.counts; DELETE FROM video.authors;
    DELETE FROM social.tiers; DELETE FROM social.fanouts;
    DELETE FROM activity.trending_ledger; DELETE FROM activity.trending_contributions;
    DELETE FROM activity.trending_pending"""
_OUTBOXES: Final = ("social", "video", "activity")


class Clock:
    """Milliseconds since 1970, as the test says."""

    def __init__(self) -> None:
        self.now_ms = system_ms()

    def __call__(self) -> int:
        return self.now_ms


class World:
    """Two processes of the product, one that serves and one that works, with nothing between them but the stores."""

    def __init__(self, settings: Settings, stores: Stores, owner: asyncpg.Connection, redis: RedisClient) -> None:
        self.settings = msgspec.structs.replace(
            settings,
            tier_selective_at=SELECTIVE_AT,
            tier_pull_at=PULL_AT,
            tier_hysteresis_percent=HYSTERESIS_PERCENT,
        )
        self.stores = stores
        self.clock = Clock()
        self.random = random.Random()
        self.graph = Interrupted(stores.graph)
        self._kept_until_ms = 0
        self._owner = owner
        self._redis = redis
        self._seen = dict.fromkeys(_OUTBOXES, 0)
        self.restart()
        self._working = features.build(self.settings, stores, self.clock)
        self._count_active = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, self.clock)
        fan_outs = [
            FanOut(
                stores.feeds,
                self.graph,
                stores.videos,
                stores.tiers,
                self._working.tiering,
                stores.active,
                self.clock,
                page=FOLLOWERS_PAGE,
                turn_s=turn_s,
            )
            for turn_s in (HASTY_S, PATIENT_S)
        ]
        self._hasty, self._patient = fan_outs
        self.hasty = False  # whether a fan-out gets no more than one page a turn
        self.groups: dict[str, tuple[tuple[str, ...], Handle]] = {
            group: (topics, self._fan_out if group == FanOut.GROUP else handle)
            for group, topics, handle in workers.handlers(stores, self._working, self.clock)
        }

    async def _fan_out(self, batch: Sequence[Event]) -> None:
        await (self._hasty if self.hasty else self._patient)(batch)

    async def tick(self) -> None:
        """What goes on by the clock: long fan-outs, and the making of Trending's lists."""
        await self._hasty.go_on()
        await self.stores.ledger.fold()
        await self._working.board.make_all()

    def restart(self) -> None:
        """What serves forgets all that it remembered."""
        self.serving = features.build(self.settings, self.stores, self.clock)

    async def begin(self) -> None:
        """As on the first day, but for people and what they did to each other. Ids come as in every other run."""
        self.clock.now_ms += RUN_MS
        self.graph.then = None
        self.random.seed(0)
        if self.clock() >= self._kept_until_ms:  # there must be a partition for what is watched
            await self.stores.activity.maintain(self.clock())
            self._kept_until_ms = self.clock() + 7 * DAY_MS
        await self._owner.execute(_WIPE)
        await self.lose_redis()
        await self.news()

    async def lose_redis(self) -> None:
        """It forgets everything, its scripts too."""
        await self._redis.pipeline([("FLUSHALL",), ("SCRIPT", "FLUSH")])

    async def forget(self, *keys: str) -> None:
        """These keys expire."""
        await self._redis.call("DEL", *keys)

    async def news(self) -> list[Event]:
        """Every event since the last call, oldest first."""
        found: list[Event] = []
        for store in _OUTBOXES:
            rows = await self._owner.fetch(
                f"SELECT seq, event_id, type, key, occurred_at, data::text FROM {store}.outbox WHERE seq > $1 "
                "ORDER BY seq",
                self._seen[store],
            )
            if rows:
                self._seen[store] = rows[-1][0]
                found += [Event(row[1], row[2], row[3], row[4], msgspec.json.decode(row[5])) for row in rows]
        return sorted(found, key=lambda event: event.occurred_at)

    async def choose_active(self, run: str, numbers: Sequence[int]) -> None:
        """Makes exactly these active, as the hourly count would."""
        await self.stores.active.stage(run, numbers, "usr_")
        await self._count_active.settle(run, self.clock())


@contextmanager
def small_sizes() -> Iterator[None]:
    """Feeds so short that a dozen videos overflow them."""
    with (
        patch.dict(feeds_port.KEEP, KEEP),
        patch.object(for_you, "FOR_YOU_SIZE", FOR_YOU_SIZE),
        patch.object(candidates, "FOR_YOU_SIZE", FOR_YOU_SIZE),
        patch.object(sources, "FIRST_LOOK", FIRST_LOOK),
    ):
        yield


@asynccontextmanager
async def opened_world(settings: Settings) -> AsyncIterator[World]:
    """The world on the engines that these settings lead to."""
    async with open_stores(settings) as stores:
        owner = await asyncpg.connect(settings.migrator_database_url)
        redis = RedisClient(settings.redis_url, connections=2, timeout_s=10)  # to forget everything goes to the disk
        world = World(settings, stores, owner, redis)
        drawn = SimpleNamespace(urandom=world.random.randbytes)
        try:
            with patch.object(ids, "os", drawn), patch.object(ids, "system_ms", world.clock):
                yield world
        finally:
            await redis.aclose()
            await owner.close()
