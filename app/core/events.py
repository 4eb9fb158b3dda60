"""Facts: what a write caused, for whoever cares. A topic carries several types; a type belongs to one topic.

`key` gives the order: events of one key arrive in the order in which they happened. `cause` values given to a
port's write name the effect of one event (`evt_…/group`), so that the same event may have one effect per group.
"""

from typing import Any, Final

import msgspec

from app.core import ids

VIDEO_UPLOADED: Final = "video.uploaded"
VIDEO_PROCESSED: Final = "video.processed"
USER_INTERACTION: Final = "user.interaction"
FEED_UPDATE: Final = "feed.update"
NOTIFICATION_TRIGGER: Final = "notification.trigger"
TOPICS: Final = (VIDEO_UPLOADED, VIDEO_PROCESSED, USER_INTERACTION, FEED_UPDATE, NOTIFICATION_TRIGGER)

# type -> topic; beside it, what its data holds
TYPES: Final[dict[str, str]] = {
    "video.uploaded": VIDEO_UPLOADED,  # video_id, user_id
    "video.processed": VIDEO_PROCESSED,  # video_id
    "video.failed": VIDEO_PROCESSED,  # video_id, code
    "video.moderated": VIDEO_PROCESSED,  # video_id, moderation_status
    "video.published": FEED_UPDATE,  # video_id, user_id, category, published_at, visibility
    "video.visibility_changed": FEED_UPDATE,  # video_id, user_id, visibility, published_at
    "video.changed": FEED_UPDATE,  # video_id, user_id: words or switches, not who may see it
    "video.deleted": FEED_UPDATE,  # video_id, user_id
    "user.changed": FEED_UPDATE,  # user_id: what cards show of their author
    "user.suspended": FEED_UPDATE,  # user_id
    "user.restored": FEED_UPDATE,  # user_id
    "video.liked": USER_INTERACTION,  # video_id, user_id, author_id, region
    "video.unliked": USER_INTERACTION,  # the same
    "video.saved": USER_INTERACTION,  # video_id, user_id, author_id
    "video.unsaved": USER_INTERACTION,
    "video.shared": USER_INTERACTION,  # video_id, user_id, author_id, region, channel
    "video.viewed": USER_INTERACTION,  # video_id, user_id|null, author_id, region, kind, counted, own, watched_ms
    "comment.created": USER_INTERACTION,  # comment_id, video_id, user_id, author_id, parent_comment_id
    "comment.deleted": USER_INTERACTION,
    "user.followed": USER_INTERACTION,  # user_id, other_id
    "user.unfollowed": USER_INTERACTION,
    "user.blocked": USER_INTERACTION,
    "user.unblocked": USER_INTERACTION,
    "user.muted": USER_INTERACTION,
    "user.unmuted": USER_INTERACTION,
    "session.revoked": USER_INTERACTION,  # user_id, session_id
}


class Event(msgspec.Struct, frozen=True):
    """One fact. `occurred_at` is ms since 1970 by the server's clock."""

    event_id: str
    type: str
    key: str
    occurred_at: int
    data: dict[str, Any]

    @property
    def topic(self) -> str:
        return TYPES[self.type]


def event(type_: str, key: str, now_ms: int, **data: Any) -> Event:
    """A new fact; an unknown type is a programming error and raises KeyError."""
    if type_ not in TYPES:  # fail where the mistake is, not in the relay
        raise KeyError(type_)
    return Event(ids.new("evt", now_ms), type_, key, now_ms, data)


def cause(of: Event, group: str) -> str:
    """The name of the effect that `of` has in `group`, for a port's `cause=`."""
    return f"{of.event_id}/{group}"


class Receipt(msgspec.Struct, frozen=True):
    """The answer of a creating POST, stored with what it created, so that a retry gets the same one.

    `scope` is the caller (user id, or an address for anonymous ones), `key` the Idempotency-Key,
    `fingerprint` a hash of route and body.
    """

    scope: str
    key: str
    fingerprint: bytes
    status: int
    body: bytes
