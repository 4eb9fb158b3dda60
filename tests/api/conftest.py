"""The whole application in this process, on the session's real engines."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest

from app import features, main
from app.core.clock import system_ms
from app.core.config import Settings
from app.services.feed import common
from app.stores import Stores, open_stores
from tests.api.happenings import Happenings
from tests.api.island import Island, running_island


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each For You asks for what is the same for all: these tests write, and look within the same second."""
    monkeypatch.setattr(common, "BELIEVED_MS", 0)


@pytest.fixture(scope="session")
def api_settings(settings: Settings) -> Settings:
    """The session's engines with limits that tests of other things don't run into."""
    wide = {"uploads_per_hour": 10_000, "feeds_per_minute": 10_000, "likes_per_hour": 10_000}
    return msgspec.structs.replace(settings, comments_per_minute=10_000, requests_per_minute=100_000, **wide)


@pytest.fixture(scope="session")
async def stores(api_settings: Settings) -> AsyncIterator[Stores]:
    """Every adapter, opened."""
    async with open_stores(api_settings) as opened:
        yield opened


@pytest.fixture(scope="session")
async def client(api_settings: Settings, stores: Stores) -> AsyncIterator[httpx.AsyncClient]:
    """Requests to the application, without a network between."""
    app = main.serving(api_settings, stores, lambda: False)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url=api_settings.public_url, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="session")
def built(api_settings: Settings, stores: Stores) -> features.Features:
    """The services, as the workers use them."""
    return features.build(api_settings, stores, system_ms)


@pytest.fixture(scope="session")
async def happenings(database_url: str, stores: Stores, built: features.Features) -> AsyncIterator[Happenings]:
    """What writes caused, and the handlers that it goes to."""
    conn = await asyncpg.connect(database_url)
    yield Happenings(conn, stores, built)
    await conn.close()


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Island]:
    """A platform of the module's own."""
    async with running_island() as island:
        yield island


@pytest.fixture
async def island(place: Island) -> Island:
    """The same, with nothing on it."""
    await place.clear()
    return place
