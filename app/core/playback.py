"""Playback tokens: proof that a page was served, to whom and when. Views are judged against it.

`base64url(msgpack([viewer, issued_ms, nonce]) ‖ mac)`; it names no video, because one token serves a whole page.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

import msgspec

from app.core import base64url
from app.core.dice import Dice

LIFETIME_MS: Final = 6 * 3_600_000
_MAC_BYTES: Final = 12
_NONCE_BYTES: Final = 6
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Playback(msgspec.Struct, array_like=True, frozen=True):
    viewer: str
    issued_ms: int
    nonce: bytes


class Playbacks:
    """Issues and opens tokens under one secret."""

    def __init__(self, secret: bytes) -> None:
        key = hashlib.blake2b(secret, person=b"kinora-playback", digest_size=32).digest()
        self._dice = Dice()
        self._keyed = hashlib.blake2b(key=key, digest_size=_MAC_BYTES)

    def issue(self, viewer: str, now_ms: int) -> str:
        """A token for a viewer (a user id, or an anonymous visitor's hash)."""
        body = _ENCODE(Playback(viewer, now_ms, self._dice.draw(_NONCE_BYTES)))
        return base64url.encode(body + self._mac(body))

    def open(self, token: str, viewer: str, now_ms: int) -> Playback | None:
        """What it says, or None if it is not ours, not this viewer's, or too old."""
        if len(token) > 256:
            return None
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        playback = msgspec.msgpack.decode(body, type=Playback)
        if playback.viewer != viewer or not now_ms - LIFETIME_MS <= playback.issued_ms <= now_ms + 1000:
            return None
        return playback

    def _mac(self, body: bytes) -> bytes:
        mac = self._keyed.copy()
        mac.update(body)
        return mac.digest()
