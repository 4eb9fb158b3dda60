"""Likes, saves and shares."""

from app.cards.access import Access
from app.cards.refresh import Refresh
from app.core import events
from app.core.clock import Clock
from app.http.viewer import Viewer
from app.ports.graph import Toggled
from app.ports.reactions import Reaction, Reactions
from app.ports.users import Users
from app.services.social.schemas import Shared

_FACTS = {
    ("like", True): "video.liked",
    ("like", False): "video.unliked",
    ("save", True): "video.saved",
    ("save", False): "video.unsaved",
}


class ReactionActions:
    """The writes on videos that are not one's own words."""

    def __init__(
        self, access: Access, reactions: Reactions, users: Users, refresh: Refresh, public_url: str, clock: Clock
    ) -> None:
        self._access = access
        self._reactions = reactions
        self._users = users
        self._refresh = refresh
        self._public_url = public_url
        self._clock = clock

    async def toggle(
        self,
        reaction: Reaction,
        viewer: Viewer,
        video_id: str,
        on: bool,
        op_seq: int | None,
        seen_in: str | None = None,
    ) -> Toggled:
        """Sets or clears a like or save of a video the viewer may see; the count includes it. `seen_in` is the country
        of a viewer whose profile names none."""
        record, _ = await self._access.visible(viewer.user_id, video_id)
        now_ms = self._clock()
        fact = events.event(
            _FACTS[reaction, on],
            viewer.user_id,
            now_ms,
            video_id=video_id,
            user_id=viewer.user_id,
            author_id=record.video.user_id,
            region=await self._region(viewer) or seen_in,
        )
        toggled = await self._reactions.toggle(
            reaction, viewer.user_id, video_id, on, op_seq=op_seq, now_ms=now_ms, events=[fact]
        )
        await self._refresh.viewers([viewer.user_id])
        return toggled

    async def share(self, viewer: Viewer, video_id: str, channel: str, seen_in: str | None = None) -> Shared:
        """Counts a share and gives the address to pass on; `seen_in` as with `toggle`."""
        record, _ = await self._access.visible(viewer.user_id, video_id)
        fact = events.event(
            "video.shared",
            viewer.user_id,
            self._clock(),
            video_id=video_id,
            user_id=viewer.user_id,
            author_id=record.video.user_id,
            region=await self._region(viewer) or seen_in,
            channel=channel,
        )
        count = await self._reactions.share(fact, viewer.user_id, video_id, channel)
        return Shared(True, count, f"{self._public_url}/v/{video_id}")

    async def _region(self, viewer: Viewer) -> str | None:
        user = await self._users.get(viewer.user_id)
        return user.country if user else None
