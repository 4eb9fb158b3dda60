"""The door for uploads: what a signed address allows, and everything it refuses."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from app.adapters.files.blobs import FileBlobs
from app.adapters.files.put_door import MAX_BODIES, Arrival, PutDoor
from app.core import ids
from app.core.errors import Unavailable
from app.ports.blobs import PartClaim

NOW = 1_800_000_000_000
SOON = NOW + 3_600_000
MP4 = "video/mp4"


class Door:
    """A door over an empty folder, its clock standing still, and the keys that arrived."""

    def __init__(self, folder: Path, on_arrival: Arrival | None = None) -> None:
        self.folder = folder
        self.now_ms = NOW
        self.arrived: list[str] = []
        self.blobs = FileBlobs(folder, b"s" * 32, clock=lambda: self.now_ms)
        transport = httpx.ASGITransport(PutDoor(self.blobs, on_arrival or self._note))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://door")

    async def _note(self, key: str) -> None:
        self.arrived.append(key)

    async def close(self) -> None:
        await self.client.aclose()
        self.blobs.close()  # waits for the clean-up behind refused requests

    def left_over(self) -> list[str]:
        return [path.name for path in (self.folder / ".tmp").iterdir()]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    door = Door(tmp_path / "blobs")
    yield door
    await door.close()


def changed(url: str, **fields: str | None) -> str:
    """The address with query fields replaced, or removed by None."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | fields
    return urlunsplit(parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})))


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, whose form is checked as well."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    return answer.status_code, problem["code"]


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_whole_file_arrives_and_is_announced_once_it_is_there(door: Door) -> None:
    video_id, body = ids.new("vid"), bytes(range(256)) * 12_000
    signed = door.blobs.sign_put(f"uploads/{video_id}", len(body), MP4, SOON)

    answer = await door.client.put(signed.url, content=body, headers=signed.headers)

    assert signed.url.startswith(f"/upload/{video_id}?")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert (door.folder / "uploads" / video_id).read_bytes() == body
    assert door.arrived == [f"uploads/{video_id}"]


async def test_addresses_may_be_absolute(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path, b"s" * 32, base_url="https://kinora.example/")
    video_id = ids.new("vid")

    assert blobs.sign_put(f"uploads/{video_id}", 1, MP4, SOON).url.startswith(
        f"https://kinora.example/upload/{video_id}?"
    )
    blobs.close()


async def test_a_client_may_name_no_type_and_send_chunks_without_a_length(door: Door) -> None:
    video_id = ids.new("vid")
    signed = door.blobs.sign_put(f"uploads/{video_id}", 6, MP4, SOON)

    answer = await door.client.put(signed.url, content=chunked(b"abc", b"def"))

    assert answer.status_code == 200
    assert (door.folder / "uploads" / video_id).read_bytes() == b"abcdef"


async def test_a_part_arrives_with_its_checksum_and_announces_nothing(door: Door) -> None:
    key, body = f"uploads/{ids.new('vid')}", b"part"
    signed = door.blobs.sign_part(key, 2, 4, SOON)
    checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()

    answer = await door.client.put(signed.url, content=body, headers={"x-amz-checksum-sha256": checksum})

    assert answer.status_code == 200
    assert [(part.number, part.etag) for part in await door.blobs.parts(key)] == [(2, answer.headers["etag"])]
    assert door.arrived == []


@pytest.mark.parametrize("checksum", [base64.b64encode(bytes(32)).decode(), "AAAA", "no base64", ""])
async def test_a_checksum_that_differs_is_refused(door: Door, checksum: str) -> None:
    key = f"uploads/{ids.new('vid')}"
    for signed in (door.blobs.sign_part(key, 1, 4, SOON), door.blobs.sign_put(key, 4, MP4, SOON)):
        answer = await door.client.put(signed.url, content=b"body", headers={"x-amz-checksum-sha256": checksum})
        assert code_of(answer) == (400, "invalid")
        assert answer.json()["errors"][0]["code"] == "checksum_mismatch"
    assert await door.blobs.size(key) is None
    assert await door.blobs.parts(key) == []


