"""The bytes of `card:{video_id}`: a header for rules to read, and the JSON of the video with slots.

    0  20  version, decimal digits: the sum of the parts' versions, so that it grows when any part changes
    20  1  format: 2; a card of another one is as good as none
    21  1  visibility: P public, F friends, X private
    22  1  state: A active, - not to be shown (then nothing comes behind the header's fixed part)
    23 30  author's id
    53 13  published at, ms, decimal digits
    66  2  bytes of the media version, decimal digits, at most 74
    68  2  bytes of the category, decimal digits, at most 30
    70  …  media version, category
        …  JSON, in which the raw byte 0x01 stands for what all media addresses of the video begin with
           (`{prefix}/{video_id}/{media version}`) and 0x02 for the viewer's own object

Neither byte can occur in JSON text, where control characters are always escaped.
"""

from typing import Final, Literal

import msgspec

PREFIX_SLOT: Final = b"\x01"
VIEWER_SLOT: Final = b"\x02"
FORMAT: Final = b"2"
HEADER_BYTES: Final = 70  # its fixed part
LONGEST_MEDIA_VERSION: Final = 74
LONGEST_CATEGORY: Final = 30

_LETTER: Final = {"public": b"P", "friends": b"F", "private": b"X"}
_VISIBILITY: Final[dict[int, Literal["public", "friends", "private"]]] = {
    ord("P"): "public",
    ord("F"): "friends",
    ord("X"): "private",
}


class Card(msgspec.Struct, frozen=True):
    """A card taken apart; what has a default is empty unless `active`, `media_version` also without media."""

    video_id: str
    version: int
    visibility: Literal["public", "friends", "private"]
    active: bool
    author_id: str
    published_at: int
    body: bytes = b""
    media_version: str = ""
    category: str = ""


def pack(card: Card) -> bytes:
    """The bytes to store. Raises ValueError for a media version or category longer than a header may hold."""
    if len(card.media_version) > LONGEST_MEDIA_VERSION or len(card.category) > LONGEST_CATEGORY:
        raise ValueError("The card's media version or category is too long.")
    head = b"%020d%b%b%b" % (card.version, FORMAT, _LETTER[card.visibility], b"A" if card.active else b"-")
    media_version, category = card.media_version.encode("ascii"), card.category.encode("ascii")
    lengths = b"%013d%02d%02d" % (card.published_at, len(media_version), len(category))
    return b"".join((head, card.author_id.encode("ascii"), lengths, media_version, category, card.body))


def unpack(video_id: str, raw: bytes) -> Card | None:
    """The card in these bytes; None if they are of another format."""
    if raw[20:21] != FORMAT:
        return None
    category_at = HEADER_BYTES + int(raw[66:68])
    body_at = category_at + int(raw[68:70])
    return Card(
        video_id,
        int(raw[:20]),
        _VISIBILITY[raw[21]],
        raw[22] == ord("A"),
        raw[23:53].decode("ascii"),
        int(raw[53:66]),
        raw[body_at:],
        raw[HEADER_BYTES:category_at].decode("ascii"),
        raw[category_at:body_at].decode("ascii"),
    )
