"""Read, step, save: the one loop around every conditional write of a record."""

import logging
from collections.abc import Callable
from typing import Final

from app.core.errors import NotFound, Stale
from app.core.events import Receipt
from app.ports.videos import Video, Videos
from app.services.video.lifecycle import Step

TRIES: Final = 8

log = logging.getLogger(__name__)


async def change(
    videos: Videos,
    video_id: str,
    step: Callable[[Video], Step | None],
    *,
    cause: str | None = None,
    receipt: Receipt | None = None,
) -> Video:
    """Saves what `step` makes of the stored record, again from the newest one if it changed meanwhile.

    `step` returns None if there is nothing to do (any more), and raises what should be told to the caller. Raises
    NotFound if there is no record, Stale after 8 lost races.
    """
    for _ in range(TRIES):
        found = await videos.get(video_id)
        if found is None:
            raise NotFound("There is no such video.")
        made = step(found.video)
        if made is None:
            return found.video
        try:
            return await videos.save(made[0], events=made[1], cause=cause, receipt=receipt)
        except Stale:  # somebody else's step came first: decide anew
            log.info("a video was changed meanwhile: once more", extra={"video_id": video_id})
    raise Stale("This video is being changed from many sides at once.")