async def test_an_address_fits_nothing_but_what_was_signed(door: Door) -> None:
    video_id, other = ids.new("vid"), ids.new("vid")
    url = door.blobs.sign_put(f"uploads/{video_id}", 4, MP4, SOON).url
    part_url = door.blobs.sign_part(f"uploads/{video_id}", 1, 4, SOON).url
    foreign = FileBlobs(door.folder, b"t" * 32)
    forged = [
        url.replace(video_id, other),
        url.replace("?", "/parts/1?"),
        part_url.replace("/parts/1", "/parts/2"),
        part_url.replace("/parts/1", ""),
        changed(url, expires=str(SOON + 1)),
        changed(url, size="5"),
        changed(url, size="04"),
        changed(url, size="٤"),
        changed(url, size="-4"),
        changed(url, size=None),
        changed(url, type="video/quicktime"),
        changed(url, type=None),
        changed(url, signature="A" * 43),
        changed(url, signature="Ж"),
        changed(url, signature=None),
        changed(url, extra="1"),
        url + "&size=4",
        url + "&" + "x" * 600,
        url.partition("?")[0],
        foreign.sign_put(f"uploads/{video_id}", 4, MP4, SOON).url,
    ]

    for address in forged:
        answer = await door.client.put(address, content=b"body")
        assert code_of(answer) == (403, "bad_signature"), address
        assert answer.headers["connection"] == "close"
    foreign.close()
    assert door.arrived == []
    assert not (door.folder / "uploads").exists()


@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
async def test_other_verbs_are_refused(door: Door, verb: str) -> None:
    signed = door.blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON)
    answer = await door.client.request(verb, signed.url)
    assert answer.status_code == 403


async def test_an_address_ends_with_its_expiry(door: Door) -> None:
    signed = door.blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON)

    door.now_ms = SOON - 1
    assert (await door.client.put(signed.url, content=b"body")).status_code == 200
    door.now_ms = SOON
    assert code_of(await door.client.put(signed.url, content=b"body")) == (403, "upload_expired")


async def test_another_type_is_refused(door: Door) -> None:
    signed = door.blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON)
    for type_ in ("text/html", "video/quicktime", "video/mp4; x=1", ""):
        answer = await door.client.put(signed.url, content=b"body", headers={"content-type": type_})
        assert code_of(answer) == (403, "wrong_type")


@pytest.mark.parametrize("length", [0, 1, 3, 5, 5_000_000])
async def test_another_length_is_refused_before_a_byte_is_read(door: Door, length: int) -> None:
    signed = door.blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON)

    async def never() -> AsyncIterator[bytes]:
        yield pytest.fail("the body was read")

    answer = await door.client.put(signed.url, content=never(), headers={"content-length": str(length)})
    assert code_of(answer) == (403, "wrong_length")


async def test_chunks_beyond_the_length_are_refused_where_they_pass_it(door: Door) -> None:
    video_id = ids.new("vid")
    signed = door.blobs.sign_put(f"uploads/{video_id}", 4, MP4, SOON)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b"xx"

    assert code_of(await door.client.put(signed.url, content=endless())) == (403, "wrong_length")
    assert sent == 3
    assert await door.blobs.size(f"uploads/{video_id}") is None


async def test_chunks_that_end_early_are_refused(door: Door) -> None:
    signed = door.blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON)
    answer = await door.client.put(signed.url, content=chunked(b"abc"))
    assert code_of(answer) == (400, "invalid")
    assert answer.json()["errors"][0]["code"] == "incomplete_body"


@pytest.mark.parametrize(
    "path",
    [
        "/upload/",
        "/upload/vid_1",
        "/upload/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/upload/vid_01ARZ3NDEKTSV4RRFFQ69G5FAU",  # U is no letter of the alphabet
        "/upload/vid_01ARZ3NDEKTSV4RRFFQ69G5FAV/parts/0",
        "/upload/vid_01ARZ3NDEKTSV4RRFFQ69G5FAV/parts/01",
        "/upload/vid_01ARZ3NDEKTSV4RRFFQ69G5FAV/parts/100000",
        "/upload/vid_01ARZ3NDEKTSV4RRFFQ69G5FAV/",
        "/upload/vid_01ARZ3NDEKTSV4RRFFQ69G5FAV%00",
        "/upload/%2e%2e/%2e%2e/etc/passwd",
    ],
)
async def test_other_paths_are_not_there(door: Door, path: str) -> None:
    assert code_of(await door.client.put(path, content=b"x")) == (404, "not_found")


async def test_once_sealed_every_address_is_refused_and_the_bytes_stay(door: Door) -> None:
    key = f"uploads/{ids.new('vid')}"
    whole, part = door.blobs.sign_put(key, 5, MP4, SOON), door.blobs.sign_part(key, 1, 5, SOON)
    await door.client.put(whole.url, content=b"first")

    await door.blobs.seal(key)

    for signed in (whole, part):
        assert code_of(await door.client.put(signed.url, content=b"other")) == (403, "upload_sealed")
    assert (door.folder / key).read_bytes() == b"first"
    assert door.arrived == [key]


