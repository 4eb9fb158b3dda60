"""Clients of the upload door that stall, drip, leave or are cut off: sent away in time, and nothing left of them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.adapters.files.blobs import FileBlobs
from app.adapters.files.put_door import PutDoor
from app.core import ids
from app.core.clock import HOUR_MS, system_ms


class Door:
    """A door over an empty folder, driven message by message."""

    def __init__(self, folder: Path, *, window_s: float = 25.0) -> None:
        self.folder = folder
        self.blobs = FileBlobs(folder, b"s" * 32)
        self.app = PutDoor(self.blobs, self._arrived, window_s=window_s)
        self.sent: list[Any] = []

    async def _arrived(self, key: str) -> None:
        pytest.fail(f"{key} arrived")

    async def put(self, size_bytes: int, receive: Callable[[], Awaitable[Any]]) -> None:
        """One PUT of a new upload that promises so many bytes."""
        key = f"uploads/{ids.new('vid')}"
        parts = urlsplit(self.blobs.sign_put(key, size_bytes, "video/mp4", system_ms() + HOUR_MS).url)
        query = parts.query.encode()
        scope = {"type": "http", "method": "PUT", "path": parts.path, "query_string": query, "headers": []}

        async def send(message: Any) -> None:
            self.sent.append(message)

        await self.app(scope, receive, send)

    def left_over(self) -> list[Path]:
        """Files of any kind, once the clean-up behind the request is done."""
        self.blobs.close()
        return [path for path in self.folder.rglob("*") if path.is_file() and path.parent.name != ".locks"]


def receiving(*messages: dict[str, Any], then: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """An ASGI `receive` that gives these messages, then waits as told."""
    waiting = iter(messages)

    async def receive() -> Any:
        message = next(waiting, None)
        return message if message is not None else await then()

    return receive


def body(chunk: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": chunk, "more_body": True}


async def test_a_client_that_stalls_is_sent_away(tmp_path: Path) -> None:
    door = Door(tmp_path, window_s=0.05)

    await door.put(40, receiving(body(b"x"), then=asyncio.Event().wait))

    assert door.sent[0]["status"] == 408
    assert (b"connection", b"close") in door.sent[0]["headers"]
    assert door.left_over() == []


async def test_a_client_that_drips_is_sent_away_as_well(tmp_path: Path) -> None:
    door = Door(tmp_path, window_s=0.1)

    async def drip() -> Any:
        await asyncio.sleep(0.001)  # the drip itself: a byte each millisecond, far below a window's least
        return body(b"x")

    await door.put(40_000, drip)

    assert door.sent[0]["status"] == 408
    assert door.left_over() == []


async def test_a_client_that_goes_leaves_nothing_and_gets_no_answer(tmp_path: Path) -> None:
    door = Door(tmp_path)

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    await door.put(40, receiving(body(b"x"), then=gone))

    assert door.sent == []
    assert door.left_over() == []


async def test_a_cancelled_request_leaves_nothing(tmp_path: Path) -> None:
    door = Door(tmp_path)
    waits = asyncio.Event()

    async def then_waits() -> Any:
        waits.set()
        return await asyncio.Event().wait()

    receive = receiving(body(b"x" * 2_000_000), then=then_waits)
    task = asyncio.create_task(door.put(10_000_000, receive))
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert door.sent == []
    assert door.left_over() == []
