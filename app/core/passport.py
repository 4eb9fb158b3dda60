"""Passports: what a process in front says of a request it hands on, in one signed header.

It is `hotpath.seals` of msgpack([version, host, port, made_ms, verdict]), with a mac of 16 bytes. Only who holds the
deployment's secret can make one, so that an address in it may be believed where `Forwarded` may not.
"""

import hashlib
from typing import Final

import msgspec

from hotpath import seals

HEADER: Final = b"x-kinora-edge"
VERSION: Final = 1
VALID_MS: Final = 10_000
AHEAD_MS: Final = 1000  # by how much the clock of who made it may be ahead of ours
_MAC_BYTES: Final = 16
_ENCODE: Final = msgspec.msgpack.Encoder().encode

Counted = tuple[bool, int, int]
"""`app.ports.limiter.Verdict`: allowed, remaining, reset_after_s."""


class Passport(msgspec.Struct, array_like=True, frozen=True):
    """Who asks, and how that was counted already; None: it was not."""

    version: int
    host: str
    port: int
    made_ms: int
    verdict: Counted | None


_DECODE: Final = msgspec.msgpack.Decoder(Passport).decode


class Passports:
    """Issues and opens them under one secret."""

    def __init__(self, secret: bytes) -> None:
        key = hashlib.blake2b(secret, person=b"kinora-edge", digest_size=32).digest()
        self._seals = seals.Seal(key, _MAC_BYTES)

    def issue(self, host: str, port: int, now_ms: int, verdict: Counted | None) -> bytes:
        """The header's value."""
        return self._seals.seal(_ENCODE(Passport(VERSION, host, port, now_ms, verdict)))

    def open(self, value: bytes, now_ms: int) -> Passport | None:
        """What it says, or None if it is not ours, of another version, too old or from the future."""
        body = self._seals.open(value)
        if body is None:
            return None
        try:
            passport = _DECODE(body)
        except msgspec.DecodeError:
            return None  # ours, of a version that said other things
        if passport.version != VERSION or not now_ms - VALID_MS <= passport.made_ms <= now_ms + AHEAD_MS:
            return None
        return passport
