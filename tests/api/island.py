"""A platform of a test's own, whose videos are all known."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg
import httpx
import msgspec

from app import features, main
from app.adapters.redis.client import RedisClient
from app.core.clock import system_ms
from app.core.config import Settings
from app.stores import Stores, open_stores
from tests.api.happenings import Happenings
from tests.servers.engines import running_engines, short_folder


class Island(NamedTuple):
    client: httpx.AsyncClient
    stores: Stores
    settings: Settings
    happenings: Happenings

    def another_process(self) -> features.Features:
        """The services, with nothing in their memory."""
        return features.build(self.settings, self.stores, system_ms)

    async def clear(self) -> None:
        """Hides every video there is and forgets every feed."""
        conn = await asyncpg.connect(self.settings.migrator_database_url)
        await conn.execute("UPDATE video.videos SET visibility = 'private'")
        await conn.close()
        await self.forget()

    async def forget(self) -> None:
        """The loss of everything in Redis."""
        client = RedisClient(self.settings.redis_url, timeout_s=5.0)
        await client.call("FLUSHALL")
        await client.aclose()


@asynccontextmanager
async def running_island() -> AsyncIterator[Island]:
    """Engines of its own, and a budget for building feeds that no busy machine exceeds."""
    with short_folder() as folder, running_engines(folder) as settings:
        settings = msgspec.structs.replace(
            settings, requests_per_minute=100_000, feeds_per_minute=10_000, for_you_budget_ms=20_000
        )
        async with open_stores(settings) as stores:
            transport = httpx.ASGITransport(app=main.serving(settings, stores, lambda: False))
            conn = await asyncpg.connect(settings.database_url)
            happenings = Happenings(conn, stores, features.build(settings, stores, system_ms))
            async with httpx.AsyncClient(transport=transport, base_url=settings.public_url, timeout=30) as client:
                yield Island(client, stores, settings, happenings)
            await conn.close()
