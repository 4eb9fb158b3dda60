"""Views and watch history: PostgreSQL partitioned by time, or Cassandra. Kept 90 days."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from app.core.cursors import Keyset
from app.core.events import Event

ViewType = Literal["start", "engaged", "complete", "loop"]

COUNT_AGAIN_AFTER_MS = 30 * 60_000


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about a playback. `viewer` is a user id, or a hash that stands for an anonymous visitor;
    `playback_at` is when the playback began (from its token), shared by all facts of that playback."""

    event_id: str
    video_id: str
    viewer: str
    user_id: str | None
    author_id: str
    type: ViewType
    watched_ms: int
    position_ms: int
    playback_at: int
    at: int
    region: str | None
    own: bool


class Recorded(msgspec.Struct, frozen=True):
    """`fresh` is False for an event id seen before; `counted` says that the video's count grew by one."""

    fresh: bool
    counted: bool


class Watched(msgspec.Struct, frozen=True):
    watched_at: int
    video_id: str
    watched_ms: int
    completed: bool


class Interaction(msgspec.Struct, frozen=True):
    """Something done: `subject` is the video liked, the comment written, or the event of a share."""

    user_id: str
    kind: Literal["like", "comment", "share"]
    subject: str
    at: int


class Activity(Protocol):
    async def record_view(self, view: View, event: Event) -> Recorded:
        """Stores the fact once by (viewer, event id), and `event` with `counted` added to its data. The view is
        counted if its type is `engaged`, it is not the author's own, and the same viewer was not counted for
        the same video within COUNT_AGAIN_AFTER_MS. A user's fact also updates their history row of that playback."""

    async def history(self, user_id: str, after: Keyset | None, limit: int) -> list[Watched]:
        """What the user watched, newest playback first by (watched_at, video_id)."""

    async def view_counts(self, video_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """(count, version) of at most 200 videos (absent means none); the larger version is the newer one."""

    async def record_interactions(self, done: Sequence[Interaction]) -> None:
        """Notes at most 500 interactions. One a (user, kind, subject): repeats count once, at the latest time."""

    async def watchers(self, since_ms: int, after_id: str, limit: int) -> list[str]:
        """Ids above `after_id`, ascending, of users with a playback begun at or after `since_ms`."""

    async def engagement(self, user_ids: Sequence[str], since_ms: int) -> dict[str, int]:
        """Likes, comments and shares since then of at most 200 users (absent means none). Taking a like back does not
        lower it: this measures presence, not approval."""

    async def maintain(self, now_ms: int) -> None:
        """Makes room for the months ahead and drops what is older than 90 days."""
