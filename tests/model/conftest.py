"""The world that every run of the model shares."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.model.world import World, opened_world, small_sizes
from tests.servers.engines import running_engines, short_folder


@pytest.fixture(scope="package")
async def world() -> AsyncIterator[World]:
    """The application on engines of its own."""
    with short_folder() as folder, running_engines(folder) as settings, small_sizes():
        # A For You is built in time on a busy machine too: what is cut short there is no matter of the model's.
        patient = msgspec.structs.replace(settings, for_you_budget_ms=20_000)
        async with opened_world(patient) as opened:
            yield opened


@pytest.fixture(scope="session")
async def loop() -> asyncio.AbstractEventLoop:
    """The session's one loop: Hypothesis calls plain functions, which run their coroutines there."""
    return asyncio.get_running_loop()
