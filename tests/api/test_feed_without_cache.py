"""Feeds while the feed cache is away: slower, plainer, and still pages without repeats to an end."""

import httpx
import msgspec

from app import main
from app.core.config import Settings
from app.stores import Stores, open_stores
from tests.factories import make_video, sign_up


async def test_for_you_goes_on_through_the_store_without_repeats(api_settings: Settings, stores: Stores) -> None:
    nowhere = "unix:///nonexistent/valkey.sock"
    away = msgspec.structs.replace(
        api_settings, feed_cache_url=nowhere, video_cache_url=nowhere, trending_cache_url=nowhere
    )
    async with open_stores(away) as opened:
        transport = httpx.ASGITransport(app=main.serving(away, opened, lambda: False))
        async with httpx.AsyncClient(transport=transport, base_url=away.public_url, timeout=30) as client:
            creator, viewer = await sign_up(client), await sign_up(client)
            mine = [(await make_video(stores, creator.user_id)).video_id for _ in range(12)]
            seen: list[str] = []
            cursor = ""
            for _ in range(4):
                answer = await client.get(f"/api/v1/feed/for-you?limit=5{cursor}", headers=viewer.headers)
                assert answer.status_code == 200, answer.text
                page = answer.json()
                assert page["sources"] == ["fresh"]
                seen += [video["video_id"] for video in page["videos"]]
                cursor = f"&cursor={page['next_cursor']}"
                if not page["has_more"]:
                    break
            assert len(seen) == len(set(seen))
            assert set(mine) <= set(seen)
            following = await client.get("/api/v1/feed/following", headers=viewer.headers)
            trending = await client.get("/api/v1/feed/trending")
            assert (following.status_code, trending.status_code) == (200, 200)
