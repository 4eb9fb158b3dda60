"""The states of a video and what each step causes. Pure: a record in, a record and its facts out.

    uploading ──complete──▶ processing ──processed ∧ approved ∧ due──▶ active
        │                     │    ▲                                     │
        └──────▶ failed ◀─────┘    └── retry (from failed)               ▼
                                                   any ──delete──▶ deleted

Publishing is a join: whichever of its conditions comes last makes the video active, in the same write. The first
time an active video may be seen by anybody but its author it is announced, once (`published_at` remembers).
"""

from typing import Any

import msgspec

from app.core import events
from app.core.events import Event
from app.ports.videos import Failure, MediaVersion, Moderation, Video

Step = tuple[Video, list[Event]]


def uploaded(video: Video, content_type: str, now_ms: int) -> Step:
    """The file is there and looks like a video."""
    plan = msgspec.structs.replace(video.upload, content_type=content_type)
    next_ = _with(video, now_ms, status="processing", upload=plan, uploaded_at=now_ms, failure=None)
    return next_, [_fact("video.uploaded", next_, now_ms)]


def processed(video: Video, media: MediaVersion, duration_ms: int, width: int, height: int, now_ms: int) -> Step:
    """Every rendition is made and verified: they go live by this one write."""
    next_ = _with(
        video,
        now_ms,
        media=media,
        duration_ms=duration_ms,
        width=width,
        height=height,
        processed_at=now_ms,
        progress=100,
    )
    return _settle(next_, [_fact("video.processed", next_, now_ms)], now_ms)


def failed(video: Video, failure: Failure, now_ms: int) -> Step:
    """It can't become a video; what it held of the quota is free again."""
    next_ = _with(video, now_ms, status="failed", failure=failure, reserved_bytes=0)
    return next_, [_fact("video.failed", next_, now_ms, code=failure.code)]


def retried(video: Video, now_ms: int) -> Step:
    """Once more from the stored file."""
    next_ = _with(video, now_ms, status="processing", failure=None, progress=0, reserved_bytes=video.upload.size_bytes)
    return next_, [_fact("video.uploaded", next_, now_ms)]


def moderated(video: Video, verdict: Moderation, flags: tuple[str, ...], now_ms: int) -> Step:
    """Moderation's own fact."""
    next_ = _with(video, now_ms, moderation_status=verdict, moderation_flags=flags, moderated_at=now_ms)
    return _settle(next_, [_fact("video.moderated", next_, now_ms, moderation_status=verdict)], now_ms)


def due(video: Video, now_ms: int) -> Step:
    """Its hour has come."""
    return _settle(_with(video, now_ms), [], now_ms)


def changed(video: Video, changes: dict[str, Any], now_ms: int) -> Step:
    """The author's own changes. A change of visibility ends every address handed out before."""
    next_ = _with(video, now_ms, **changes)
    if next_.visibility == video.visibility:
        return next_, [_fact("video.changed", next_, now_ms)]
    if next_.media is not None:
        next_.media = msgspec.structs.replace(next_.media, epoch=next_.media.epoch + 1)
    if video.published_at is None:  # nobody was ever told of it
        return _settle(next_, [_fact("video.changed", next_, now_ms)], now_ms)
    shown = {"visibility": next_.visibility, "published_at": next_.published_at}
    return _settle(next_, [_fact("video.visibility_changed", next_, now_ms, **shown)], now_ms)


def deleted(video: Video, now_ms: int) -> Step:
    """Gone for everybody, its author included."""
    next_ = _with(video, now_ms, status="deleted", deleted_at=now_ms, reserved_bytes=0)
    return next_, [_fact("video.deleted", next_, now_ms)]


def _settle(video: Video, facts: list[Event], now_ms: int) -> Step:
    """The join of processed, approved and due; then the one announcement."""
    if (
        video.status == "processing"
        and video.media is not None
        and video.moderation_status == "approved"
        and (video.publish_at is None or video.publish_at <= now_ms)
    ):
        video.status = "active"
    if video.status == "active" and video.published_at is None and video.visibility != "private":
        video.published_at = now_ms
        facts.append(
            _fact(
                "video.published",
                video,
                now_ms,
                category=video.category,
                published_at=now_ms,
                visibility=video.visibility,
            )
        )
    return video, facts


def _with(video: Video, now_ms: int, **changes: Any) -> Video:
    return msgspec.structs.replace(video, updated_at=now_ms, **changes)


def _fact(type_: str, video: Video, now_ms: int, **data: Any) -> Event:
    return events.event(type_, video.video_id, now_ms, video_id=video.video_id, user_id=video.user_id, **data)
