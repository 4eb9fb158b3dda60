from collections.abc import AsyncIterator

import pytest

from tests.servers.events import EventWorld, event_world


@pytest.fixture(scope="session")
async def engines() -> AsyncIterator[EventWorld]:
    async with event_world() as world:
        yield world


@pytest.fixture
async def world(engines: EventWorld) -> EventWorld:
    """Engines that nothing has happened on yet."""
    await engines.clear()
    return engines
