"""Parts of an upload on disk: the bytes, then 48 more that hold their MD5 and SHA-256.

The hashes travel in the file itself, so that a part and what is known of it arrive in one rename.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from app.adapters.files.spool import Spool
from app.core.errors import FieldError, Invalid
from app.ports.blobs import Part, PartClaim

MD5_BYTES: Final = 16
TRAILER_BYTES: Final = 48
MAX_PARTS: Final = 10_000


class StoredPart(msgspec.Struct, frozen=True):
    """One part that has arrived."""

    number: int
    size_bytes: int
    md5: bytes
    sha256: bytes

    @property
    def etag(self) -> str:
        return etag(self.md5)


def etag(md5: bytes) -> str:
    """The entity tag S3 gives to an object sent in one piece."""
    return f'"{md5.hex()}"'


def end_part(spool: Spool) -> None:
    """Adds the trailer to a part whose bytes are all there."""
    spool.write_trailer(spool.md5 + spool.sha256)


def stored(folder: Path) -> list[StoredPart]:
    """Parts in `folder`, by number; none if there is no such folder."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    found = (_read(folder / name) for name in names[:MAX_PARTS])
    return [part for part in found if part is not None]


def public(part: StoredPart) -> Part:
    """As the port shows it."""
    return Part(part.number, part.size_bytes, part.etag)


def chosen(parts: Sequence[StoredPart], claims: Sequence[PartClaim]) -> list[StoredPart]:
    """The parts that are claimed, in order; raises Invalid naming each claim (at most 20) that does not hold."""
    by_number = {part.number: part for part in parts}
    faults: list[FieldError] = []
    before = 0
    for index, claim in enumerate(claims):
        fault = _fault(index, claim, before, by_number.get(claim.number))
        if fault is not None:
            faults.append(fault)
        before = claim.number
    if not claims:
        faults.append(FieldError("/parts", "part_missing", "Neither the whole file nor any part was named."))
    if faults:
        raise Invalid(faults[0].pointer, faults[0].code, faults[0].detail, *faults[1:20])
    return [by_number[claim.number] for claim in claims]


def append(spool: Spool, path: Path, part: StoredPart) -> bool:
    """Appends a part's bytes; False if it is no longer the one that was chosen."""
    handle = _open(path)
    if handle is None:
        return False
    try:
        same = _described(handle, part.number) == part
        if same:
            spool.append_from(handle, part.size_bytes)
    finally:
        os.close(handle)
    return same


def _fault(index: int, claim: PartClaim, before: int, part: StoredPart | None) -> FieldError | None:
    at = f"/parts/{index}"
    if claim.number <= before:
        return FieldError(f"{at}/number", "part_order", "Parts are named once each, in rising order.")
    if part is None:
        return FieldError(at, "part_missing", f"Part {claim.number} has not arrived.")
    if claim.etag.strip('"') != part.md5.hex():
        return FieldError(f"{at}/etag", "etag_mismatch", f"Part {claim.number} arrived with another etag.")
    if claim.checksum_sha256 is not None and not same_checksum(claim.checksum_sha256, part.sha256):
        detail = f"Part {claim.number} arrived with another checksum."
        return FieldError(f"{at}/checksum_sha256", "checksum_mismatch", detail)
    return None


def same_checksum(text: str, sha256: bytes) -> bool:
    """Whether `text` is the base64 of this digest."""
    try:
        return hmac.compare_digest(base64.b64decode(text, validate=True), sha256)
    except (binascii.Error, ValueError):
        return False


def _read(path: Path) -> StoredPart | None:
    handle = _open(path)
    if handle is None:
        return None
    try:
        return _described(handle, int(path.name))
    finally:
        os.close(handle)


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _described(handle: int, number: int) -> StoredPart:
    size_bytes = os.fstat(handle).st_size - TRAILER_BYTES
    trailer = os.pread(handle, TRAILER_BYTES, size_bytes)
    return StoredPart(number, size_bytes, trailer[:MD5_BYTES], trailer[MD5_BYTES:])
