"""The origin: who may see which media, in which version, and how browsers want it served."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from app.adapters.files.access import AccessCache
from app.adapters.files.origin import Origin
from app.core import ids, media_urls
from app.core.errors import Unavailable
from app.ports.blobs import MediaAccess

SECRET = b"s" * 32
NOW = 1_800_000_000_000
PUBLIC = MediaAccess("a1.0", public=True, live=True)
PRIVATE = MediaAccess("a1.1", public=False, live=True)
DELETED = MediaAccess("a1.0", public=True, live=False)


class World:
    """One video whose files lie in a folder; its access is what the test says, read anew for each request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_ms = NOW
        self.video_id = ids.new("vid")
        self.access: dict[str, MediaAccess] = {self.video_id: PUBLIC}
        self.origin = Origin(folder, AccessCache(self._ask, ttl_s=0.0), SECRET, clock=lambda: self.now_ms)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.origin), base_url="http://origin")

    async def _ask(self, video_id: str) -> MediaAccess | None:
        return self.access.get(video_id)

    def file(self, name: str, content: bytes = b"content") -> str:
        """Writes a file of the video and returns its public path."""
        path = self.folder / "media" / self.video_id / "a1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"/media/{self.video_id}/a1.0/{name}"

    def signed(self, name: str, version: str = "a1.1", *, video_id: str | None = None, ahead_ms: int = 200_000) -> str:
        prefix = media_urls.signed_prefix(SECRET, video_id or self.video_id, self.now_ms + ahead_ms)
        return f"{prefix}/{self.video_id}/{version}/{name}"

    async def status(self, path: str) -> int:
        return (await self.client.get(path)).status_code

    async def raw_status(self, path: str) -> int:
        """Of a GET whose path no client has tidied up; percent signs are undone as a server does."""
        statuses: list[int] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def receive() -> Any:
            return await asyncio.Event().wait()  # the client stays

        await self.origin({"type": "http", "method": "GET", "path": unquote(path), "headers": []}, receive, send)
        return statuses[0]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.client.aclose()


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("master.m3u8", "application/vnd.apple.mpegurl"),
        ("manifest.mpd", "application/dash+xml"),
        ("360p/init.mp4", "video/mp4"),
        ("360p/seg_00001.m4s", "video/mp4"),
        ("audio/init.mp4", "audio/mp4"),
        ("audio/seg_00001.m4s", "audio/mp4"),
        ("sprite.vtt", "text/vtt; charset=utf-8"),
        ("thumb_0.jpg", "image/jpeg"),
    ],
)
async def test_public_media_are_served_for_good_with_fixed_types(world: World, name: str, type_: str) -> None:
    answer = await world.client.get(world.file(name, b"<script>content"))

    assert (answer.status_code, answer.content) == (200, b"<script>content")
    assert answer.headers["content-type"] == type_
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == "15"
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.js", "page", "page.jpg.html"])
async def test_other_files_are_not_served(world: World, name: str) -> None:
    assert await world.status(world.file(name)) == 404


async def test_the_download_is_an_attachment(world: World) -> None:
    answer = await world.client.get(world.file("download.mp4"))

    assert answer.headers["content-disposition"] == f'attachment; filename="{world.video_id}.mp4"'
    assert answer.headers["content-type"] == "video/mp4"


async def test_head_says_the_same_without_the_bytes(world: World) -> None:
    path = world.file("a.m4s")

    get, head = await world.client.get(path), await world.client.head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize(
    ("asked", "content", "said"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-500", b"56789", "bytes 5-9/10"),
    ],
)
async def test_ranges(world: World, asked: str, content: bytes, said: str) -> None:
    answer = await world.client.get(world.file("a.m4s", b"0123456789"), headers={"range": asked})

    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == said
    assert answer.headers["content-length"] == str(len(content))


async def test_a_range_beyond_the_end_is_refused(world: World) -> None:
    answer = await world.client.get(world.file("a.m4s", b"0123456789"), headers={"range": "bytes=10-12"})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */10"


