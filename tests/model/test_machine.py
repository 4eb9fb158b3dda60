"""The feed contract as a state machine: whatever people do and whatever becomes of events and caches, every page shows
only what it may, repeats and skips nothing, and when all has settled everything is what the model says."""

import asyncio
import os

import pytest

from tests.model.machine import machine_on, run
from tests.model.world import World

SEED = 4
RUNS, STEPS = 100, 5_000
LONG = 10
PARTS = 4  # of the long runs: two cores have something to do for as long as one
TIMES = int(os.environ.get("KINORA_SOAK_TIMES", "1"))


@pytest.mark.timeout(600)
def test_the_feeds_keep_their_contract(world: World, loop: asyncio.AbstractEventLoop) -> None:
    machine = machine_on(world, loop)
    run(machine, runs=RUNS, seed_=SEED, shrink=True)
    assert machine.runs >= RUNS
    assert machine.steps >= STEPS


@pytest.mark.long
@pytest.mark.timeout(1200 * TIMES)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_feeds_keep_their_contract_for_long(world: World, loop: asyncio.AbstractEventLoop, part: int) -> None:
    machine = machine_on(world, loop)
    for number in range(TIMES):
        run(machine, runs=RUNS * LONG // PARTS, seed_=SEED + 1 + PARTS * number + part, shrink=True)
    assert machine.runs >= RUNS * LONG // PARTS * TIMES
    assert machine.steps >= STEPS * LONG // PARTS * TIMES
