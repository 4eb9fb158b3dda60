"""From records to bytes: the body of a card at write time, and the splice of a page at read time. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

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
_encode: Final = msgspec.json.Encoder().encode


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
    return _encode(
        {
            "video_id": video.video_id,
            "user": brief(author),
            "title": video.title,
            "description": video.description,
            "category": video.category,
            "hashtags": video.hashtags,
            "created_at": video.created_at,
            "published_at": video.published_at,
            "status": video.status,
            "visibility": video.visibility,
            "allow_comments": video.allow_comments,
            "allow_duet": video.allow_duet,
            "allow_stitch": video.allow_stitch,
            "width": video.width,
            "height": video.height,
            "location": Place(video.location.name) if video.location and video.location.name else None,
            **_media(video, thumbnails=thumbnails),
            "duration_sec": video.duration_ms / 1000,
            "stats": Stats(counts.views, counts.likes, counts.comments, counts.shares, counts.saves),
            "user_interaction": msgspec.Raw(VIEWER_SLOT),
            "music": MusicBrief(music.music_id, music.title, music.artist) if music else None,
        }
    )


def _media(video: Video, *, thumbnails: bool) -> dict[str, Any]:
    media = video.media
    if media is None:
        nothing: dict[str, Any] = {"urls": {}, "thumbnail_url": None, **({"thumbnails": []} if thumbnails else {})}
        return nothing | {"preview_sprite_url": None, "preview_vtt_url": None}
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
) -> dict[str, msgspec.Raw]:
    """Not to be changed by who gets it: what holds neither a video's id nor its version is the same for most."""
    urls = [f'"{name}":{_address(f"{name}/playlist.m3u8")}' for name in renditions]
    urls += (f'"{name}":{_address(playlist)}' for name, playlist in zip(("master", "dash"), playlists, strict=True))
    candidates = {} if thumbnails is None else {"thumbnails": _raw(f"[{','.join(map(_address, thumbnails))}]")}
    return {
        "urls": _raw("{" + ",".join(urls) + "}"),
        "thumbnail_url": _raw(_address(poster)),
        **candidates,
        "preview_sprite_url": _raw(_address(sprites[0])),
        "preview_vtt_url": _raw(_address(sprites[1])),
    }


def _address(name: str) -> str:
    # Prefixes, ids, versions and file names are of a safe alphabet: nothing in them needs escaping.
    return f'"{_PREFIX}/{name}"'


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


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