async def test_who_has_it_already_gets_304(world: World) -> None:
    path = world.file("a.m4s")
    etag = (await world.client.get(path)).headers["etag"]

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await world.client.get(path, headers={"if-none-match": known, "range": "bytes=0-1"})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert (await world.client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_range_of_another_file_is_answered_whole(world: World) -> None:
    path = world.file("a.m4s", b"0123456789")
    etag = (await world.client.get(path)).headers["etag"]

    same = await world.client.get(path, headers={"range": "bytes=0-1", "if-range": etag})
    other = await world.client.get(path, headers={"range": "bytes=0-1", "if-range": '"other"'})

    assert (same.status_code, same.content) == (206, b"01")
    assert (other.status_code, other.content) == (200, b"0123456789")


async def test_what_is_not_public_needs_a_signature(world: World) -> None:
    world.file("a.m4s")
    world.access[world.video_id] = PRIVATE

    unsigned = await world.client.get(f"/media/{world.video_id}/a1.1/a.m4s")
    signed = await world.client.get(world.signed("a.m4s"))

    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "signature_needed")
    assert unsigned.headers["cache-control"] == "no-store"
    assert (signed.status_code, signed.content) == (200, b"content")
    assert signed.headers["cache-control"] == "private, no-store"
    assert signed.headers["cross-origin-resource-policy"] == "same-site"


@pytest.mark.parametrize("name", ["master.m3u8", "360p/init.mp4", "360p/s.m4s", "t.jpg", "sprite.jpg", "s.vtt"])
async def test_no_file_of_a_private_video_opens_without_its_own_signature(world: World, name: str) -> None:
    public_path = world.file(name)
    world.access[world.video_id] = PRIVATE
    other = ids.new("vid")
    good = world.signed(name)

    assert await world.status(good) == 200
    assert await world.status(public_path) == 403  # public -> private: the old address
    assert await world.status(world.signed(name, video_id=other)) == 403
    assert await world.status(world.signed(name, ahead_ms=0)) == 403
    assert await world.status(world.signed(name, ahead_ms=300_001)) == 403
    assert await world.status(good.replace("/~1", "/~2")) == 403
    assert await world.status(f"/media/~/{world.video_id}/a1.1/{name}") == 403
    assert await world.status(f"/media/~x.y/{world.video_id}/a1.1/{name}") == 403
    world.now_ms += 200_000
    assert await world.status(good) == 403


async def test_a_public_video_does_not_open_under_a_forged_signature(world: World) -> None:
    world.file("a.m4s")
    forged = world.signed("a.m4s", "a1.0").replace("/~1", "/~2")
    assert await world.status(forged) == 403


async def test_only_the_current_version_is_there(world: World) -> None:
    path = world.file("a.m4s")

    for version in ("a1.1", "a2.0", "a1.00"):
        assert await world.status(path.replace("a1.0", version)) == 404
    world.access[world.video_id] = MediaAccess("a1.2", public=True, live=True)
    assert await world.status(path) == 404
    assert await world.status(world.signed("a.m4s", "a1.0")) == 404
    assert await world.status(path.replace("a1.0", "a1.2")) == 200


async def test_what_is_deleted_or_unknown_is_not_there(world: World) -> None:
    path = world.file("a.m4s")
    world.access[world.video_id] = DELETED
    assert await world.status(path) == 404
    assert await world.status(world.signed("a.m4s", "a1.0")) == 404
    del world.access[world.video_id]
    assert await world.status(path) == 404


@pytest.mark.parametrize(
    "tail",
    [
        "../a1/a.m4s",
        "%2e%2e/a1/a.m4s",
        "x/../../a1/a.m4s",
        "..%2fa1%2fa.m4s",
        "./a.m4s",
        "/a.m4s",
        ".secret.m4s",
        "a.m4s/",
        "a.m4s%00.jpg",
        "a.m4s%0a",
        "%61.m4s/..",
        "é.m4s",
        "b/c/d/e/f.m4s",
        "a" * 101 + ".m4s",
        "",
        "missing.m4s",
        "folder.m4s",
        "a.m4s/b.m4s",
    ],
)
async def test_paths_name_files_of_the_video_and_nothing_else(world: World, tail: str) -> None:
    world.file("a.m4s")
    world.file("folder.m4s/inside.m4s")
    assert await world.raw_status(f"/media/{world.video_id}/a1.0/a.m4s") == 200
    assert await world.raw_status(f"/media/{world.video_id}/a1.0/{tail}") == 404


@pytest.mark.parametrize(
    "path", ["/media", "/media/", "/media/vid_1/a1.0/a.m4s", "/mediax", "/uploads/x", "/.tmp/x", "/avatars/usr_1/a.jpg"]
)
async def test_other_addresses_are_not_there(world: World, path: str) -> None:
    assert await world.status(path) == 404


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_media_are_only_read(world: World, verb: str) -> None:
    answer = await world.client.request(verb, world.file("a.m4s"))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


