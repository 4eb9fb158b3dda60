"""Feeds for tests: many videos at once, and a whole feed read to its end."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import httpx

from app.core import ids
from app.core.clock import system_ms
from app.ports.videos import Video
from app.stores import Stores
from tests.api.island import Island
from tests.contract.people import join
from tests.factories import MEDIA, Person, record

FEED_KEYS: Final = {"videos", "next_page", "next_cursor", "has_more", "sources", "playback_token"}


async def stock(stores: Stores, user_id: str, count: int, until_ms: int | None = None, **fields: Any) -> list[Video]:
    """Active videos, one a second up to `until_ms`, newest first; nobody is told of them."""
    until_ms = until_ms or system_ms()
    active = {"status": "active", "moderation_status": "approved", "media": MEDIA, "duration_ms": 10_000}
    videos = []
    for n in range(count):
        at_ms = until_ms - n * 1000
        video = record(user_id, at_ms, published_at=at_ms, processed_at=at_ms, **(active | fields))
        await stores.videos.create(video, quota_bytes=2**50)
        videos.append(video)
    return videos


async def authors(stores: Stores, count: int) -> list[str]:
    return [(await join(stores.accounts)).user_id for _ in range(count)]


async def stock_of(
    stores: Stores, people: Sequence[str], each: int, until_ms: int | None = None, **fields: Any
) -> list[Video]:
    return [video for one in people for video in await stock(stores, one, each, until_ms, **fields)]


async def watch(island: Island, reader: Person, video_ids: Sequence[str]) -> None:
    for video_id in video_ids:
        body = {"type": "start", "watched_ms": 0, "position_ms": 0, "event_id": ids.new("evt")}
        answer = await island.client.post(f"/api/v1/videos/{video_id}/views", headers=reader.headers, json=body)
        assert answer.status_code == 202, answer.text


async def read_by_page(
    client: httpx.AsyncClient,
    url: str,
    headers: dict[str, str],
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> list[str]:
    """The ids of a feed, page after page by `next_page`."""
    found: list[str] = []
    number: int | None = 0
    for _ in range(60):
        page = await feed(client, httpx.URL(url).copy_merge_params({"page": number}), headers)
        found += [card["video_id"] for card in page["videos"]]
        assert page["has_more"] == (page["next_page"] is not None)
        if page["next_page"] is None:
            return found
        assert page["next_page"] == (number or 0) + 1
        number = page["next_page"]
        if meanwhile is not None:
            await meanwhile()
    raise AssertionError("no end")


async def feed(client: httpx.AsyncClient, url: httpx.URL | str, headers: dict[str, str] | None = None) -> Any:
    """One page of a feed, its form checked."""
    answer = await client.get(url, headers=headers)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert set(page) - {"playback_token"} == FEED_KEYS - {"playback_token"}
    assert page["has_more"] == (page["next_cursor"] is not None)
    return page
