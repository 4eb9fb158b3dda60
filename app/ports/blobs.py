"""Objects: what people upload, and what processing makes of it. A folder, or S3."""

from collections.abc import AsyncIterator, Mapping, Sequence
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
    """What a client says it sent."""

    number: int
    etag: str
    checksum_sha256: str | None = None


class Blobs(Protocol):
    """Keys: `uploads/{video_id}` for arrivals; `media/{video_id}/{attempt}/…` and `avatars/…` for what is served."""

    def sign_put(self, key: str, size_bytes: int, content_type: str, expires_at: int) -> SignedPut:
        """A PUT of the whole object, exactly this long."""

    def sign_part(self, key: str, number: int, size_bytes: int, expires_at: int) -> SignedPut:
        """A PUT of one part, exactly this long, with `x-amz-checksum-sha256` checked when sent."""

    async def parts(self, key: str) -> list[Part]:
        """Parts that have arrived, by number."""

    async def assemble(self, key: str, claims: Sequence[PartClaim]) -> None:
        """Makes the object of its parts. Invalid if a part is missing or its etag or checksum differs; a repeat
        after success does nothing."""

    async def size(self, key: str) -> int | None:
        """Bytes of the whole object, None if it has not arrived."""

    async def head(self, key: str, length: int) -> bytes:
        """Its first bytes. NotFound if absent."""

    async def fetch(self, key: str, to: Path) -> None:
        """Brings the object to a local file (a link where that is possible). NotFound if absent."""

    async def store_tree(self, prefix: str, root: Path, files: Mapping[str, int]) -> None:
        """Makes files of a local tree durable under `prefix`; sizes are checked."""

    async def store(self, key: str, data: AsyncIterator[bytes], limit_bytes: int) -> int:
        """Stores a small object; TooLarge beyond the limit, and then nothing is kept."""

    async def delete_prefix(self, prefix: str) -> None:
        """Removes everything under it; absent is fine."""

    async def seal(self, key: str) -> None:
        """No PUT to this key is accepted from here on (published bytes never change)."""
