"""Fixtures every test may ask for. One PostgreSQL and one Valkey serve the whole session, migrated once.

Tests share them and keep apart by ids of their own (`app.core.ids`), never by emptying anything.
"""

from collections.abc import Iterator

import pytest

from app.core.config import Settings
from tests.servers.engines import running_engines, short_folder


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """Settings that lead to the session's engines."""
    with short_folder() as folder, running_engines(folder) as settings:
        yield settings


@pytest.fixture(scope="session")
def database_url(settings: Settings) -> str:
    """PostgreSQL as the application's role."""
    return settings.database_url


@pytest.fixture(scope="session")
def migrator_database_url(settings: Settings) -> str:
    """PostgreSQL as the role that owns the schema."""
    return settings.migrator_database_url


@pytest.fixture(scope="session")
def redis_url(settings: Settings) -> str:
    """Valkey."""
    return settings.redis_url
