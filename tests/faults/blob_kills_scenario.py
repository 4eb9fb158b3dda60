"""Writes objects in every way the store knows until somebody kills it: `blob_kills_scenario.py FOLDER JOB`.

Object n is `SIZE` bytes of the value n modulo 251, so that whoever finds one knows what it must hold.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

from app.adapters.files.blobs import FileBlobs
from app.adapters.files.signing import Grant
from app.core.clock import HOUR_MS, system_ms
from app.ports.blobs import PartClaim

SIZE = 3 * 2**20
PARTS = 3
FILES = 20


def video_id(number: int) -> str:
    """A well-formed id that carries the number."""
    return f"vid_{number:026d}"


def value(number: int) -> bytes:
    return bytes([number % 251])


async def pieces(number: int, size_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(size_bytes // 65_536):
        yield value(number) * 65_536


async def upload(blobs: FileBlobs, number: int, *, parts: int) -> None:
    """PUTs object `number`, whole or in parts, and seals it."""
    key, soon = f"uploads/{video_id(number)}", system_ms() + HOUR_MS
    if parts == 0:
        await blobs.put(Grant(key, None, SIZE, "video/mp4", soon), pieces(number, SIZE), None)
    else:
        size = SIZE // parts
        grants = [Grant(key, part, size, None, soon) for part in range(1, parts + 1)]
        etags = await asyncio.gather(*(blobs.put(grant, pieces(number, size), None) for grant in grants))
        await blobs.assemble(key, [PartClaim(part, etag) for part, etag in enumerate(etags, 1)])
    await blobs.seal(key)


async def publish(blobs: FileBlobs, number: int, job: Path) -> None:
    """Stores a tree of as many files, half of them in a folder, and deletes the one before it."""
    home = job / str(number)
    (home / "360p").mkdir(parents=True)
    files = {f"{'360p/' if index % 2 else ''}{index}.m4s": 1000 + index for index in range(FILES)}
    for name, size in files.items():
        (home / name).write_bytes(value(number) * size)
    await blobs.store_tree(f"media/{video_id(number)}/a1", home, files)
    await blobs.delete_prefix(f"media/{video_id(number - 1)}")


async def forever(folder: Path, job: Path) -> None:
    blobs = FileBlobs(folder, b"s" * 32)
    for number in count(1):
        await asyncio.gather(
            upload(blobs, 2 * number, parts=0),
            upload(blobs, 2 * number + 1, parts=PARTS),
            publish(blobs, number, job),
        )
        sys.stdout.write(".")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(forever(Path(sys.argv[1]), Path(sys.argv[2])))
