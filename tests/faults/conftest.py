"""The product's processes, shared by the tests of this folder: each leaves them running and sound."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.faults.running import Kinora, Run, running_kinora, running_run


@pytest.fixture(scope="session")
async def kinora() -> AsyncIterator[Kinora]:
    """API and worker on engines of their own."""
    async with running_kinora() as running:
        yield running


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """All of `kinora run`."""
    with running_run() as running:
        yield running
