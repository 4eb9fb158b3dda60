"""Views: facts about playbacks, judged against what the server knows."""

import hashlib
import hmac
from typing import Final

from app.cards.access import Access
from app.core import events
from app.core.clock import Clock
from app.core.errors import Invalid
from app.core.playback import Playback, Playbacks
from app.http.viewer import Viewer
from app.ports.activity import Activity, View
from app.ports.users import Users
from app.ports.videos import Video
from app.services.feed.schemas import ViewAnswer, ViewReport

ENGAGED_MS: Final = 2000
SLACK_MS: Final = 1500  # between a page's making and its arrival, in the client's favour


class Views:
    """Records what clients report."""

    def __init__(
        self, access: Access, activity: Activity, users: Users, playbacks: Playbacks, secret: bytes, clock: Clock
    ) -> None:
        self._access = access
        self._activity = activity
        self._users = users
        self._playbacks = playbacks
        self._key = hashlib.blake2b(secret, person=b"kinora-visitor", digest_size=32).digest()
        self._clock = clock

    async def report(
        self,
        viewer: Viewer | None,
        address: str,
        agent: str,
        video_id: str,
        fact: ViewReport,
        seen_in: str | None = None,
    ) -> ViewAnswer:
        """Stores one fact. `accepted` is false for one that can't be true; nothing is stored then. `seen_in` is the
        country for whoever's profile names none."""
        record, _ = await self._access.visible(viewer.user_id if viewer else None, video_id)
        now_ms = self._clock()
        who = viewer.user_id if viewer else self._visitor(address, agent)
        playback = self._playbacks.open(fact.playback_token, who, now_ms) if fact.playback_token else None
        if fact.type != "start" and playback is None:
            raise Invalid("/playback_token", "bad_playback_token", "This needs the token that came with the page.")
        if not plausible(record.video, fact, playback, now_ms):
            return ViewAnswer(accepted=False)
        region = await self._region(viewer) or seen_in
        own = viewer is not None and viewer.user_id == record.video.user_id
        view = View(
            event_id=fact.event_id,
            video_id=video_id,
            viewer=who,
            user_id=viewer.user_id if viewer else None,
            author_id=record.video.user_id,
            type=fact.type,
            watched_ms=fact.watched_ms,
            position_ms=fact.position_ms,
            playback_at=playback.issued_ms if playback else now_ms,
            at=now_ms,
            region=region,
            own=own,
        )
        event = events.event(
            "video.viewed",
            who,
            now_ms,
            video_id=video_id,
            user_id=view.user_id,
            author_id=view.author_id,
            region=region,
            kind=fact.type,
            own=own,
            watched_ms=fact.watched_ms,
        )
        await self._activity.record_view(view, event)
        token = self._playbacks.issue(who, now_ms) if fact.type == "start" and playback is None else None
        return ViewAnswer(accepted=True, playback_token=token)

    async def _region(self, viewer: Viewer | None) -> str | None:
        user = await self._users.get(viewer.user_id) if viewer else None
        return user.country if user else None

    def _visitor(self, address: str, agent: str) -> str:
        """A name for somebody anonymous: the same for a day's visits from one place, and nobody's address."""
        day = str(self._clock() // 86_400_000)
        mac = hmac.digest(self._key, "\n".join((day, address, agent)).encode(), "sha256")
        return f"anon_{mac[:12].hex()}"


def plausible(video: Video, fact: ViewReport, playback: Playback | None, now_ms: int) -> bool:
    """Whether as much could have been watched since the page was served, and enough was for what is claimed."""
    if fact.type == "start":
        return True
    if playback is None or fact.watched_ms > now_ms - playback.issued_ms + SLACK_MS:
        return False
    needed_ms = min(ENGAGED_MS, video.duration_ms // 2) if fact.type == "engaged" else video.duration_ms * 9 // 10
    return fact.watched_ms >= needed_ms
