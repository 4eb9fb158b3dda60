"""Comments and their replies, one level deep. The comment id carries its partition (`app.core.buckets`)."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.core.cursors import Keyset
from app.core.events import Event, Receipt
from app.ports.graph import Toggled


class Comment(msgspec.Struct, kw_only=True):
    """`content` of a deleted comment is empty; it stays as a place for its replies."""

    comment_id: str
    video_id: str
    user_id: str
    parent_comment_id: str | None = None
    content: str
    like_count: int = 0
    reply_count: int = 0
    created_at: int
    updated_at: int
    deleted_at: int | None = None


class Comments(Protocol):
    async def create(self, comment: Comment, *, events: Sequence[Event] = (), receipt: Receipt | None = None) -> None:
        """Stores it, counts it at its video and its parent. NotFound if the parent is absent, deleted, of another
        video, or itself a reply."""

    async def get(self, comment_id: str) -> Comment | None:
        """One comment, deleted or not."""

    async def of_video(self, video_id: str, after: Keyset | None, limit: int) -> list[Comment]:
        """Top-level comments, newest first by (created_at, comment_id); deleted ones only if they have replies."""

    async def replies(self, comment_id: str, after: Keyset | None, limit: int) -> list[Comment]:
        """Replies that are not deleted, oldest first."""

    async def edit(self, comment_id: str, content: str, now_ms: int) -> Comment | None:
        """New words; None if absent or deleted."""

    async def delete(self, comment_id: str, now_ms: int, *, events: Sequence[Event] = ()) -> bool:
        """Empties and marks it and takes it out of the counts; False if it was gone already."""

    async def like(self, user_id: str, comment_id: str, on: bool, *, op_seq: int | None, now_ms: int) -> Toggled | None:
        """Sets or clears a like; None if the comment is absent or deleted."""

    async def liked(self, user_id: str, comment_ids: Sequence[str]) -> frozenset[str]:
        """Which of at most 200 comments the user likes."""
