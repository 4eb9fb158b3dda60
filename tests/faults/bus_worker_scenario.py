"""One worker process, to be killed: `bus_worker_scenario.py DATABASE_URL REDIS_URL OWNER`. It prints a line once it is
at work. Every event it is given has its effect, and is noted in `given` in the order in which it came.
"""

import asyncio
import sys
from collections.abc import Sequence

import asyncpg

from app.adapters.postgres.deadletters import PostgresDeadLetters
from app.adapters.postgres.outbox import PostgresOutbox
from app.adapters.postgres.pool import open_pool
from app.adapters.postgres.positions import PostgresPositions
from app.adapters.postgres.write import write
from app.adapters.redis.bus import TIMEOUT_S, RedisBus
from app.adapters.redis.client import RedisClient
from app.core.events import FEED_UPDATE, USER_INTERACTION, Event, cause
from app.work.consumer import Consumer
from app.work.handling import Handle
from app.work.relay import Relay

STORES = ("social", "video", "activity")
READERS = {"counts": (USER_INTERACTION,), "feeds": (USER_INTERACTION, FEED_UPDATE)}


def handler(pool: asyncpg.Pool, group: str, owner: str) -> Handle:
    async def handle(batch: Sequence[Event]) -> None:
        for event in batch:
            async with write(pool, "social", cause=cause(event, group)) as current:
                await current.conn.execute(
                    "INSERT INTO given (grp, owner, key, n, fresh) VALUES ($1, $2, $3, $4, $5)",
                    *(group, owner, event.key, event.data["n"], not current.applied),
                )

    return handle


async def main(database_url: str, redis_url: str, owner: str) -> None:
    pool = await open_pool(database_url, size=8)
    bus = RedisBus(RedisClient(redis_url, connections=32, timeout_s=TIMEOUT_S))
    ports = (bus, PostgresPositions(pool), PostgresDeadLetters(pool), owner)
    loops: list[Relay | Consumer] = [
        Relay([PostgresOutbox(pool, store) for store in STORES], *ports, READERS),
        *(Consumer(group, topics, handler(pool, group, owner), *ports) for group, topics in READERS.items()),
    ]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for loop in loops:
            tasks.create_task(loop.run(stop))
        print("at work", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
