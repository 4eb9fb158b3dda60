"""From records to bytes: the body of a card at write time, and the splice of a page at read time. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from app.cards.card import Card, unpack
from app.cards.schemas import UserBrief
from app.cards.viewer import ViewerState
from app.core import media_urls
from app.ports.music import Music
from app.ports.users import User
from app.ports.videos import VideoAndCounts
from hotpath import cards as kernel
from hotpath import records
from hotpath.pure.records import Author, Piece, Stored

FLAGS: Final = tuple(
    msgspec.json.encode({"liked": bool(bits & 1), "saved": bool(bits & 2), "following": bool(bits & 4)})
    for bits in range(8)
)
_ANONYMOUS: Final = FLAGS[0]
_encode: Final = msgspec.json.Encoder().encode


def brief(user: User) -> UserBrief:
    """A person beside what they made."""
    avatar = f"/avatars/{user.user_id}/{user.avatar}" if user.avatar else None
    return UserBrief(user.user_id, user.username, user.display_name, avatar, user.verified)


def made(
    rows: list[Stored], authors: dict[str, Author], pieces: Mapping[str, Music]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The cards of records as they are stored, and the documented `video:{id}` hashes; of those whose authors are
    there. A card has a body if it is active, else it is a mark that says it is not to be shown; there is no hash of an
    active video whose author is suspended."""
    return records.make(rows, authors, _pieces(pieces))


def own(found: Iterable[VideoAndCounts], authors: dict[str, Author], pieces: Mapping[str, Music]) -> dict[str, Card]:
    """The cards that authors see of their own, with a body in every state and the thumbnails to choose from; they are
    never stored.

    Until it is active its media are nobody else's: they are addressed as those of a private video. The candidate
    `thumbnails` are a fifth of a page's bytes, and only who edits the video reads them.
    """
    raws, _ = records.make([stored(each) for each in found], authors, _pieces(pieces), True)
    return taken_apart(raws)


def taken_apart(raws: Mapping[str, bytes]) -> dict[str, Card]:
    """Cards of the bytes they are stored as; what is of another format is left out."""
    return {video_id: card for video_id, raw in raws.items() if (card := unpack(video_id, raw)) is not None}


def stored(found: VideoAndCounts) -> Stored:
    """A record as the stores give it for cards."""
    video = found.video
    document, counts = _encode(video).decode(), _encode(found.counts).decode()
    return video.video_id, video.user_id, video.music_id, document, counts, found.counts_version


def author(user: User) -> Author:
    """A user as the stores give them for cards."""
    names = user.user_id, user.username, user.display_name, user.avatar
    return *names, user.verified, user.updated_at, user.suspended_at is not None


def _pieces(pieces: Mapping[str, Music]) -> dict[str, Piece]:
    return {music_id: (piece.music_id, piece.title, piece.artist) for music_id, piece in pieces.items()}


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
