"""Bodies of the user routes."""

from typing import Annotated

import msgspec

from app.cards.schemas import VideoCard


class ProfileChange(msgspec.Struct, kw_only=True):
    """What one may change of oneself; a field left out stays, a country of null is removed."""

    display_name: Annotated[str, msgspec.Meta(max_length=500)] | msgspec.UnsetType = msgspec.UNSET
    bio: Annotated[str, msgspec.Meta(max_length=2000)] | msgspec.UnsetType = msgspec.UNSET
    country: Annotated[str, msgspec.Meta(max_length=8)] | msgspec.UnsetType | None = msgspec.UNSET


class UserVideos(msgspec.Struct):
    """Somebody's videos, newest first; on one's own page in every state."""

    videos: list[VideoCard]
    next_cursor: str | None
    has_more: bool
