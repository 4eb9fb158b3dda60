"""What production hides, and where it is instead."""

import httpx
import msgspec
import pytest

from app import main
from app.core.config import ConfigError, Settings
from app.ports.media import SandboxReport
from app.stores import Stores, refuse_weak_sandbox

OPERATORS = ("/metrics", "/readyz", "/schema", "/schema/openapi.json")


def client_of(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")  # type: ignore[arg-type]


async def test_production_hides_the_operators_pages(api_settings: Settings, stores: Stores) -> None:
    production = msgspec.structs.replace(api_settings, env="production")
    async with client_of(main.serving(production, stores, lambda: False)) as client:
        assert [(await client.get(path)).status_code for path in OPERATORS] == [404] * 4
        assert (await client.get("/livez")).status_code == 200


async def test_the_operators_port_has_them(api_settings: Settings, stores: Stores) -> None:
    production = msgspec.structs.replace(api_settings, env="production")
    async with client_of(main.operator(production, stores, lambda: False)) as client:
        assert "kinora_queue_depth" in (await client.get("/metrics")).text
        assert (await client.get("/readyz")).json()["ready"] is True
        assert "/api/v1/feed/for-you" in (await client.get("/schema/openapi.json")).json()["paths"]
        assert (await client.get("/api/v1/feed/trending")).status_code == 404


async def test_who_drains_is_not_ready(api_settings: Settings, stores: Stores) -> None:
    async with client_of(main.serving(api_settings, stores, lambda: True)) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)


def test_production_refuses_a_weak_sandbox(api_settings: Settings) -> None:
    weak = SandboxReport(kind="limits", ffmpeg_version="n9", warning="Sources are confined by limits only.")
    refuse_weak_sandbox(api_settings, weak)
    with pytest.raises(ConfigError, match="KINORA_ENV=production"):
        refuse_weak_sandbox(msgspec.structs.replace(api_settings, env="production"), weak)
