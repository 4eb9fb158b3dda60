"""The engines every other test stands on."""

import asyncpg
import redis.asyncio

from app.adapters.redis.client import RedisClient
from app.adapters.redis.feeds import RedisFeeds
from app.core import ids
from app.ports.feeds import KEEP


async def test_the_application_may_use_rows_and_nothing_more(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        refused = []
        for statement in (
            "CREATE TABLE intruder (id int)",
            "CREATE TEMPORARY TABLE intruder (id int)",
            "CREATE SCHEMA intruder",
            "DROP TABLE social.users",
            "ALTER TABLE social.users ADD COLUMN intruder int",
            "TRUNCATE social.users",
            "DELETE FROM migrations.ledger",
            "CREATE ROLE intruder",
            "SET ROLE kinora_migrator",
            "COPY (SELECT 1) TO '/tmp/intruder'",
        ):
            try:
                await connection.execute(statement)
            except asyncpg.InsufficientPrivilegeError:
                refused.append(statement)
        assert len(refused) == 10, refused
        assert await connection.fetchval("SELECT count(*) FROM migrations.ledger") > 0
    finally:
        await connection.close()


async def test_valkey_refuses_writes_rather_than_forgetting_any(redis_url: str) -> None:
    async with redis.asyncio.from_url(redis_url) as client:
        assert await client.config_get("maxmemory-policy", "appendonly") == {
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
        }


async def test_a_full_feed_takes_half_of_what_a_skiplist_would(redis_url: str) -> None:
    client, user_id = RedisClient(redis_url), ids.new("usr")
    entries = [(1_790_000_000_000 - rank, ids.new("vid")) for rank in range(KEEP["following"] + 1)]
    await RedisFeeds(client).build("following", user_id, "0" * 16, entries, whole=False)
    key = f"following:{user_id}"
    assert await client.call("ZCARD", key) == KEEP["following"] + 1  # and its marker
    assert await client.call("OBJECT", "ENCODING", key) == b"listpack"
    assert await client.call("MEMORY", "USAGE", key, "SAMPLES", 0) < 24_000
    await client.aclose()
