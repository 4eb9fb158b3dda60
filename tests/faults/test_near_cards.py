"""A changed or hidden card is gone from every API process within 50 ms of the change's acknowledgement."""

import asyncio
import re
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.stores import open_stores
from tests.factories import make_video, sign_up
from tests.faults.running import json, running_kinora
from tests.faults.stale import GONE_S, stale_s

CHANGES = 40
CONNECTIONS = 8  # spread over the processes by the kernel


def serving(folder: Path) -> int:
    """Processes that answered requests, by the metrics that each writes for itself."""
    return sum(b"kinora_request_seconds" in path.read_bytes() for path in folder.glob("histogram_*.db"))


@pytest.mark.long
async def test_a_change_reaches_every_process_within_50_ms() -> None:
    async with running_kinora(KINORA_API_PROCESSES="2") as kinora, AsyncExitStack() as stack:
        base = kinora.client.base_url
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=30)) for _ in range(CONNECTIONS)
        ]
        author, fan = await sign_up(kinora.client, "author"), await sign_up(kinora.client, "fan")
        async with open_stores(kinora.settings) as stores:
            video = await make_video(stores, author.user_id)
        address, profile = f"/api/v1/videos/{video.video_id}", f"/api/v1/users/{author.user_id}/videos"

        async def shown(client: httpx.AsyncClient) -> list[Any]:
            videos: list[Any] = json(await client.get(profile, headers=fan.headers))["videos"]
            return [(each["title"], each["visibility"]) for each in videos]

        async def change(**fields: str) -> float:
            json(await kinora.client.patch(address, json=fields, headers=author.headers))
            return time.monotonic()

        async def everywhere(changed_s: float, wanted: list[Any]) -> list[float]:
            return await asyncio.gather(*(stale_s(partial(shown, client), changed_s, wanted) for client in clients))

        await everywhere(time.monotonic(), [(video.title, "public")])
        assert serving(kinora.settings.data.metrics) == 2
        late_s: list[float] = []
        for number in range(CHANGES):
            shown_then = [(f"Title {number}", "public")]
            late_s += await everywhere(await change(title=f"Title {number}"), shown_then)
            late_s += await everywhere(await change(visibility="private"), [])
            late_s += await everywhere(await change(visibility="public"), shown_then)
        print(f"seen {max(late_s) * 1000:.1f} ms after a change at the latest")
        assert max(late_s) < GONE_S
        metrics = (await kinora.client.get("/metrics")).text
        [found] = re.findall(r'^kinora_cards_total\{where="process"\} ([0-9.]+)$', metrics, re.MULTILINE)
        assert float(found) > CHANGES * CONNECTIONS  # it was their memory that was asked
