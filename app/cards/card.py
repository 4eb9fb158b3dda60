"""The bytes of `card:{video_id}`: a fixed header for rules to read, and the JSON of the video with slots.

    0  20  version, decimal digits: the sum of the parts' versions, so that it grows when any part changes
    20  1  visibility: P public, F friends, X private
    21  1  state: A active, - not to be shown (then there is no body)
    22 30  author's id
    52 13  published at, ms, decimal digits
    65  …  JSON, in which the raw byte 0x01 stands for the media prefix and 0x02 for the viewer's own object

Neither byte can occur in JSON text, where control characters are always escaped.
"""

import re
from typing import Final, Literal

import msgspec

PREFIX_SLOT: Final = b"\x01"
VIEWER_SLOT: Final = b"\x02"
HEADER_BYTES: Final = 65
# Within a text of the JSON its quotes would be escaped: only the member itself reads so.
_CATEGORY: Final = re.compile(rb'"category":"([^"]*)"')

_LETTER: Final = {"public": "P", "friends": "F", "private": "X"}
_VISIBILITY: Final[dict[int, Literal["public", "friends", "private"]]] = {
    ord("P"): "public",
    ord("F"): "friends",
    ord("X"): "private",
}


class Card(msgspec.Struct, frozen=True):
    """A card taken apart; `body` is empty unless `active`."""

    video_id: str
    version: int
    visibility: Literal["public", "friends", "private"]
    active: bool
    author_id: str
    published_at: int
    body: bytes

    @property
    def category(self) -> str:
        """As its author chose it; "" where there is no body."""
        found = _CATEGORY.search(self.body)
        return found[1].decode("ascii") if found else ""


def pack(card: Card) -> bytes:
    """The bytes to store."""
    state = "A" if card.active else "-"
    header = f"{card.version:020d}{_LETTER[card.visibility]}{state}{card.author_id}{card.published_at:013d}"
    return header.encode("ascii") + card.body


def unpack(video_id: str, raw: bytes) -> Card:
    """The card in these bytes."""
    return Card(
        video_id,
        int(raw[:20]),
        _VISIBILITY[raw[20]],
        raw[21] == ord("A"),
        raw[22:52].decode("ascii"),
        int(raw[52:65]),
        raw[HEADER_BYTES:],
    )
