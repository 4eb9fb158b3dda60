"""The process in front of the API, with one path more: a constant answer of $PERF_BODY, at the path CANNED.

    python -m perf.servers.edge

With $PERF_PLANT set to a path, each request for it is worked through twice.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from app import features
from app.core.clock import system_ms
from app.core.config import Settings, load
from app.edge import server
from app.http import logs
from app.http.access import AccessLog
from app.http.hot import Fields, HotRead, Waiter
from app.ports.limiter import Verdict
from app.stores import open_stores
from perf.servers.apps import CANNED, CannedRead


class Twice:
    """A hot read that asks and answers twice."""

    def __init__(self, read: HotRead) -> None:
        self.policy = read.policy
        self._read = read

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, Any] | None:
        self._read.ask(query, fields, host)
        return self._read.ask(query, fields, host)

    def answer(self, asked: Any, replies: list[Any]) -> Any:
        self._read.answer(asked, replies)
        return self._read.answer(asked, replies)

    async def in_full(self, asked: Any, verdict: Verdict) -> Any:
        return await self._read.in_full(asked, verdict)


async def run(settings: Settings, canned: bytes) -> None:
    """Until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_stores(settings) as stores:
        built = features.build(settings, stores, system_ms)
        hot = {**built.hot, CANNED: CannedRead(settings, stores, canned)}
        planted = os.environ.get("PERF_PLANT")
        if planted:
            hot[planted] = Twice(hot[planted])
        built = msgspec.structs.replace(built, hot=hot)
        await server.serve(settings, server.shared(settings, stores, built, system_ms, AccessLog()), stop)


if __name__ == "__main__":
    found = load(os.environ, os.getcwd())
    logs.configure(found.log_level)
    uvloop.run(run(found, Path(os.environ["PERF_BODY"]).read_bytes()))
