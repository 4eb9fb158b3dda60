"""What Kinora holds in memory: at rest, while it transcodes, and while large files pass through it.

A process's share is its PSS, so that pages which several processes share count once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import sign_up
from tests.factories_media import plain
from tests.faults.journeys import active, check_playable, wish
from tests.faults.running import Run, json

MB = 10**6
AT_REST_BYTES = 700 * MB
TRANSCODE_BYTES = 1000 * MB
STREAM_BYTES = 60 * MB
PLAYABLE_S = 30.0
LARGE_BYTES = 300 * 2**20
CHUNK = bytes(2**20)


class Peak:
    """The most that some processes held while something happened."""

    def __init__(self, ask_bytes: Callable[[], int]) -> None:
        self.bytes = 0
        self._ask_bytes = ask_bytes

    async def during(self, work: Awaitable[Any]) -> Any:
        task = asyncio.ensure_future(work)
        while not task.done():
            self.bytes = max(self.bytes, await asyncio.to_thread(self._ask_bytes))
            await asyncio.wait({task}, timeout=0.1)
        return task.result()


@pytest.mark.long
def test_everything_at_rest_is_small(run: Run) -> None:
    held = run.memory_bytes()
    print(f"at rest: {held // MB} MB in {len(run.tree())} processes")
    assert held <= AT_REST_BYTES


@pytest.mark.long
async def test_a_phone_clip_is_playable_soon_and_costs_less_than_a_gigabyte(run: Run, tmp_path: Path) -> None:
    """On an idle machine: whatever else runs here while it is measured counts against it."""
    clip = plain(tmp_path / "phone.mp4", size="1080x1920", fps="30", seconds=10.0).read_bytes()
    async with httpx.AsyncClient(base_url=run.address, timeout=30) as client:
        author = await sign_up(client, "author")
        about = wish(clip, duration_sec=10, width=1080, height=1920)
        begun = json(await client.post("/api/v1/videos/upload", json=about, headers=author.headers))
        before = run.memory_bytes()
        await client.put(begun["upload_url"], content=clip, headers=begun["upload_headers"])
        arrived_s = time.monotonic()
        peak = Peak(run.memory_bytes)
        await peak.during(active(client, author, begun["video_id"]))
        took_s = time.monotonic() - arrived_s
        await check_playable(client, author, begun["video_id"])
    print(
        f"1080x1920, 10 s, {len(clip) // MB} MB: playable after {took_s:.1f} s, {(peak.bytes - before) // MB} MB more"
    )
    assert peak.bytes - before <= TRANSCODE_BYTES
    assert took_s <= PLAYABLE_S


@pytest.mark.long
async def test_large_files_pass_through_the_api_without_living_in_it(run: Run, tmp_path: Path) -> None:
    clip = plain(tmp_path / "clip.mp4", size="320x480", seconds=1.0).read_bytes()
    filler = LARGE_BYTES - len(clip)

    async def body() -> AsyncIterator[bytes]:
        """The clip, and after it a box that players skip (ISO/IEC 14496-12 §8.1.2)."""
        yield clip + filler.to_bytes(4, "big") + b"free"
        left = filler - 8
        while left:
            yield CHUNK[:left]
            left -= min(left, len(CHUNK))

    def api_bytes() -> int:
        return run.memory_bytes("api")

    async with httpx.AsyncClient(base_url=run.address, timeout=120) as client:
        author = await sign_up(client, "author")
        about = wish(clip, file_size_bytes=LARGE_BYTES)
        begun = json(await client.post("/api/v1/videos/upload", json=about, headers=author.headers))
        headers = begun["upload_headers"] | {"content-length": str(LARGE_BYTES)}
        before, up, down = api_bytes(), Peak(api_bytes), Peak(api_bytes)
        put = await up.during(client.put(begun["upload_url"], content=body(), headers=headers))
        assert put.status_code == 200, put.text
        await active(client, author, begun["video_id"])

        # The largest thing that is served is what was made of a clip: a file of ours in its place is as large as asked.
        made = json(await client.get(f"/api/v1/videos/{begun['video_id']}/download", headers=author.headers))
        [stored] = (run.settings.data.blobs / "media" / begun["video_id"]).glob("*/download.mp4")
        stored.unlink()
        with stored.open("wb") as file:
            file.truncate(LARGE_BYTES)
        half = LARGE_BYTES // 2

        async def download() -> int:
            seen = 0
            wanted = {"range": f"bytes={half}-"}
            async with client.stream("GET", made["download_url"], headers=wanted) as answer:
                assert answer.status_code == 206
                async for piece in answer.aiter_raw():
                    seen += len(piece)
            return seen

        assert await down.during(download()) == LARGE_BYTES - half
    print(f"API: {before // MB} MB, upload {(up.bytes - before) // MB} MB more, download {(down.bytes - before) // MB}")
    assert up.bytes - before < STREAM_BYTES
    assert down.bytes - before < STREAM_BYTES
