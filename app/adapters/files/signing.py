"""Signed addresses for PUT: what a client may send, where, until when, and nothing else.

`/upload/{video_id}[/parts/{n}]?expires=…&size=…&type=…&signature=…`; the signature is HMAC-SHA256 over verb, key, part
number, exact size, content type and expiry.
"""

import base64
import hashlib
import hmac
import re
from typing import Final
from urllib.parse import parse_qsl, quote

import msgspec

from app.adapters.files.parts import MAX_PARTS
from app.core import ids
from app.core.errors import Forbidden

_WHOLE: Final = re.compile(r"[1-9][0-9]{0,14}")
_FIELDS: Final = ("expires", "size", "type", "signature")
_LONGEST: Final = 512


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """One PUT that is allowed: the whole object, or part `number`. A part may come with any content type."""

    key: str
    number: int | None
    size_bytes: int
    content_type: str | None
    expires_at: int


class UploadSigner:
    """Makes and checks addresses under one secret. `base_url` stands before each: "" keeps them relative."""

    def __init__(self, secret: bytes, base_url: str) -> None:
        self._key = hashlib.blake2b(secret, person=b"kinora-put", digest_size=32).digest()
        self._base_url = base_url.rstrip("/")

    def url(self, grant: Grant) -> str:
        """The address of a grant; its key must be that of a video's upload."""
        space, _, video_id = grant.key.partition("/")
        if space != "uploads" or not ids.is_id(video_id, "vid"):
            raise ValueError(f"{grant.key!r} takes no uploads")
        if grant.number is not None and not 1 <= grant.number <= MAX_PARTS:
            raise ValueError(f"part {grant.number}")
        path = f"/upload/{video_id}" + (f"/parts/{grant.number}" if grant.number is not None else "")
        type_ = f"&type={quote(grant.content_type, safe='/')}" if grant.content_type else ""
        query = f"expires={grant.expires_at}&size={grant.size_bytes}{type_}&signature={self._signature(grant)}"
        return f"{self._base_url}{path}?{query}"

    def check(self, key: str, number: int | None, query: str, now_ms: int) -> Grant:
        """The grant in a query; Forbidden if we did not sign it for this key and part, or its time is over."""
        fields = _fields(query)
        grant = Grant(key, number, int(fields["size"]), fields.get("type"), int(fields["expires"]))
        if not hmac.compare_digest(fields["signature"].encode(), self._signature(grant).encode()):
            raise _not_ours()
        if grant.expires_at <= now_ms:
            raise Forbidden("This upload address has expired; ask for a new one.", code="upload_expired")
        return grant

    def _signature(self, grant: Grant) -> str:
        mac = hmac.digest(self._key, msgspec.msgpack.encode(("PUT", grant)), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _fields(query: str) -> dict[str, str]:
    if len(query) > _LONGEST:
        raise _not_ours()
    pairs = parse_qsl(query, keep_blank_values=True)
    fields = dict(pairs)
    known = len(fields) == len(pairs) and fields.keys() <= set(_FIELDS)
    if not known or "signature" not in fields:
        raise _not_ours()
    if not all(_WHOLE.fullmatch(fields.get(name, "")) for name in ("expires", "size")):
        raise _not_ours()
    return fields


def _not_ours() -> Forbidden:
    return Forbidden("This upload address is not one of ours, or was changed.", code="bad_signature")
