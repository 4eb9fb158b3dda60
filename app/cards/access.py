"""Whether somebody may see one video, told from the record: at once right after any change."""

import asyncio

from app.cards import rules
from app.cards.card import Card
from app.cards.hydrate import Hydrator
from app.cards.viewer import ViewerState
from app.core import ids
from app.core.errors import NotFound
from app.ports.users import Users
from app.ports.videos import VideoAndCounts, Videos


class Access:
    """The door to single videos: every write that names one goes through it."""

    def __init__(self, videos: Videos, users: Users, hydrator: Hydrator) -> None:
        self._videos = videos
        self._users = users
        self._hydrator = hydrator

    async def visible(self, viewer_id: str | None, video_id: str) -> tuple[VideoAndCounts, ViewerState | None]:
        """The record and the viewer's state, if this viewer may see it; NotFound otherwise, whatever the reason.

        Its author sees a video in every state but deleted.
        """
        absent = NotFound("There is no such video.")
        if not ids.is_id(video_id, "vid"):
            raise absent
        record, state = await asyncio.gather(self._videos.get(video_id), self._hydrator.viewer(viewer_id))
        if record is None or record.video.status == "deleted":
            raise absent
        video = record.video
        if viewer_id != video.user_id:
            active = video.status == "active"
            mark = Card(video_id, 0, video.visibility, active, video.user_id, video.published_at or 0)
            if not rules.may_see(mark, state) or not await self._stands(video.user_id):
                raise absent
        return record, state

    async def _stands(self, user_id: str) -> bool:
        author = await self._users.get(user_id)
        return author is not None and author.suspended_at is None

    async def author_of(self, video_id: str) -> str:
        """Whose video it is, for what is allowed whether or not one may see it; NotFound if there never was one."""
        record = await self._videos.get(video_id)
        if record is None:
            raise NotFound("There is no such video.")
        return record.video.user_id
