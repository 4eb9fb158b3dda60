"""From records to bytes: the body of a card at write time, and the splice of a page at read time. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from app.cards.card import PREFIX_SLOT, VIEWER_SLOT, Card
from app.cards.schemas import MusicBrief, Place, Stats, UserBrief
from app.cards.viewer import ViewerState
from app.core import media_urls
from app.ports.music import Music
from app.ports.users import User
from app.ports.videos import Counts, Video, VideoAndCounts, Visibility
from hotpath import cards as kernel

FLAGS: Final = tuple(
    msgspec.json.encode({"liked": bool(bits & 1), "saved": bool(bits & 2), "following": bool(bits & 4)})
    for bits in range(8)
)
ADDRESSES_KEPT: Final = 256  # a few renditions each way up, and which thumbnail is the poster
_ANONYMOUS: Final = FLAGS[0]
_PREFIX: Final = PREFIX_SLOT.decode()
_INTERACTION: Final = msgspec.Raw(VIEWER_SLOT)
_encode: Final = msgspec.json.Encoder().encode


class _Addresses(msgspec.Struct, frozen=True):
    """The JSON of a video's media addresses; `thumbnails` is unset where nobody chooses from them."""

    urls: msgspec.Raw
    thumbnail_url: msgspec.Raw
    thumbnails: msgspec.Raw | msgspec.UnsetType
    preview_sprite_url: msgspec.Raw
    preview_vtt_url: msgspec.Raw


class _Body(msgspec.Struct, gc=False):
    """A `VideoCard` as it is written: made by place, where that one is made by name, in half the time of a dict."""

    video_id: str
    user: UserBrief
    title: str
    description: str
    category: str
    hashtags: tuple[str, ...]
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
    urls: msgspec.Raw
    thumbnail_url: msgspec.Raw
    thumbnails: msgspec.Raw | msgspec.UnsetType
    preview_sprite_url: msgspec.Raw
    preview_vtt_url: msgspec.Raw
    duration_sec: float
    stats: Stats
    user_interaction: msgspec.Raw
    music: MusicBrief | None


def brief(user: User) -> UserBrief:
    """A person beside what they made."""
    avatar = f"/avatars/{user.user_id}/{user.avatar}" if user.avatar else None
    return UserBrief(user.user_id, user.username, user.display_name, avatar, user.verified)


def card(record: VideoAndCounts, author: User, music: Music | None) -> Card:
    """The card of a record: with its body if it is active, else a mark that says it is not to be shown."""
    video = record.video
    if not _is_shown(video, author):
        version = _version(record, author)
        return Card(video.video_id, version, video.visibility, False, video.user_id, video.published_at or 0)
    return _with_body(record, author, music, video.visibility, thumbnails=False)


def author_card(record: VideoAndCounts, author: User, music: Music | None) -> Card:
    """The card its author sees, with a body in every state and the thumbnails to choose from; it is never stored.

    Until it is active its media are nobody else's: they are addressed as those of a private video.
    """
    visibility = record.video.visibility if _is_shown(record.video, author) else "private"
    return _with_body(record, author, music, visibility, thumbnails=True)


def _version(record: VideoAndCounts, author: User) -> int:
    return record.video.version + record.counts_version + author.updated_at


def _is_shown(video: Video, author: User) -> bool:
    return video.status == "active" and video.media is not None and author.suspended_at is None


def _with_body(
    record: VideoAndCounts, author: User, music: Music | None, visibility: Visibility, *, thumbnails: bool
) -> Card:
    video = record.video
    return Card(
        video.video_id,
        _version(record, author),
        visibility,
        True,
        video.user_id,
        video.published_at or 0,
        body(video, record.counts, author, music, thumbnails=thumbnails),
        video.media.version if video.media else "",
        video.category,
    )


