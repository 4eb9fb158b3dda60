"""Opaque signed cursors: what a client may carry between two pages, but not read, edit or lend.

A cursor is `base64url(msgpack(fields) ‖ mac)`; the mac is keyed BLAKE2b of 16 bytes (RFC 7693, 2.9), which costs a
fifth of HMAC-SHA256, and every page seals one. It names its kind (the list it belongs to), its viewer and its expiry;
all three are checked, so that a cursor of another list or person is refused and never read as the end of a list.
"""

import base64
import binascii
import hashlib
import hmac
from typing import TypeVar

import msgspec

from app.core import base64url
from app.core.errors import BadCursor

VERSION = 1
_MAC_BYTES = 16
_LONGEST = 1024

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
        self._keyed = hashlib.blake2b(key=key, digest_size=_MAC_BYTES)

    def seal(self, kind: str, viewer: str, expires_ms: int, position: msgspec.Struct) -> str:
        """The text of a cursor; `viewer` is "" for a list that is the same for all."""
        body = _ENCODE((VERSION, kind, viewer, expires_ms, position))  # an _Envelope, in one step
        return base64url.encode(body + self._mac(body))

    def open(self, text: str, kind: str, viewer: str, now_ms: int, position: type[P]) -> P:
        """The position within; raises BadCursor if it is not ours, not theirs, or too old."""
        if len(text) > _LONGEST:
            raise BadCursor("The cursor is not one of ours.")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadCursor("The cursor is not one of ours.") from None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise BadCursor("The cursor was changed or is not one of ours.")
        envelope = msgspec.msgpack.decode(body, type=_Envelope)
        if envelope.version != VERSION or envelope.kind != kind or envelope.viewer != viewer:
            raise BadCursor("The cursor belongs to another list.")
        if envelope.expires_ms <= now_ms:
            raise BadCursor("The cursor has expired; start again without one.")
        return msgspec.msgpack.decode(envelope.position, type=position)

    def _mac(self, body: bytes) -> bytes:
        mac = self._keyed.copy()
        mac.update(body)
        return mac.digest()


class Keyset(msgspec.Struct, array_like=True, frozen=True):
    """A position in a list ordered by (`at`, `id`), newest first unless the list says otherwise."""

    at: int
    id: str
