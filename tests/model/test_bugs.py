"""The machine finds what it is there to find: each planted fault, from the seed with which the product passes."""

import asyncio
import time

import pytest

from tests.model.bugs import BUGS
from tests.model.machine import machine_on, run
from tests.model.test_machine import RUNS, SEED
from tests.model.world import World

FOUND_WITHIN_S = 20.0


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(world: World, loop: asyncio.AbstractEventLoop, name: str) -> None:
    world.restart()  # nothing of another bug is remembered
    began_s = time.monotonic()
    with BUGS[name](), pytest.raises(AssertionError) as found:
        run(machine_on(world, loop), runs=RUNS, seed_=SEED, shrink=False)
    assert time.monotonic() - began_s < FOUND_WITHIN_S
    assert "state = FeedMachine()" in "".join(found.value.__notes__)  # and shows how