def body(video: Video, counts: Counts, author: User, music: Music | None, *, thumbnails: bool) -> bytes:
    """The JSON of a video with its slots. Works for every status: an author sees their own before it is active.

    The candidate `thumbnails` are a fifth of a page's bytes, and only who edits the video reads them.
    """
    addresses = _media(video, thumbnails=thumbnails)
    return _encode(
        _Body(
            video.video_id,
            brief(author),
            video.title,
            video.description,
            video.category,
            video.hashtags,
            video.created_at,
            video.published_at,
            video.status,
            video.visibility,
            video.allow_comments,
            video.allow_duet,
            video.allow_stitch,
            video.width,
            video.height,
            Place(video.location.name) if video.location and video.location.name else None,
            addresses.urls,
            addresses.thumbnail_url,
            addresses.thumbnails,
            addresses.preview_sprite_url,
            addresses.preview_vtt_url,
            video.duration_ms / 1000,
            Stats(counts.views, counts.likes, counts.comments, counts.shares, counts.saves),
            _INTERACTION,
            MusicBrief(music.music_id, music.title, music.artist) if music else None,
        )
    )


def _media(video: Video, *, thumbnails: bool) -> _Addresses:
    media = video.media
    if media is None:
        return _NONE_TO_CHOOSE if thumbnails else _NOWHERE
    return _addresses(
        media.renditions,
        (media.master, media.dash),
        media.thumbnails[media.poster],
        media.thumbnails if thumbnails else None,
        (media.sprite, media.sprite_vtt),
    )


@lru_cache(maxsize=ADDRESSES_KEPT)
def _addresses(
    renditions: tuple[str, ...],
    playlists: tuple[str, str],
    poster: str,
    thumbnails: tuple[str, ...] | None,
    sprites: tuple[str, str],
) -> _Addresses:
    """What holds neither a video's id nor its version is the same for most."""
    urls = [f'"{name}":{_address(f"{name}/playlist.m3u8")}' for name in renditions]
    urls += (f'"{name}":{_address(playlist)}' for name, playlist in zip(("master", "dash"), playlists, strict=True))
    return _Addresses(
        _raw("{" + ",".join(urls) + "}"),
        _raw(_address(poster)),
        msgspec.UNSET if thumbnails is None else _raw(f"[{','.join(map(_address, thumbnails))}]"),
        _raw(_address(sprites[0])),
        _raw(_address(sprites[1])),
    )


def _address(name: str) -> str:
    # Prefixes, ids, versions and file names are of a safe alphabet: nothing in them needs escaping.
    return f'"{_PREFIX}/{name}"'


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


_NOWHERE: Final = _Addresses(_raw("{}"), _raw("null"), msgspec.UNSET, _raw("null"), _raw("null"))
_NONE_TO_CHOOSE: Final = msgspec.structs.replace(_NOWHERE, thumbnails=_raw("[]"))


def media_base(secret: bytes, visibility: str, video_id: str, media_version: str, now_ms: int) -> str:
    """What the media addresses of a video begin with, and goes into its card's media slot: a plain prefix while public,
    else a signed one; then id and version."""
    if visibility == "public":
        prefix = media_urls.public_prefix()
    else:
        prefix = media_urls.signed_prefix(secret, video_id, media_urls.expires_at(now_ms))
    return f"{prefix}/{video_id}/{media_version}"


def flags(card: Card, viewer: ViewerState | None, older: Mapping[str, frozenset[str]]) -> bytes:
    """What goes into a card's viewer slot. `older` holds what the store said of videos the blob can't speak for."""
    if viewer is None:
        return _ANONYMOUS
    bare = card.video_id[4:]
    liked = bare in viewer.liked or card.video_id in older.get("like", ())
    saved = bare in viewer.saved or card.video_id in older.get("save", ())
    following = card.author_id[4:] in viewer.following
    return FLAGS[liked | saved << 1 | following << 2]


def hash_of(video: Video, counts: Counts) -> bytes:
    """The documented `video:{id}` hash, every attribute, as one JSON object."""
    return b"%b,%b" % (_encode(video)[:-1], _encode(counts)[1:])


def splice(
    cards: Sequence[Card],
    viewer: ViewerState | None,
    older: Mapping[str, frozenset[str]],
    secret: bytes,
    now_ms: int,
    extras: Sequence[bytes] = (),
) -> bytes:
    """The JSON array of a page's cards, slots filled; one crossing into the kernel.

    The viewer's slot is a member's value, so that what comes after it in `extras` (`,"name":value`) makes members too.
    """
    marks = [flags(card, viewer, older) for card in cards]
    if extras:
        marks = [mark + extra for mark, extra in zip(marks, extras, strict=True)]
    return kernel.splice(
        [card.body for card in cards],
        [media_base(secret, card.visibility, card.video_id, card.media_version, now_ms).encode() for card in cards],
        marks,
    )
