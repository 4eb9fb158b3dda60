"""Measures the memory (resident set) of an API process that serves the whole community: every token verified and
remembered, every card read and held. In MB; 10,000 tokens and 50,000 cards on the stage of `make perf`.

Somebody's built For You holds each stretch of 20 videos, so that all pages together show every one. The card cache may
grow to as much as they take.
"""

import asyncio
import os
from typing import Final

from app.core.cursors import Keyset
from app.stores import open_stores
from perf.paths.asked import FOR_YOU
from perf.readings import Reading
from perf.servers.machine import resident_bytes
from perf.servers.rounds import Side, warm
from perf.servers.stage import Stage

PAGE: Final = 20
AT_ONCE: Final = 1000
MB: Final = 1_000_000
CARD_CACHE_BYTES: Final = 256 * 2**20


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    people = stage.people()
    asyncio.run(_spread(stage))
    server = stage.server("product", "memory", KINORA_CARD_CACHE_BYTES=str(CARD_CACHE_BYTES))
    for _ in range(2):  # the second time everything is held
        warm(Side(server, FOR_YOU, stage.tokens, len(people)))
    size_mb = resident_bytes(server.pid) / MB
    stage.stop("memory")
    return Reading("memory", f"memory of an API process, {len(people)} tokens", size_mb, unit="MB")


async def _spread(stage: Stage) -> None:
    """Builds feeds that hold every video, one page each and one video more, which says that there is another."""
    async with open_stores(stage.settings) as stores:
        video_ids: list[str] = []
        after: Keyset | None = None
        while rows := await stores.videos.fresh(after, AT_ONCE):
            video_ids += [video_id for _, video_id in rows]
            after = Keyset(*rows[-1])
        user_ids = stage.user_ids(len(stage.people()))
        for place, user_id in enumerate(user_ids):
            first = place * PAGE % max(1, len(video_ids) - PAGE)
            entries = [(10**9 - rank, video_id) for rank, video_id in enumerate(video_ids[first : first + PAGE + 1])]
            await stores.feeds.build("feed", user_id, os.urandom(8).hex(), entries)
