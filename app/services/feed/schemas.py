"""Bodies of the feed routes, as documented, with additions."""

from typing import Annotated, Literal

import msgspec

from app.cards.schemas import VideoCard

ViewType = Literal["start", "engaged", "complete", "loop"]


class FeedPage(msgspec.Struct, omit_defaults=True):
    """A page of a feed. `sources` says which sources its videos came from; `next_page` is null only at the end."""

    videos: list[VideoCard]
    next_page: int | None
    next_cursor: str | None
    has_more: bool
    sources: list[str]
    playback_token: str | None = None


class ViewReport(msgspec.Struct):
    """One fact about a playback. Times are ms; `event_id` is the client's own and makes a repeat harmless."""

    type: ViewType
    watched_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
    position_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
    event_id: Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
    playback_token: Annotated[str, msgspec.Meta(max_length=512)] | None = None


class ViewAnswer(msgspec.Struct, omit_defaults=True):
    """`accepted` is false for what could not have happened in the time since the page was served."""

    accepted: bool
    playback_token: str | None = None
