"""The objects' port over a folder."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from app.adapters.files import parts
from app.adapters.files.folder import Folder
from app.adapters.files.layout import Layout
from app.adapters.files.signing import Grant, UploadSigner
from app.adapters.files.spool import Spool
from app.adapters.files.threads import DiskThreads
from app.core.clock import Clock, system_ms
from app.core.errors import Forbidden, Invalid, TooLarge
from app.ports.blobs import Part, PartClaim, SignedPut

WRITE_BYTES: Final = 2**20  # gathered before a thread writes them
HEAD_BYTES: Final = 2**20


class FileBlobs:
    """`app.ports.blobs.Blobs` in `root`, shared by any number of processes; make it once in each.

    secret           signs addresses; the same in every process
    base_url         stands before the addresses of PUTs; "" keeps them relative
    keep_free_bytes  of the disk, for the other stores on it: a PUT that would eat into them is refused
    """

    def __init__(
        self, root: Path, secret: bytes, *, base_url: str = "", keep_free_bytes: int = 0, clock: Clock = system_ms
    ) -> None:
        self._folder = Folder(Layout(root), keep_free_bytes)
        self._threads = DiskThreads()
        self._signer = UploadSigner(secret, base_url)
        self._clock = clock
        self._assembling: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def close(self) -> None:
        """Waits for what the threads have begun."""
        self._threads.close()

    def sign_put(self, key: str, size_bytes: int, content_type: str, expires_at: int) -> SignedPut:
        grant = Grant(key, None, size_bytes, content_type, expires_at)
        return SignedPut(self._signer.url(grant), {"content-type": content_type})

    def sign_part(self, key: str, number: int, size_bytes: int, expires_at: int) -> SignedPut:
        return SignedPut(self._signer.url(Grant(key, number, size_bytes, None, expires_at)), {})

    def check(self, key: str, number: int | None, query: str) -> Grant:
        """The PUT that an address allows now; raises Forbidden."""
        return self._signer.check(key, number, query, self._clock())

    async def put(self, grant: Grant, chunks: AsyncIterator[bytes], checksum_sha256: str | None) -> str:
        """Takes in a body, never more than a megabyte of it in memory, and returns its etag.

        Forbidden if the key is sealed or the body longer than granted, Invalid if it is shorter or its checksum
        (base64) differs; nothing is kept then, nor when `chunks` raises.
        """
        await self._threads.step(self._folder.demand_open, grant.key)
        spool = await self._threads.step(self._folder.begin, grant.size_bytes)
        try:
            too_long = Forbidden("The body is longer than this address allows.", code="wrong_length")
            await self._fill(spool, chunks, grant.size_bytes, too_long)
            if spool.size_bytes < grant.size_bytes:
                raise Invalid("", "incomplete_body", f"{grant.size_bytes - spool.size_bytes} bytes are missing.")
            if checksum_sha256 is not None and not parts.same_checksum(checksum_sha256, spool.sha256):
                raise Invalid("", "checksum_mismatch", "The bytes that arrived have another SHA-256.")
            etag = parts.etag(spool.md5)
            if grant.number is None:
                await self._threads.bulk(self._folder.commit_object, spool, grant.key)
            else:
                await self._threads.bulk(self._folder.commit_part, spool, grant.key, grant.number)
        finally:
            self._threads.later(spool.discard)
        return etag

    async def parts(self, key: str) -> list[Part]:
        return [parts.public(part) for part in await self._threads.step(self._folder.parts, key)]

    async def assemble(self, key: str, claims: Sequence[PartClaim]) -> None:
        # One at a time for each key: a client that calls twice must not make us copy twice.
        async with self._assembling.setdefault(key, asyncio.Lock()):
            await self._threads.bulk(self._folder.assemble, key, claims)

    async def size(self, key: str) -> int | None:
        return await self._threads.step(self._folder.size, key)

    async def head(self, key: str, length: int) -> bytes:
        return await self._threads.step(self._folder.head, key, min(length, HEAD_BYTES))

    async def fetch(self, key: str, to: Path) -> None:
        await self._threads.bulk(self._folder.fetch, key, to)

    async def store_tree(self, prefix: str, root: Path, files: Mapping[str, int]) -> None:
        await self._threads.bulk(self._folder.store_tree, prefix, root, dict(files))

    async def store(self, key: str, data: AsyncIterator[bytes], limit_bytes: int) -> int:
        spool = await self._threads.step(self._folder.begin, 0)
        try:
            too_large = TooLarge(f"At most {limit_bytes} bytes are allowed.")
            await self._fill(spool, data, limit_bytes, too_large)
            size_bytes = spool.size_bytes
            await self._threads.step(self._folder.commit_stored, spool, key)
        finally:
            self._threads.later(spool.discard)
        return size_bytes

    async def delete_prefix(self, prefix: str) -> None:
        await self._threads.bulk(self._folder.delete_prefix, prefix)

    async def seal(self, key: str) -> None:
        await self._threads.step(self._folder.seal, key)

    async def sweep(self, older_than_ms: int) -> int:
        return await self._threads.bulk(self._folder.sweep, self._clock(), older_than_ms)

    async def _fill(
        self, spool: Spool, chunks: AsyncIterator[bytes], limit_bytes: int, too_much: Forbidden | TooLarge
    ) -> None:
        """Writes all chunks; raises `too_much` as soon as they pass the limit."""
        gathered = bytearray()
        seen_bytes = 0
        async for chunk in chunks:
            seen_bytes += len(chunk)
            if seen_bytes > limit_bytes:
                raise too_much
            gathered += chunk
            if len(gathered) >= WRITE_BYTES:
                await self._threads.step(spool.write, gathered)
                gathered = bytearray()
        await self._threads.step(spool.write, gathered)
