"""Videos to store in tests."""

from typing import Any

from app.core import ids
from app.core.clock import DAY_MS, system_ms
from app.ports.videos import UploadPlan, Video

MIB = 2**20


def a_video(user_id: str | None = None, at: int | None = None, **fields: Any) -> Video:
    now = system_ms() if at is None else at
    plan = UploadPlan(size_bytes=MIB, content_type="video/mp4", expires_at=now + DAY_MS)
    given: dict[str, Any] = {"title": "A walk", "upload": plan, "created_at": now, "updated_at": now} | fields
    return Video(video_id=ids.new("vid", now), user_id=user_id or ids.new("usr"), **given)


def published(user_id: str, at: int, **fields: Any) -> Video:
    return a_video(user_id, at, status="active", moderation_status="approved", published_at=at, **fields)
