"""Playback tokens: proof that a page was served, to whom and when. Views are judged against it.

A token is `hotpath.seals` of msgpack([viewer, issued_ms, nonce]), with a mac of 12 bytes; it names no video: one serves
a whole page.
"""

import hashlib
from typing import Final

import msgspec

from hotpath import dice, seals

LIFETIME_MS: Final = 6 * 3_600_000
_MAC_BYTES: Final = 12
NONCE_BYTES: Final = 6
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Playback(msgspec.Struct, array_like=True, frozen=True):
    viewer: str
    issued_ms: int
    nonce: bytes


class Playbacks:
    """Issues and opens tokens under one secret."""

    def __init__(self, secret: bytes) -> None:
        key = hashlib.blake2b(secret, person=b"kinora-playback", digest_size=32).digest()
        self._dice = dice.Dice()
        self.seals = seals.Seal(key, _MAC_BYTES)
        """What seals them, for who writes them by itself."""

    def issue(self, viewer: str, now_ms: int) -> str:
        """A token for a viewer (a user id, or an anonymous visitor's hash)."""
        body = _ENCODE(Playback(viewer, now_ms, self._dice.draw(NONCE_BYTES)))
        return self.seals.seal(body).decode()

    def open(self, token: str, viewer: str, now_ms: int) -> Playback | None:
        """What it says, or None if it is not ours, not this viewer's, or too old."""
        body = self.seals.open(token.encode("utf-8", "surrogatepass"))
        if body is None:
            return None
        playback = msgspec.msgpack.decode(body, type=Playback)
        if playback.viewer != viewer or not now_ms - LIFETIME_MS <= playback.issued_ms <= now_ms + 1000:
            return None
        return playback
