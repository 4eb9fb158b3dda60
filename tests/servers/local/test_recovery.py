"""What the embedded servers outlast: a closed folder, a lost password file, kills at any moment."""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from app.core.config import Settings
from app.local import orphans
from tests.servers.engines import running_engines, short_folder
from tests.servers.local.runs import environment, running


async def answers(settings: Settings) -> bool:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return bool(await connection.fetchval("SELECT true"))
    finally:
        await connection.close()


async def test_a_folder_that_only_its_owner_may_enter() -> None:
    # Root's PostgreSQL can't be `nobody` here; it runs in a user namespace.
    with short_folder() as folder:
        folder.chmod(0o700)
        with running_engines(folder) as settings:
            assert await answers(settings)
        folder.chmod(0o711)  # and back to `nobody`, the files with it
        with running_engines(folder) as settings:
            assert await answers(settings)


async def test_lost_passwords_are_made_anew() -> None:
    with short_folder() as folder:
        with running_engines(folder) as settings:
            first = settings.data.passfile.read_text()
        settings.data.passfile.unlink()
        with running_engines(folder) as settings:
            assert await answers(settings)
            assert settings.data.passfile.read_text() != first


async def test_an_interrupted_first_start_begins_afresh() -> None:
    with short_folder() as folder:
        half = folder / "data" / "pg" / "cluster.new"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        with running_engines(folder) as settings:
            assert await answers(settings)
            assert not half.exists()


@pytest.mark.long
def test_a_postgresql_that_hangs_on_its_way_down_is_brought_down() -> None:
    # A fast shutdown that arrives while PostgreSQL 18 replaces its killed processes may never end.
    with short_folder() as folder, running_engines(folder) as settings:
        [launcher] = [
            pid
            for pid in orphans.in_folder(settings.data.cluster, "postgres")
            if b"autovacuum launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        os.kill(launcher, signal.SIGKILL)
    assert orphans.find(settings.data) == []


async def write(settings: Settings, number: int) -> None:
    """Acknowledged by both servers when it returns; Valkey's file is written at the latest a second later."""
    connection = await asyncpg.connect(settings.migrator_database_url, timeout=10)
    try:
        await connection.execute("INSERT INTO public.kept VALUES ($1)", number)
    finally:
        await connection.close()
    async with redis.asyncio.from_url(settings.redis_url) as client:
        await client.rpush("kept", number)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_nothing_acknowledged_is_lost_over_random_kills(seed: int) -> None:
    chance = random.Random(seed)
    with short_folder() as folder:
        environ = environment(folder)
        written = 0
        for _ in range(10):
            with running(environ) as run:
                settings = run.ready().settings
                connection = await asyncpg.connect(settings.migrator_database_url)
                await connection.execute("CREATE TABLE IF NOT EXISTS public.kept (number int)")
                kept = [row["number"] for row in await connection.fetch("SELECT number FROM public.kept ORDER BY 1")]
                await connection.close()
                async with redis.asyncio.from_url(settings.redis_url) as client:
                    listed = [int(number) for number in await client.lrange("kept", 0, -1)]
                assert kept == listed == list(range(written))
                for _ in range(chance.randrange(1, 20)):
                    await write(settings, written)
                    written += 1
                victims = [run.process.pid, *orphans.find(settings.data)]
                for victim in chance.sample(victims, chance.randrange(1, len(victims) + 1)):
                    with suppress(ProcessLookupError):  # the postmaster's death may have ended it first
                        os.kill(victim, signal.SIGKILL)
