"""Addresses of media: `/media/…` where everyone may look, `/media/~{expiry}.{signature}/…` where not.

A playlist names its segments relatively, so whoever opens it under a prefix asks for them under the same one. The
signature is HMAC-SHA256 over video id and expiry, cut to 128 bits.
"""

import base64
import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

LIMIT_MS: Final = 300_000  # no signature is accepted further ahead than this
LIFETIME_MS: Final = 295_000  # five seconds less, for clocks that differ
STEP_MS: Final = 60_000  # pages made within one step carry the same prefix
_MAC_BYTES: Final = 16
_GRANT: Final = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{22})")


def expires_at(now_ms: int) -> int:
    """Until when a prefix made now should hold: 235 to 295 seconds ahead, on a whole minute."""
    return (now_ms + LIFETIME_MS) // STEP_MS * STEP_MS


def public_prefix() -> str:
    """The prefix of media that everyone may see."""
    return "/media"


def signed_prefix(secret: bytes, video_id: str, expires_at: int) -> str:
    """The prefix under which the media of one video are served until `expires_at` (ms)."""
    return f"/media/~{expires_at}.{_signature(secret, video_id, expires_at)}"


def opens(secret: bytes, video_id: str, grant: str, now_ms: int) -> bool:
    """Whether `grant` (what follows the `~`) admits to the media of `video_id` now."""
    match = _GRANT.fullmatch(grant)
    if match is None:
        return False
    expiry = int(match[1])
    genuine = hmac.compare_digest(match[2], _signature(secret, video_id, expiry))
    return genuine and now_ms < expiry <= now_ms + LIMIT_MS


def _signature(secret: bytes, video_id: str, expires_at: int) -> str:
    mac = hmac.digest(_key(secret), f"{video_id}\n{expires_at}".encode(), "sha256")[:_MAC_BYTES]
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


@lru_cache(maxsize=4)
def _key(secret: bytes) -> bytes:
    return hashlib.blake2b(secret, person=b"kinora-media", digest_size=32).digest()
