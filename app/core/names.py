"""User names and e-mail addresses: what is shown, and the folded form that is claimed."""

import hashlib
import hmac
import re
from typing import Final

from app.core.errors import Invalid

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.]{1,28}[a-z0-9_]\Z")
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\"(),:;<>\[\\\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\Z")
_RESERVED: Final = frozenset(
    """admin administrator api help kinora me moderator null official root security staff support system undefined
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
# Within the alphabet of names these look alike; claims fold them together.
_LOOKALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l"})


def username(value: str, pointer: str = "/username") -> str:
    """A valid user name, lower case. ASCII only, so no other script's letters can pass for it."""
    name = value.strip().lower()
    if not _NAME.match(name) or ".." in name:
        raise Invalid(
            pointer, "bad_username", "A user name has 3–30 of a–z, 0–9, `_` and `.`, and starts with a–z or 0–9."
        )
    if name in _RESERVED:
        raise Invalid(pointer, "reserved", "This name is reserved.")
    return name


def username_key(name: str) -> str:
    """What a valid name claims: names that look alike claim the same."""
    return name.translate(_LOOKALIKE)


def email(value: str, pointer: str = "/email") -> str:
    """A plausible address, its domain in lower case."""
    address = value.strip()
    if len(address) > 254 or not _EMAIL.match(address) or ".." in address:
        raise Invalid(pointer, "bad_email", "This is not an e-mail address.")
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def email_key(address: str, secret: bytes) -> bytes:
    """The blind index an address claims: equal addresses (case aside) meet, and nobody can read them from it."""
    return hmac.digest(hashlib.sha256(b"kinora-email" + secret).digest(), address.lower().encode(), "sha256")
