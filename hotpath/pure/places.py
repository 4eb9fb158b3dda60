"""Where a reader stands in a feed, as cursors say it: MessagePack, read only where it is plain."""

import re

import msgspec

VERSION = 1  # of cursors
ID_BYTES = 30
GENERATION_BYTES = 64  # at most
PUSHED_BYTES = 192  # at most: 64 marks of three bytes

_ENCODE = msgspec.msgpack.Encoder().encode


class Place(msgspec.Struct, array_like=True):
    """After (`score`, `video_id`) of the feed of this generation, `served` having been served below `upper`."""

    generation: str
    upper: int
    score: int
    video_id: str
    in_tail: bool
    served: int
    past: tuple[tuple[str, int], ...] = ()
    pushed: bytes = b""


class _Envelope(msgspec.Struct, array_like=True):
    version: int
    kind: str
    viewer: str
    expires_ms: int
    position: Place


def envelope(kind: str, viewer: str, expires_ms: int, place: Place) -> bytes:
    """The body of a cursor."""
    return _ENCODE((VERSION, kind, viewer, expires_ms, place))


def opened(body: bytes, kind: str, viewer: str, now_ms: int) -> Place | None:
    """The place in the body of a cursor; None if it is another's, too old, or nothing plain: in the tail, or with a
    past in other feeds."""
    try:
        sealed = msgspec.msgpack.decode(body, type=_Envelope)
    except msgspec.DecodeError:
        return None
    place = sealed.position
    if (sealed.version, sealed.kind, sealed.viewer) != (VERSION, kind, viewer) or sealed.expires_ms <= now_ms:
        return None
    if place.in_tail or place.past or len(place.video_id) not in (0, ID_BYTES):
        return None
    return place if len(place.generation) <= GENERATION_BYTES and len(place.pushed) <= PUSHED_BYTES else None


def built_ms(generation: str) -> int:
    """When a For You was built: 12 hexadecimal digits, above which pushes score. 0 if that can't be told."""
    digits = generation[:12]
    return int(digits, 16) if re.fullmatch(r"[0-9a-f]{12}", digits) else 0
