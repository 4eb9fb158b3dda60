"""Base64 for addresses and headers (RFC 4648, 5) without padding, as every page carries some."""

import binascii
from typing import Final

_OURS: Final = bytes.maketrans(b"+/", b"-_")


def encode(raw: bytes) -> str:
    """The text."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_OURS).decode("ascii")
