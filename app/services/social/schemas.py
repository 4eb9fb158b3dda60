"""Bodies of the social routes."""

from typing import Annotated

import msgspec

from app.cards.schemas import UserBrief


class Liked(msgspec.Struct):
    success: bool
    like_count: int


class Saved(msgspec.Struct):
    success: bool
    save_count: int


class Followed(msgspec.Struct):
    success: bool
    follower_count: int


class Blocked(msgspec.Struct):
    success: bool
    blocked_count: int


class Muted(msgspec.Struct):
    success: bool
    muted_count: int


class ShareRequest(msgspec.Struct):
    """Where it was shared to: a word such as `link`."""

    channel: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]{1,20}$")] = "link"


class Shared(msgspec.Struct):
    success: bool
    share_count: int
    share_url: str


class CommentRequest(msgspec.Struct):
    """A comment, or with `parent_comment_id` a reply to a comment that is not a reply itself."""

    content: Annotated[str, msgspec.Meta(max_length=5000)]
    parent_comment_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class CommentChange(msgspec.Struct):
    content: Annotated[str, msgspec.Meta(max_length=5000)]


class CommentCard(msgspec.Struct):
    """A comment as a page shows it. `content` is empty once deleted; it stays where replies hang on it."""

    comment_id: str
    video_id: str
    content: str
    user: UserBrief
    parent_comment_id: str | None
    created_at: int
    updated_at: int
    like_count: int
    reply_count: int
    liked: bool
    deleted: bool


class CommentItems(msgspec.Struct):
    items: list[CommentCard]
    next_cursor: str | None
    has_more: bool
