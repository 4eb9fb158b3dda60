"""kill -9 of the API at any point of an upload: what it acknowledged is kept; a client that goes on gets one video."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec
import pytest

from app.adapters.files.blobs import FileBlobs
from app.ports.blobs import PartClaim
from app.services.video.uploads import master_key
from tests.factories import Person, sign_up
from tests.faults.journeys import active, check_once, check_playable, clip, status, wish
from tests.faults.running import PATIENCE_S, Kinora, json, until

Phase = Literal["start", "body", "sent", "complete"]
PHASES: tuple[Phase, ...] = ("start", "body", "sent", "complete")
LARGE_BYTES = 17 * 2**20  # over 16 MB parts are offered: four of them here
CHUNK_BYTES = 64 * 2**10
JITTER_S = 0.03  # what a request to the API takes, on a busy machine


class Blow(msgspec.Struct):
    """Kills the API once, `delay_s` after a client has come to `phase` (and through `share` of a body)."""

    kinora: Kinora
    phase: Phase
    share: float
    delay_s: float
    fell: asyncio.Task[None] | None = None

    def at(self, phase: Phase, share: float = 1.0) -> None:
        if self.fell is None and phase == self.phase and share >= self.share:
            self.fell = asyncio.create_task(self._fall())

    async def _fall(self) -> None:
        await asyncio.sleep(self.delay_s)  # the moment of the blow
        self.kinora.kill("api")
        self.kinora.start("api")


class Client:
    """Sends one file and gives up never: after each failure it asks what has arrived, and goes on from there."""

    def __init__(self, http: httpx.AsyncClient, person: Person, data: bytes, key: str, blow: Blow) -> None:
        self._http = http
        self._person = person
        self._data = data
        self._key = key
        self._blow = blow
        self._acknowledged: dict[int, str] = {}
        self.video_ids: set[str] = set()

    async def deliver(self) -> str:
        """The id of the one video it became."""
        about = wish(self._data)
        begun = await self._sure(lambda: self._post("/api/v1/videos/upload", about, "start", "start"))
        video_id = str(begun["video_id"])
        again = await self._sure(lambda: self._post("/api/v1/videos/upload", about, "start", "start"))
        assert again == begun, "the same key has the same answer"
        done = await self._sure(lambda: self._send(video_id))
        body = {"parts": done} if done else {}
        address = f"/api/v1/videos/{video_id}/complete"
        await self._sure(lambda: self._post(address, body, "complete", "complete"))
        return video_id

    async def _sure(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Does it again for as long as the API is away."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await work()
                except httpx.TransportError:
                    await asyncio.sleep(0.05)  # between two looks

    async def _post(self, address: str, body: dict[str, Any], key: str, phase: Phase) -> Any:
        headers = self._person.headers | {"idempotency-key": f"{self._key}-{key}"}
        self._blow.at(phase)
        answer = await self._http.post(address, json=body, headers=headers)
        made = json(answer, 202 if phase == "complete" else 200)
        self.video_ids.add(made["video_id"])
        return made

    async def _send(self, video_id: str) -> list[dict[str, Any]]:
        """All bytes that are missing; the parts to complete with, none if the file goes whole or has arrived."""
        state = json(await self._http.get(f"/api/v1/videos/{video_id}/upload", headers=self._person.headers))
        if state["status"] != "uploading":
            return []
        if not state["parts"]:
            await self._put(state["upload_url"], self._data, state["upload_headers"])
            return []
        etags = {part["number"]: part["etag"] for part in state["parts"] if part["etag"]}
        assert etags.items() >= self._acknowledged.items(), "an acknowledged part was lost"
        size = state["part_size_bytes"]
        for part in state["parts"]:
            number = part["number"]
            if number not in etags:
                piece = self._data[(number - 1) * size : number * size]
                etags[number] = self._acknowledged[number] = await self._put(part["url"], piece, {})
        return [{"number": number, "etag": etag} for number, etag in sorted(etags.items())]

    async def _put(self, url: str, data: bytes, headers: dict[str, str]) -> str:
        async def body() -> AsyncIterator[bytes]:
            for start in range(0, len(data), CHUNK_BYTES):
                self._blow.at("body", start / len(data))
                yield data[start : start + CHUNK_BYTES]
            self._blow.at("sent")

        length = {"content-length": str(len(data))}
        answer = await self._http.put(url, content=body(), headers=headers | length)
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"]


def padded(data: bytes, size_bytes: int) -> bytes:
    """The same video, made longer by a box that players skip (ISO/IEC 14496-12 §8.1.2)."""
    size = size_bytes - len(data)
    return data + size.to_bytes(4, "big") + b"free" + bytes(size - 8)


async def survive(kinora: Kinora, folder: Path, kills: int, seed: int) -> None:
    """As many uploads, each with one kill; whole files and parts take turns, and so do the phases."""
    rng = random.Random(seed)
    author = await sign_up(kinora.client, "author")
    small = clip(folder, 0, seconds=1.0)
    large = padded(small, LARGE_BYTES)
    video_ids = []
    for number in range(kills):
        blow = Blow(kinora, PHASES[(number + seed) % len(PHASES)], rng.random(), rng.uniform(0, JITTER_S))
        data = small if (number + number // len(PHASES)) % 2 else large
        client = Client(kinora.client, author, data, f"upload-{seed}-{number}", blow)
        video_id = await client.deliver()
        assert blow.fell is not None, f"nothing was hit at {blow.phase}"
        await blow.fell
        assert client.video_ids == {video_id}
        video_ids.append(video_id)

    for video_id in video_ids:
        await active(kinora.client, author, video_id)
        await check_playable(kinora.client, author, video_id)
        await check_once(kinora, video_id)
    shown = json(await kinora.client.get(f"/api/v1/users/{author.user_id}/videos?limit=50", headers=author.headers))
    assert sorted(card["video_id"] for card in shown["videos"]) == sorted(video_ids)
    held = await kinora.database.fetchval("SELECT count(*) FROM video.videos WHERE user_id = $1", author.user_id)
    assert held == kills


async def test_each_upload_becomes_one_video_whenever_the_api_is_killed(kinora: Kinora, tmp_path: Path) -> None:
    await survive(kinora, tmp_path, kills=2, seed=3)


@pytest.mark.long
async def test_ten_kills_at_random_points(kinora: Kinora, tmp_path: Path) -> None:
    await survive(kinora, tmp_path, kills=10, seed=2)


def put_unseen(kinora: Kinora, video_id: str, data: bytes) -> None:
    """As the API leaves it that dies between the object's last byte and the record."""
    uploads = kinora.settings.data.blobs / "uploads"
    uploads.mkdir(exist_ok=True)
    (uploads / video_id).write_bytes(data)


