"""One answer that is the same for everybody, in each encoding: status, headers, body, and what is sent to whoever has
it already."""

import gzip
import hashlib
from typing import Final

import brotli
import msgspec

from app.core.negotiation import Coding

BROTLI_QUALITY, GZIP_LEVEL = 5, 6
# With a second of the process's own, nothing hidden is shown by any cache after two (and a moment).
SHARED: Final = b"public, max-age=1, stale-while-revalidate=1"
SHARED_UNHEARD: Final = b"public, max-age=1"
VARY: Final = b"authorization, accept-encoding"

Headers = list[tuple[bytes, bytes]]


class ReadyAnswer(msgspec.Struct, frozen=True):
    """A whole answer. Its headers are shared: whoever sends it adds to a copy."""

    status: int
    headers: Headers
    body: bytes


class Variant(msgspec.Struct, frozen=True):
    etag: bytes
    full: ReadyAnswer
    unchanged: ReadyAnswer


def variants_of(body: bytes, sound: bool) -> dict[Coding, Variant]:
    """The answer in every coding. One that gains nothing by a coding is sent plain."""
    digest = hashlib.blake2b(body, digest_size=12).hexdigest().encode()
    plain = _in_coding(body, b'"%b"' % digest, sound, None)
    variants: dict[Coding, Variant] = {"br": plain, "gzip": plain, "identity": plain}
    packed_in: tuple[tuple[Coding, bytes], ...] = (
        ("br", brotli.compress(body, quality=BROTLI_QUALITY)),
        ("gzip", gzip.compress(body, GZIP_LEVEL, mtime=0)),
    )
    for coding, packed in packed_in:
        if len(packed) < len(body):
            variants[coding] = _in_coding(packed, b'"%b-%b"' % (digest, coding.encode()), sound, coding)
    return variants


def _in_coding(body: bytes, etag: bytes, sound: bool, coding: Coding | None) -> Variant:
    caching: Headers = [
        (b"cache-control", SHARED if sound else SHARED_UNHEARD),
        (b"etag", etag),
        (b"vary", VARY),
    ]
    encoded: Headers = [(b"content-encoding", coding.encode())] if coding else []
    described: Headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *encoded,
    ]
    return Variant(etag, ReadyAnswer(200, [*described, *caching], body), ReadyAnswer(304, caching, b""))
