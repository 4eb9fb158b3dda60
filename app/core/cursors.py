"""Opaque signed cursors: what a client may carry between two pages, but not read, edit or lend.

A cursor is `hotpath.seals` of msgpack(fields), with a mac of 16 bytes. It names its kind (the list it belongs to), its
viewer and its expiry; all three are checked, so that a cursor of another list or person is refused and never read as
the end of a list.
"""

import hashlib
from typing import TypeVar

import msgspec

from app.core.errors import BadCursor
from hotpath import seals

VERSION = 1
_MAC_BYTES = 16

_ENCODE = msgspec.msgpack.Encoder().encode

P = TypeVar("P", bound=msgspec.Struct)


class _Envelope(msgspec.Struct, array_like=True):
    version: int
    kind: str
    viewer: str
    expires_ms: int
    position: msgspec.Raw


class Cursors:
    """Seals and opens cursors under one secret."""

    def __init__(self, secret: bytes) -> None:
        key = hashlib.blake2b(secret, person=b"kinora-cursor", digest_size=32).digest()
        self.seals = seals.Seal(key, _MAC_BYTES)
        """What seals them, for who writes them by itself."""

    def seal(self, kind: str, viewer: str, expires_ms: int, position: msgspec.Struct) -> str:
        """The text of a cursor; `viewer` is "" for a list that is the same for all."""
        body = _ENCODE((VERSION, kind, viewer, expires_ms, position))  # an _Envelope, in one step
        return self.seals.seal(body).decode()

    def open(self, text: str, kind: str, viewer: str, now_ms: int, position: type[P]) -> P:
        """The position within; raises BadCursor if it is not ours, not theirs, or too old."""
        body = self.seals.open(text.encode("utf-8", "surrogatepass"))
        if body is None:
            raise BadCursor("The cursor was changed or is not one of ours.")
        envelope = msgspec.msgpack.decode(body, type=_Envelope)
        if envelope.version != VERSION or envelope.kind != kind or envelope.viewer != viewer:
            raise BadCursor("The cursor belongs to another list.")
        if envelope.expires_ms <= now_ms:
            raise BadCursor("The cursor has expired; start again without one.")
        return msgspec.msgpack.decode(envelope.position, type=position)


class Keyset(msgspec.Struct, array_like=True, frozen=True):
    """A position in a list ordered by (`at`, `id`), newest first unless the list says otherwise."""

    at: int
    id: str