async def test_parts_whose_assembly_nobody_was_told_of_are_complete(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    data = padded(clip(tmp_path, 0, seconds=1.0), LARGE_BYTES)
    begun = json(await kinora.client.post("/api/v1/videos/upload", json=wish(data), headers=author.headers))
    video_id, size, claims = begun["video_id"], begun["upload"]["part_size_bytes"], []
    for part in begun["upload"]["parts"]:
        number = part["number"]
        answer = await kinora.client.put(part["url"], content=data[(number - 1) * size : number * size])
        claims.append({"number": number, "etag": answer.headers["etag"]})
    # As the API leaves it that dies between the assembly and the record.
    blobs = FileBlobs(kinora.settings.data.blobs, b"s" * 32)
    await blobs.assemble(master_key(video_id), [PartClaim(claim["number"], claim["etag"]) for claim in claims])
    blobs.close()

    address = f"/api/v1/videos/{video_id}/complete"
    done = json(await kinora.client.post(address, json={"parts": claims}, headers=author.headers), 202)

    assert done["status"] == "processing"
    await active(kinora.client, author, video_id)


async def test_an_arrival_that_nobody_was_told_of_is_found_by_whoever_asks(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    small = clip(tmp_path, 0, seconds=1.0)
    begun = json(await kinora.client.post("/api/v1/videos/upload", json=wish(small), headers=author.headers))
    video_id = str(begun["video_id"])
    put_unseen(kinora, video_id, small)

    state = json(await kinora.client.get(f"/api/v1/videos/{video_id}/upload", headers=author.headers))

    assert state["status"] == "processing"
    await active(kinora.client, author, video_id)


@pytest.mark.long
async def test_a_file_whose_sender_left_with_the_api_is_processed_within_a_minute(
    kinora: Kinora, tmp_path: Path
) -> None:
    author = await sign_up(kinora.client, "author")
    small = clip(tmp_path, 0, seconds=1.0)
    kinora.kill("worker")
    begun = json(await kinora.client.post("/api/v1/videos/upload", json=wish(small), headers=author.headers))
    video_id = str(begun["video_id"])
    kinora.kill("api")
    put_unseen(kinora, video_id, small)
    kinora.start("worker", "api")
    await kinora.ready()

    async def is_active() -> bool:
        return bool((await status(kinora.client, author, video_id))["status"] == "active")

    await until(is_active, f"{video_id} is active", patience_s=60, every_s=0.2)
    await check_once(kinora, video_id)


async def test_a_stopped_api_answers_what_it_has_begun(kinora: Kinora, tmp_path: Path) -> None:
    author = await sign_up(kinora.client, "author")
    small = clip(tmp_path, 0, seconds=1.0)
    begun = json(await kinora.client.post("/api/v1/videos/upload", json=wish(small), headers=author.headers))
    under_way, stopping = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield small[:1000]
        under_way.set()
        await stopping.wait()
        yield small[1000:]

    length = {"content-length": str(len(small))}
    put = asyncio.create_task(
        kinora.client.put(begun["upload_url"], content=body(), headers=begun["upload_headers"] | length)
    )
    await under_way.wait()
    ending = asyncio.create_task(kinora.terminate("api"))
    address = "/livez"

    async def refuses() -> bool:
        async with httpx.AsyncClient(base_url=kinora.client.base_url) as stranger:
            try:
                return (await stranger.get(address)).status_code == 503
            except httpx.ConnectError:
                return True

    await until(refuses, "the API lets nobody new in", patience_s=10)
    stopping.set()
    try:
        assert (await put).status_code == 200
        assert await ending == 0
    finally:
        kinora.start("api")
        await kinora.ready()
    await active(kinora.client, author, begun["video_id"])
