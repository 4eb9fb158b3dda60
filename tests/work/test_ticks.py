import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import pytest

from app.core.errors import Unavailable
from app.work import ticks
from app.work.ticks import Tick, Ticks
from tests.servers.events import EventWorld, becomes, running

HOUR_S = 3_600.0


class Counter:
    """Something to run, that counts and then does what it is told to."""

    def __init__(self, then: Callable[[], Awaitable[object]] | None = None) -> None:
        self.runs = 0
        self._then = then

    async def __call__(self) -> None:
        self.runs += 1
        if self._then:
            await self._then()


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms


async def test_a_tick_runs_again_and_again(world: EventWorld) -> None:
    counter = Counter()
    began_s = time.monotonic()
    async with running(Ticks([Tick("again", 0.1, counter)], world.positions, "here")):
        await becomes(lambda: counter.runs >= 5, True)
    assert time.monotonic() - began_s >= 0.4
    assert counter.runs <= 10


async def test_of_many_processes_one_runs_a_tick(world: EventWorld) -> None:
    counter, clock = Counter(), Clock()
    many = [Ticks([Tick("hourly", HOUR_S, counter)], world.positions, f"p{n}", clock) for n in range(5)]
    async with running(*many):
        await becomes(lambda: counter.runs, 1)
    async with running(Ticks([Tick("hourly", HOUR_S, counter)], world.positions, "restarted", clock)):
        await becomes(lambda: holder(world, "hourly"), "restarted/ticks")
    assert counter.runs == 1  # it was not due
    clock.ms += int(HOUR_S * 1000)
    async with running(*many):
        await becomes(lambda: counter.runs, 2)
    assert sum(one.ran for one in many) == 2


async def test_a_failing_tick_is_logged_and_the_others_go_on(
    world: EventWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    broken, sound = Counter(fail), Counter()
    both = Ticks([Tick("broken", 0.1, broken), Tick("sound", 0.1, sound)], world.positions, "here")
    with caplog.at_level(logging.ERROR):
        async with running(both):
            await becomes(lambda: sound.runs >= 3 and broken.runs >= 3, True)
    assert "broken" in caplog.text
    assert both.failures == broken.runs
    assert both.ran == sound.runs


async def test_a_tick_whose_store_is_down_is_tried_again_before_it_is_due(world: EventWorld) -> None:
    async def down_once() -> None:
        if counter.runs == 1:
            raise Unavailable("The store is down.")

    counter = Counter(down_once)
    one = Ticks([Tick("hourly", HOUR_S, counter)], world.positions, "here")
    async with running(one):
        await becomes(lambda: one.ran, 1)
    assert (counter.runs, one.failures) == (2, 0)


async def test_a_hanging_tick_is_cancelled(world: EventWorld) -> None:
    async def hang_once() -> None:
        if counter.runs == 1:
            await asyncio.Event().wait()

    counter = Counter(hang_once)
    one = Ticks([Tick("hourly", HOUR_S, counter, limit_s=0.1)], world.positions, "here")
    async with running(one):
        await becomes(lambda: one.ran, 1)
    assert (counter.runs, one.failures) == (2, 1)


async def test_another_process_takes_over_from_one_that_died(
    world: EventWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "LOOK_EVERY_S", 0.05)
    await world.positions.acquire("tick", "mine", 0, "dead/ticks", 400)
    counter = Counter()
    async with running(Ticks([Tick("mine", 0.1, counter)], world.positions, "next")):
        await becomes(lambda: counter.runs >= 1, True)


async def test_a_process_that_dies_between_two_runs_keeps_no_other_waiting(world: EventWorld) -> None:
    counter, clock = Counter(), Clock()
    killed = asyncio.create_task(
        Ticks([Tick("mine", HOUR_S, counter)], world.positions, "killed", clock).run(asyncio.Event())
    )
    await becomes(lambda: counter.runs, 1)
    free = "SELECT lease_until <= now() FROM work.positions WHERE grp = 'tick' AND topic = 'mine'"
    await becomes(lambda: world.pool.fetchval(free), True)
    clock.ms += int(HOUR_S * 1000)
    async with running(Ticks([Tick("mine", HOUR_S, counter)], world.positions, "next", clock)):
        await becomes(lambda: counter.runs, 2)
    killed.cancel()
    await asyncio.wait({killed})


async def test_a_clock_set_back_stops_no_tick(world: EventWorld) -> None:
    counter, clock = Counter(), Clock()
    async with running(Ticks([Tick("hourly", HOUR_S, counter)], world.positions, "here", clock)):
        await becomes(lambda: counter.runs, 1)
    clock.ms -= 10 * int(HOUR_S * 1000)
    async with running(Ticks([Tick("hourly", HOUR_S, counter)], world.positions, "here", clock)):
        await becomes(lambda: counter.runs, 2)


async def test_a_stop_finishes_the_run_and_frees_the_lease(world: EventWorld) -> None:
    started, finish, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        started.set()
        await finish.wait()

    counter = Counter(slowly)
    one = Ticks([Tick("hourly", HOUR_S, counter)], world.positions, "here")
    work = asyncio.create_task(one.run(stop))
    await started.wait()
    stop.set()
    finish.set()
    await work
    assert one.ran == 1
    assert await world.positions.acquire("tick", "hourly", 0, "next", 1_000)


async def holder(world: EventWorld, name: str) -> str:
    """Who looked last whether a tick was due."""
    return str(await world.pool.fetchval("SELECT owner FROM work.positions WHERE grp = 'tick' AND topic = $1", name))
