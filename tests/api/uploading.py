"""Uploads for tests: what a client announces, and files that begin as videos do and hold nothing."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx

from tests.factories import Person

HEAD: Final = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41"
CHUNK: Final = 2**20


def clip(size_bytes: int) -> bytes:
    """A file of this size."""
    return HEAD + bytes(size_bytes - len(HEAD))


async def body_of(data: bytes) -> AsyncIterator[bytes]:
    """The bytes as a stream."""
    yield data


def announced(size_bytes: int = 1000, **more: Any) -> dict[str, Any]:
    """The body that starts an upload."""
    body = {"title": "A clip", "duration_sec": 10, "file_size_bytes": size_bytes, "width": 720, "height": 1280}
    return body | more


async def begin(client: httpx.AsyncClient, who: Person, size_bytes: int = 1000, **more: Any) -> dict[str, Any]:
    """Starts an upload; the answer."""
    answer = await client.post("/api/v1/videos/upload", headers=who.headers, json=announced(size_bytes, **more))
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def send(client: httpx.AsyncClient, started: dict[str, Any], body: bytes) -> httpx.Response:
    """The whole file in one PUT."""
    return await client.put(started["upload_url"], headers=started["upload_headers"], content=body)


async def uploaded(client: httpx.AsyncClient, who: Person, size_bytes: int = 1000, **more: Any) -> str:
    """The id of a video whose file has arrived."""
    started = await begin(client, who, size_bytes, **more)
    assert (await send(client, started, clip(size_bytes))).status_code == 200
    return str(started["video_id"])


async def send_part(client: httpx.AsyncClient, url: str, body: bytes) -> dict[str, Any]:
    """One part with its checksum; what `complete` wants to hear of it."""
    checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
    answer = await client.put(url, headers={"x-amz-checksum-sha256": checksum}, content=body)
    assert answer.status_code == 200, answer.text
    return {"etag": answer.headers["etag"], "checksum_sha256": checksum}


async def status(client: httpx.AsyncClient, who: Person, video_id: str) -> dict[str, Any]:
    """Where a video stands, as its author is told."""
    answer = await client.get(f"/api/v1/videos/{video_id}/status", headers=who.headers)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made
