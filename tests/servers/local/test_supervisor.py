"""`kinora run`: starting, staying up, stopping, starting again; with real servers and tiny services."""

import os
import signal
import socket

import asyncpg
import pytest
import redis.asyncio

from app.core.config import Settings
from app.local import orphans
from app.local.program import wait_until
from tests.servers.engines import short_folder
from tests.servers.local.runs import TIMEOUT_S, Run, environment, running


async def write(run: Run, text: str) -> None:
    connection = await asyncpg.connect(run.settings.migrator_database_url)
    await connection.execute(f"CREATE TABLE public.kept AS SELECT '{text}' AS text")
    await connection.close()
    async with redis.asyncio.from_url(run.settings.redis_url) as client:
        await client.set("kept", text)


async def read(run: Run) -> tuple[object, object]:
    connection = await asyncpg.connect(run.settings.migrator_database_url)
    row = await connection.fetchval("SELECT text FROM public.kept")
    await connection.close()
    async with redis.asyncio.from_url(run.settings.redis_url, decode_responses=True) as client:
        return row, await client.get("kept")


async def test_data_survives_a_restart_and_ctrl_c_stops_all_in_order() -> None:
    with short_folder() as folder:
        environ = environment(folder)
        with running(environ) as run:
            await write(run.ready(), "first")
            assert run.end(signal.SIGINT) == 0
            assert run.output.endswith("Stopping…\nKinora has stopped.\n")
            assert orphans.find(run.settings.data) == []
            log = (run.settings.data.logs / "postgres.log").read_text()
            assert "database system is shut down" in log
        with running(environ) as again:
            assert await read(again.ready()) == ("first", "first")


async def test_each_child_comes_back_after_a_kill_with_what_was_written() -> None:
    with short_folder() as folder, running(environment(folder)) as run:
        await write(run.ready(), "before")
        for name in ("postgres", "valkey", "worker", "api"):
            [pid] = run.pids(name)
            os.kill(pid, signal.SIGKILL)
            run.says(f"{name} ended (SIGKILL); starting it again.\n{name} is back.\n")
            assert run.pids(name) != [pid]
        assert await read(run) == ("before", "before")


async def test_a_run_after_a_killed_supervisor_takes_over() -> None:
    with short_folder() as folder:
        environ = environment(folder)
        with running(environ) as run:
            await write(run.ready(), "before")
            assert run.end(signal.SIGKILL) == -signal.SIGKILL
            with running(environ) as again:
                assert await read(again.ready()) == ("before", "before")


async def test_everything_killed_at_once_starts_again() -> None:
    with short_folder() as folder:
        environ = environment(folder)
        with running(environ) as run:
            await write(run.ready(), "before")
            for pid in [run.process.pid, *orphans.find(run.settings.data)]:
                os.kill(pid, signal.SIGKILL)
            run.end()
            assert (run.settings.data.cluster / "postmaster.pid").exists()
            with running(environ) as again:
                assert await read(again.ready()) == ("before", "before")


def test_a_second_run_on_the_same_folder_is_refused() -> None:
    with short_folder() as folder, running(environment(folder)) as run:
        run.ready()
        second = Run(environment(folder))
        assert second.end() == 1
        assert second.output == (
            f"Another Kinora (process {run.process.pid}) is using {folder}/data: "
            "stop it, or set KINORA_DATA to another folder.\n"
        )
        assert run.process.poll() is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_busy_port_is_refused_before_anything_starts(address: str) -> None:
    with short_folder() as folder, socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as busy:
        busy.bind((address, 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        with running(environment(folder, KINORA_PORT=port)) as run:
            assert run.end() == 1
            assert (
                run.output == f"Port {port} is in use by another program: stop it, or set KINORA_PORT to a free one.\n"
            )
            assert not run.settings.data.cluster.exists()


def test_a_child_that_keeps_dying_stops_everything_and_its_last_words_are_shown() -> None:
    with short_folder() as folder, running(environment(folder, KINORA_TINY_WORKER="fail")) as run:
        assert run.end() == 1
        assert "worker ended 5 times within 60 s (last: exit code 1); its log" in run.output
        assert run.output.endswith("the worker has no hands\n")
        assert orphans.find(run.settings.data) == []


def test_a_stop_while_starting_leaves_nothing_running() -> None:
    with short_folder() as folder, running(environment(folder)) as run:
        assert wait_until(lambda: run.settings.data.cluster.exists(), TIMEOUT_S)
        assert run.end(signal.SIGTERM) == 0
        assert orphans.find(run.settings.data) == []


def test_servers_named_in_the_environment_are_used_and_none_is_started(settings: Settings) -> None:
    urls = {
        "KINORA_DATABASE_URL": settings.database_url,
        "KINORA_MIGRATOR_DATABASE_URL": settings.migrator_database_url,
        "KINORA_REDIS_URL": settings.redis_url,
    }
    with short_folder() as folder, running(environment(folder, **urls)) as run:
        run.ready()
        assert not run.settings.data.cluster.exists()
        assert run.pids("valkey") == []
