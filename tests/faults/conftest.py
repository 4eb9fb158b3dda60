"""The product's processes, shared by the tests of this folder: each leaves them running and sound."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.running import Kinora, running_kinora


@pytest.fixture(scope="session")
async def kinora() -> AsyncIterator[Kinora]:
    """API and worker on engines of their own."""
    async with running_kinora() as running:
        yield running
