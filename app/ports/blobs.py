"""Objects: what people upload, and what processing makes of it. A folder, or S3."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class SignedPut(msgspec.Struct, frozen=True):
    """Where and with which headers one PUT is accepted; anything else is refused with 403."""

    url: str
    headers: dict[str, str]


class Part(msgspec.Struct, frozen=True):
    number: int  # from 1
    size_bytes: int
    etag: str


class PartClaim(msgspec.Struct, frozen=True):
    """What a client says it sent: the etag of the part's answer (quoted or bare), and base64 of its SHA-256."""

    number: int
    etag: str
    checksum_sha256: str | None = None


class MediaAccess(msgspec.Struct, frozen=True):
    """What the origin must know of a video: `version` is its `MediaVersion.version`, `public` whether everyone may
    see it, `live` whether it is served at all (false once deleted)."""

    version: str
    public: bool
    live: bool


Access = Callable[[str], Awaitable[MediaAccess | None]]  # by video_id; None for a video without media


class Blobs(Protocol):
    """Keys: `uploads/{video_id}` for arrivals; `media/{video_id}/{attempt}/…` and `avatars/…` for what is served.

    A prefix is whole components of a key: `media/vid_1` never means `media/vid_12`. An object is there whole or not
    at all, whenever the process is killed. A store without room raises Unavailable, code `storage_full`.
    """

    def sign_put(self, key: str, size_bytes: int, content_type: str, expires_at: int) -> SignedPut:
        """A PUT of the whole object, exactly this long."""

    def sign_part(self, key: str, number: int, size_bytes: int, expires_at: int) -> SignedPut:
        """A PUT of one part, exactly this long, with `x-amz-checksum-sha256` checked when sent."""

    async def parts(self, key: str) -> list[Part]:
        """Parts that have arrived, by number."""

    async def assemble(self, key: str, claims: Sequence[PartClaim]) -> None:
        """Makes the object of its parts, in rising order. Invalid if a part is missing or its etag or checksum
        differs; a repeat after success does nothing."""

    async def size(self, key: str) -> int | None:
        """Bytes of the whole object, None if it has not arrived."""

    async def head(self, key: str, length: int) -> bytes:
        """Its first bytes. NotFound if absent."""

    async def fetch(self, key: str, to: Path) -> None:
        """Brings the object to a local file, replacing it. It may be a link to the object: read it, never write
        into it. NotFound if absent."""

    async def store_tree(self, prefix: str, root: Path, files: Mapping[str, int]) -> None:
        """Makes files (relative path -> size_bytes) of a local tree durable under `prefix`, all of them or none.
        Invalid if one is missing, not a plain file or of another size. What was under the prefix is replaced."""

    async def store(self, key: str, data: AsyncIterator[bytes], limit_bytes: int) -> int:
        """Stores a small object; TooLarge beyond the limit, and then nothing is kept."""

    async def delete_prefix(self, prefix: str) -> None:
        """Removes everything under it, parts included; absent is fine. Seals stay."""

    async def seal(self, key: str) -> None:
        """No PUT to this key is accepted from here on (published bytes never change)."""

    async def sweep(self, older_than_ms: int) -> int:
        """Removes what killed processes left unfinished, once that is older than this (an age, well above the hour
        a PUT may take). Returns how many."""
