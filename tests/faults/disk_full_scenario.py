"""What the object store does on a disk that fills up and is emptied again; run by test_disk_full.py in a process of
its own: `disk_full_scenario.py tmpfs|file-size FOLDER ELSEWHERE`. Prints its findings as one JSON object.

tmpfs      FOLDER becomes a filesystem of 64 MiB (needs a mount namespace of one's own); it is filled by a file
file-size  the process may not write files beyond a megabyte: what any user can do to itself
"""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from app.adapters.files.blobs import FileBlobs
from app.adapters.files.origin import Origin
from app.adapters.files.put_door import PutDoor
from app.core import ids
from app.core.clock import HOUR_MS, system_ms
from app.core.errors import Unavailable
from app.ports.blobs import MediaAccess, PartClaim

MIB = 2**20
SECRET = b"s" * 32


class Tmpfs:
    def __init__(self, folder: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
        self._filler = folder / "filler"

    def fill(self) -> None:
        try:
            with self._filler.open("wb", buffering=0) as file:
                for _ in range(64):
                    file.write(bytes(MIB))
        except OSError:
            return  # that it is full is what was wanted

    def empty(self) -> None:
        self._filler.unlink()


class FileSize:
    def __init__(self, _folder: Path) -> None:
        self._soft, self._hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, self._hard))

    def empty(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._soft, self._hard))


async def megabytes(count: int, *, at: int = -1, then: Callable[[], None] | None = None) -> AsyncIterator[bytes]:
    """A body; when `at` megabytes of it are on their way, `then` happens."""
    for index in range(count):
        if then is not None and index == at:
            then()
        yield bytes([index]) * MIB


async def refusal(work: Any) -> str:
    try:
        await work
    except Unavailable as error:
        return error.code
    return "none"


async def scenario(disk: Tmpfs | FileSize, folder: Path, elsewhere: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    blobs = FileBlobs(folder / "blobs", SECRET)
    upload, cut, video = f"uploads/{ids.new('vid')}", f"uploads/{ids.new('vid')}", ids.new("vid")
    soon = system_ms() + HOUR_MS

    async def arrived(_key: str) -> None:
        return None

    async def public(_video_id: str) -> MediaAccess:
        return MediaAccess("a1.0", public=True, live=True)

    door, origin = PutDoor(blobs, arrived), Origin(folder / "blobs", public, SECRET)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (door if scope["path"].startswith("/upload") else origin)(scope, receive, send)

    job = elsewhere / "job"
    job.mkdir()
    (job / "1.m4s").write_bytes(b"small")
    (job / "2.m4s").write_bytes(bytes(4 * MIB))
    tree = {"1.m4s": 5, "2.m4s": 4 * MIB}
    await blobs.store_tree(f"media/{ids.new('vid')}/a0", job, tree)  # room for it there is

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://store") as client:
        await blobs.store(f"media/{video}/a1/small.m4s", megabytes(1), MIB)
        whole = blobs.sign_put(upload, 12 * MIB, "video/mp4", soon).url
        claims = []
        for number in (1, 2):
            part = await client.put(blobs.sign_part(cut, number, 6 * MIB, soon).url, content=megabytes(6))
            claims.append(PartClaim(number, part.headers["etag"]))

        # It fills up in the middle of a body.
        answer = await client.put(whole, content=megabytes(12, at=4, then=disk.fill))
        found["put"] = [answer.status_code, answer.headers["content-type"], answer.json()["code"]]
        found["retry_after"] = answer.headers["retry-after"]
        found["object"] = await blobs.size(upload)
        found["assemble"] = await refusal(blobs.assemble(cut, claims))
        found["assembled"] = await blobs.size(cut)
        found["parts_kept"] = len(await blobs.parts(cut))
        found["tree"] = await refusal(blobs.store_tree(f"media/{video}/a2", job, tree))
        found["tree_published"] = await blobs.size(f"media/{video}/a2/1.m4s")
        found["served_while_full"] = (await client.get(f"/media/{video}/a1.0/small.m4s")).status_code

        disk.empty()
        found["put_again"] = (await client.put(whole, content=megabytes(12))).status_code
        await blobs.assemble(cut, claims)
        found["assembled_again"] = await blobs.size(cut)
        await blobs.store_tree(f"media/{video}/a2", job, tree)
        found["tree_again"] = await blobs.size(f"media/{video}/a2/2.m4s")
    blobs.close()
    found["left_over"] = [path.name for path in (folder / "blobs" / ".tmp").iterdir()]
    return found


if __name__ == "__main__":
    place = Path(sys.argv[2])
    limit = Tmpfs(place) if sys.argv[1] == "tmpfs" else FileSize(place)
    sys.stdout.write(json.dumps(asyncio.run(scenario(limit, place, Path(sys.argv[3])))))
