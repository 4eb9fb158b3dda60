"""The whole measurement, in one world of engines of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg
import msgspec

from app.adapters.redis.client import RedisClient
from app.core.clock import system_ms
from app.core.config import MAX_FOLLOWERS, Settings
from app.stores import Stores, open_stores
from perf.delivery import crowd, feed_costs, pulls
from perf.delivery.feed_costs import BatchCosts, FeedCosts
from perf.delivery.meters import Meters
from perf.delivery.pulls import PullCosts
from perf.delivery.pushes import Pipeline, Wave
from perf.delivery.scale import Scale
from tests.servers.engines import running_engines, short_folder

TIMEOUT_S: Final = 30.0  # of the bench's own commands: some are as long as a page of the loader's
ROUNDS: Final = 3
ACTIVE_EVERY: Final = 5
STAGED: Final = 10_000  # bits in one trip


@dataclass(frozen=True)
class Figures:
    """All that was measured."""

    scale: Scale
    waves: list[Wave]
    feeds: list[FeedCosts]
    batches: list[BatchCosts]
    pulls: PullCosts


async def measure(scale: Scale) -> Figures:
    """Takes what the crowd takes to load, and then some minutes at full scale."""
    with short_folder() as folder, running_engines(folder) as settings:
        async with _opened(settings) as (conn, client, stores):
            feeds = await feed_costs.encodings(client, scale.sample, scale.entries, ROUNDS)
            batches = await feed_costs.batches(client, scale.sample, scale.entries)
            await crowd.load_graph(conn, scale)
            await crowd.load_feeds(stores, client, scale)
            pulled = await pulls.measure(stores, client, scale, ROUNDS)
            return Figures(scale, await _waves(settings, stores, conn, client, scale), feeds, batches, pulled)


async def _waves(
    settings: Settings, stores: Stores, conn: asyncpg.Connection, client: RedisClient, scale: Scale
) -> list[Wave]:
    meters = Meters(client, settings.data)
    everybody = msgspec.structs.replace(settings, tier_selective_at=MAX_FOLLOWERS, tier_pull_at=MAX_FOLLOWERS)
    small = [crowd.small(place) for place in range(1, scale.creators + 1)]
    middling = [crowd.middling(number) for number in range(scale.middling)]
    forced = Pipeline(everybody, stores, conn, meters)
    async with forced.working():
        await forced.wave("warming up", client, small[-1:])
        waves = [
            await forced.wave("celebrity, push forced", client, [crowd.CELEBRITY]),
            await forced.wave("small creators", client, small),
            await forced.wave("both at once, push forced", client, [crowd.CELEBRITY, *small]),
        ]
    await _choose_active(stores, scale)
    documented = Pipeline(settings, stores, conn, meters)
    async with documented.working():
        waves.append(await documented.wave("all, documented limits", client, [crowd.CELEBRITY, *middling, *small]))
    return waves


async def _choose_active(stores: Stores, scale: Scale) -> None:
    """Every fifth, as the hourly count would."""
    numbers = range(ACTIVE_EVERY, scale.followers + 1, ACTIVE_EVERY)
    for first in range(0, len(numbers), STAGED):
        await stores.active.stage("bench", numbers[first : first + STAGED], "usr_")
    await stores.active.settle("bench", system_ms())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[asyncpg.Connection, RedisClient, Stores]]:
    conn = await asyncpg.connect(settings.migrator_database_url)
    client = RedisClient(settings.redis_url, timeout_s=TIMEOUT_S)
    try:
        # As a cache that is nothing but a cache: room for the crowd's feeds, and no file of what is written.
        await client.call("CONFIG", "SET", "maxmemory", 0)
        await client.call("CONFIG", "SET", "appendonly", "no")
        async with open_stores(settings) as stores:
            yield conn, client, stores
    finally:
        await client.aclose()
        await conn.close()
