"""kill -9 of worker processes in the middle of relaying and handling, two of them fighting for the same work."""

import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.adapters.postgres.write import Store
from app.core import events
from app.core.clock import system_ms
from tests.faults.bus_worker_scenario import READERS
from tests.servers.events import EventWorld, becomes, event_world

SCENARIO = Path(__file__).with_name("bus_worker_scenario.py")
STORES: tuple[Store, ...] = ("social", "video", "activity")
KEYS = 12
PATIENCE_S = 120.0  # a killed worker's partitions are free when their leases have run out


@pytest.fixture(scope="module")
async def engines() -> AsyncIterator[EventWorld]:
    async with event_world() as world:
        await world.define("given", "seq bigserial PRIMARY KEY, grp text, owner text, key text, n int, fresh bool")
        yield world


@pytest.fixture
async def world(engines: EventWorld) -> EventWorld:
    await engines.clear()
    return engines


def a_worker(world: EventWorld, owner: str) -> subprocess.Popen[bytes]:
    """Started, and at work."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, str(SCENARIO), world.database_url, world.valkey.url, owner]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"at work\n"
    return process


async def emit(world: EventWorld, first: int, count: int) -> None:
    for number in range(first, first + count):
        store = STORES[number % 3]
        type_ = "video.liked" if number % 2 else "video.changed"
        await world.emit(store, events.event(type_, f"{store}/{number // 3 % KEYS}", system_ms(), n=number))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_killed_workers_lose_nothing_and_repeat_no_effect(world: EventWorld, seed: int) -> None:
    draw = random.Random(seed)
    workers = [a_worker(world, f"start {place}") for place in range(2)]
    emitted = 0
    try:
        for round_ in range(10):
            await emit(world, emitted, count := draw.randrange(20, 120))
            emitted += count
            if draw.random() < 0.3:
                world.valkey.flush()
            place = draw.randrange(2)
            workers[place].kill()
            workers[place].communicate()
            workers[place] = a_worker(world, f"round {round_}")
        wanted = {
            "counts": [number for number in range(emitted) if number % 2],
            "feeds": list(range(emitted)),
        }
        assert set(wanted) == set(READERS)
        for group, numbers in wanted.items():
            await becomes(lambda group=group: effects(world, group), numbers, PATIENCE_S)  # type: ignore[misc]
            assert await disorder(world, group) == []
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


async def effects(world: EventWorld, group: str) -> list[int]:
    """Numbers of the events that had their effect, one for each time."""
    topics = READERS[group]
    rows = await world.pool.fetch("SELECT n FROM given WHERE grp = $1 AND fresh ORDER BY n", group)
    return [n for (n,) in rows if (events.USER_INTERACTION if n % 2 else events.FEED_UPDATE) in topics]


async def disorder(world: EventWorld, group: str) -> list[tuple[str, int]]:
    """Effects that came after that of a later event of the same key."""
    rows = await world.pool.fetch(
        """SELECT key, n FROM (
            SELECT key, n, max(n) OVER (PARTITION BY key ORDER BY seq) AS latest FROM given WHERE grp = $1 AND fresh
        ) passed WHERE n < latest""",
        group,
    )
    return [(key, n) for key, n in rows]