async def test_avatars_are_public_pictures(world: World) -> None:
    user_id = ids.new("usr")
    (world.folder / "avatars" / user_id).mkdir(parents=True)
    (world.folder / "avatars" / user_id / "1.jpg").write_bytes(b"picture")

    answer = await world.client.get(f"/avatars/{user_id}/1.jpg")

    assert (answer.status_code, answer.content) == (200, b"picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert await world.status(f"/avatars/{user_id}/2.jpg") == 404
    assert await world.status(f"/avatars/{ids.new('usr')}/1.jpg") == 404


async def test_a_store_that_is_down_is_not_an_absent_video(tmp_path: Path) -> None:
    async def down(_video_id: str) -> MediaAccess | None:
        raise Unavailable("The database is away.")

    origin = Origin(tmp_path, down, SECRET)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(origin), base_url="http://origin") as client:
        answer = await client.get(f"/media/{ids.new('vid')}/a1.0/a.m4s")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_the_record_is_asked_once_a_second_and_once_for_all() -> None:
    now_s, asked, go = 100.0, 0, asyncio.Event()

    async def access(_video_id: str) -> MediaAccess | None:
        nonlocal asked
        asked += 1
        await go.wait()
        return PUBLIC

    cache = AccessCache(access, ttl_s=1.0, now_s=lambda: now_s)
    waiting = [asyncio.create_task(cache.get("vid_1")) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # the one who asked first leaves: the others still get their answer
    go.set()

    assert await asyncio.gather(*waiting[1:]) == [PUBLIC] * 49
    now_s += 0.99
    await cache.get("vid_1")
    assert asked == 1
    now_s += 0.01
    await cache.get("vid_1")
    assert asked == 2


async def test_an_answer_is_as_old_as_its_question() -> None:
    now_s, answers = 100.0, [PUBLIC, PRIVATE]
    go = asyncio.Event()

    async def access(_video_id: str) -> MediaAccess | None:
        answer = answers.pop(0)
        await go.wait()
        return answer

    cache = AccessCache(access, ttl_s=1.0, now_s=lambda: now_s)
    early = asyncio.create_task(cache.get("vid_1"))
    await asyncio.sleep(0)
    now_s += 1.0  # the first question is still open, and too old for whoever comes now
    late = asyncio.create_task(cache.get("vid_1"))
    await asyncio.sleep(0)
    go.set()

    assert await early == PUBLIC
    assert await late == PRIVATE
    assert await cache.get("vid_1") == PRIVATE


async def test_a_newer_version_is_known_as_soon_as_it_is_asked_for(tmp_path: Path) -> None:
    now_s, access = 50.0, PUBLIC

    async def ask(_video_id: str) -> MediaAccess | None:
        return access

    world = World(tmp_path)
    world.file("360p/playlist.m3u8")
    origin = Origin(tmp_path, AccessCache(ask, now_s=lambda: now_s), SECRET, clock=lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(origin), base_url="http://origin") as client:
        old, new = world.file("360p/playlist.m3u8"), world.signed("360p/playlist.m3u8")
        assert (await client.get(old)).status_code == 200
        access = PRIVATE
        now_s += 0.2  # within the second that answers are kept
        assert (await client.get(new)).status_code == 200
        assert (await client.get(old)).status_code == 403
    await world.client.aclose()


async def test_failures_are_not_remembered() -> None:
    answers: list[MediaAccess | None] = [None, PUBLIC]

    async def access(_video_id: str) -> MediaAccess | None:
        answer = answers.pop(0)
        if answer is None:
            raise Unavailable("The database is away.")
        return answer

    cache = AccessCache(access, ttl_s=60.0)
    with pytest.raises(Unavailable):
        await cache.get("vid_1")
    assert await cache.get("vid_1") == PUBLIC


async def test_only_so_many_answers_are_kept() -> None:
    asked: list[str] = []

    async def access(video_id: str) -> MediaAccess | None:
        asked.append(video_id)
        return PUBLIC

    cache = AccessCache(access, ttl_s=60.0, kept=2)
    for video_id in ("vid_1", "vid_2", "vid_1", "vid_3", "vid_1", "vid_2"):
        await cache.get(video_id)

    assert asked == ["vid_1", "vid_2", "vid_3", "vid_2"]
