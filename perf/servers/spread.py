"""Feeds that show everything: somebody's built For You for each stretch of 20 videos."""

import asyncio
from typing import Final

from app.core.clock import system_ms
from app.core.cursors import Keyset
from app.services.feed.position import letters_of, new_generation
from app.stores import open_stores
from perf.servers.stage import Stage

PAGE: Final = 20
AT_ONCE: Final = 1000


def spread(stage: Stage) -> None:
    """Builds them for the whole community, one page each and one video more, which says that there is another."""
    asyncio.run(_spread(stage))


async def _spread(stage: Stage) -> None:
    async with open_stores(stage.settings) as stores:
        video_ids: list[str] = []
        after: Keyset | None = None
        while rows := await stores.videos.fresh(after, AT_ONCE):
            video_ids += [video_id for _, video_id in rows]
            after = Keyset(*rows[-1])
        now_ms = system_ms()
        generation = new_generation(now_ms, letters_of(["fresh"]))
        user_ids = stage.user_ids(len(stage.people()))
        for place, user_id in enumerate(user_ids):
            first = place * PAGE % max(1, len(video_ids) - PAGE)
            entries = [(now_ms - rank, video_id) for rank, video_id in enumerate(video_ids[first : first + PAGE + 1])]
            await stores.feeds.build("feed", user_id, generation, entries)
