"""The application in a process of its own, where people sign up and read feeds: `twins_scenario.py`, with settings
in the environment. Prints which kernels are loaded as extensions, and what was read, as one JSON object.
"""

import asyncio
import json
import os
import sys
from typing import Any

import httpx

import app.commands
import app.workers  # noqa: F401 (nothing of theirs is asked, but what they import counts)
from app import main
from app.core.config import load
from app.stores import open_stores
from tests.api.asking import ids, walk
from tests.api.feeding import feed
from tests.factories import make_video, sign_up

FOR_YOU, FOLLOWING, TRENDING = (f"/api/v1/feed/{name}?limit=2" for name in ("for-you", "following", "trending"))


async def scenario() -> dict[str, Any]:
    settings = load(os.environ, "/")
    async with open_stores(settings) as stores:
        transport = httpx.ASGITransport(app=main.serving(settings, stores, lambda: False), raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=settings.public_url, timeout=30) as client:
            author, fan = await sign_up(client), await sign_up(client)
            await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
            made = [(await make_video(stores, author.user_id)).video_id for _ in range(5)]
            built, kept = [ids(await walk(client, FOLLOWING, fan.headers, key="videos")) for _ in range(2)]
            for_you = [len((await feed(client, FOR_YOU, fan.headers))["videos"]) for _ in range(2)]
            await feed(client, TRENDING)
    return {"made": made, "built": built, "kept": kept, "for_you": for_you}


if __name__ == "__main__":
    found = asyncio.run(scenario())
    loaded = [getattr(module, "__file__", None) or "" for name, module in sys.modules.items() if "hotpath" in name]
    print(json.dumps(found | {"extensions": [file for file in loaded if not file.endswith(".py")]}))
