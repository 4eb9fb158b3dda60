"""What a card looks like to a client: the documented video, with additions."""

import msgspec


class UserBrief(msgspec.Struct):
    """How a person is named beside what they made."""

    user_id: str
    username: str
    display_name: str
    avatar_url: str | None
    verified: bool


class Stats(msgspec.Struct):
    views: int
    likes: int
    comments: int
    shares: int
    saves: int


class UserInteraction(msgspec.Struct):
    """The viewer's own marks; all false for an anonymous one."""

    liked: bool
    saved: bool
    following: bool


class MusicBrief(msgspec.Struct):
    music_id: str
    title: str
    artist: str


class Place(msgspec.Struct):
    """Others see the name of a place only, never its coordinates."""

    name: str


class VideoCard(msgspec.Struct, kw_only=True):
    """A video as every page shows it. Addresses are relative to the origin; times are ms since 1970.

    `thumbnails`, the five to choose the cover from, are there where a video is asked for or changed by itself and in
    one's own profile list; nowhere else.
    """

    video_id: str
    user: UserBrief
    title: str
    description: str
    category: str
    hashtags: list[str]
    created_at: int
    published_at: int | None
    status: str
    visibility: str
    allow_comments: bool
    allow_duet: bool
    allow_stitch: bool
    width: int
    height: int
    location: Place | None
    urls: dict[str, str]
    thumbnail_url: str | None
    thumbnails: list[str] | msgspec.UnsetType = msgspec.UNSET
    preview_sprite_url: str | None
    preview_vtt_url: str | None
    duration_sec: float
    stats: Stats
    user_interaction: UserInteraction
    music: MusicBrief | None


class VideoItems(msgspec.Struct):
    """A list of videos: likes, saves, history, a piece of music."""

    items: list[VideoCard]
    next_cursor: str | None
    has_more: bool


class Standing(msgspec.Struct):
    """How the viewer stands to a person."""

    following: bool
    followed_by: bool
    blocked: bool
    muted: bool


class Profile(msgspec.Struct, kw_only=True):
    """A person's page. `viewer` is null for an anonymous visitor and on one's own."""

    user_id: str
    username: str
    display_name: str
    avatar_url: str | None
    verified: bool
    bio: str
    country: str | None
    created_at: int
    follower_count: int
    following_count: int
    video_count: int
    total_likes: int
    viewer: Standing | None


class Me(Profile, kw_only=True):
    """One's own page, with what only oneself may read."""

    email: str


class UserItems(msgspec.Struct):
    items: list[UserBrief]
    next_cursor: str | None
    has_more: bool