async def test_a_put_that_began_before_the_seal_does_not_change_the_bytes(door: Door) -> None:
    key = f"uploads/{ids.new('vid')}"
    signed = door.blobs.sign_put(key, 5, MP4, SOON)
    await door.client.put(signed.url, content=b"first")

    async def sealed_in_the_middle() -> AsyncIterator[bytes]:
        yield b"ot"
        await door.blobs.seal(key)
        yield b"her"

    answer = await door.client.put(signed.url, content=sealed_in_the_middle())
    assert code_of(answer) == (403, "upload_sealed")
    assert (door.folder / key).read_bytes() == b"first"


async def test_parallel_puts_of_one_key_leave_one_of_them_whole(door: Door) -> None:
    key = f"uploads/{ids.new('vid')}"
    bodies = [bytes([number]) * 300_000 for number in range(12)]
    signed = door.blobs.sign_put(key, 300_000, MP4, SOON)

    answers = await asyncio.gather(
        *(door.client.put(signed.url, content=chunked(body[:150_000], body[150_000:])) for body in bodies)
    )

    assert {answer.status_code for answer in answers} == {200}
    assert (door.folder / key).read_bytes() in bodies


async def test_a_failing_completion_keeps_the_file_and_is_not_the_clients(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_key: str) -> None:
        raise Unavailable("The database is away.")

    door = Door(tmp_path / "blobs", fails)
    video_id = ids.new("vid")
    signed = door.blobs.sign_put(f"uploads/{video_id}", 4, MP4, SOON)

    answer = await door.client.put(signed.url, content=b"body")

    assert answer.status_code == 200
    assert (door.folder / "uploads" / video_id).read_bytes() == b"body"
    assert "arrival_not_handled" in caplog.text
    await door.close()


async def test_refusals_leave_nothing_behind(tmp_path: Path) -> None:
    door = Door(tmp_path / "blobs")
    key = f"uploads/{ids.new('vid')}"
    signed = door.blobs.sign_put(key, 4, MP4, SOON)

    await door.client.put(signed.url, content=chunked(b"toolong"))
    await door.client.put(signed.url, content=chunked(b"abc"))
    await door.client.put(signed.url, content=b"body", headers={"x-amz-checksum-sha256": "AAAA"})

    await door.close()
    assert door.left_over() == []


async def test_more_bodies_than_there_is_room_for_are_told_to_come_back(door: Door) -> None:
    go = asyncio.Event()

    async def waits() -> AsyncIterator[bytes]:
        yield b"ab"
        await go.wait()
        yield b"cd"

    urls = [door.blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON).url for _ in range(MAX_BODIES + 1)]
    tasks = [asyncio.create_task(door.client.put(url, content=waits())) for url in urls]
    done, pending = await asyncio.wait(tasks, timeout=30, return_when=asyncio.FIRST_COMPLETED)

    refused = done.pop().result()
    assert code_of(refused) == (503, "unavailable")
    assert refused.headers["retry-after"]
    go.set()
    assert [(await task).status_code for task in pending] == [200] * MAX_BODIES


async def test_room_that_the_other_stores_need_is_not_given_away(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs", b"s" * 32, keep_free_bytes=2**60, clock=lambda: NOW)
    signed = blobs.sign_put(f"uploads/{ids.new('vid')}", 4, MP4, SOON)

    async def never() -> AsyncIterator[bytes]:
        yield pytest.fail("the body was read")

    async def arrived(_key: str) -> None:
        pytest.fail("nothing arrived")

    transport = httpx.ASGITransport(PutDoor(blobs, arrived))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        answer = await client.put(signed.url, content=never())

    assert code_of(answer) == (503, "storage_full")
    assert answer.headers["retry-after"]
    blobs.close()


async def test_parts_make_the_file(door: Door) -> None:
    key = f"uploads/{ids.new('vid')}"
    claims = []
    for number, content in enumerate((b"a" * 70_000, b"b" * 70_000, b"c"), 1):
        signed = door.blobs.sign_part(key, number, len(content), SOON)
        answer = await door.client.put(signed.url, content=content)
        claims.append(PartClaim(number, answer.headers["etag"]))

    await asyncio.gather(*(door.blobs.assemble(key, claims) for _ in range(10)))

    assert (door.folder / key).read_bytes() == b"a" * 70_000 + b"b" * 70_000 + b"c"
