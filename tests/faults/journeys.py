"""What clients do with videos, and what must be true of one in the end."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.factories import Person
from tests.factories_media import plain
from tests.faults.running import Kinora, json, until


def clip(folder: Path, number: int, seconds: float = 2.0) -> bytes:
    """A short clip with sound, of another size for each number."""
    return plain(folder / f"{number}.mp4", size=f"{320 + 16 * (number % 5)}x480", seconds=seconds).read_bytes()


def wish(data: bytes, **more: Any) -> dict[str, Any]:
    """The body that announces a file."""
    about = {"title": "A clip", "duration_sec": 2, "width": 320, "height": 480, "file_size_bytes": len(data)}
    return about | more


async def upload(client: httpx.AsyncClient, person: Person, data: bytes, **more: Any) -> str:
    """Announces and sends a file whole, without complications; the video's id."""
    begun = json(await client.post("/api/v1/videos/upload", json=wish(data, **more), headers=person.headers))
    put = await client.put(begun["upload_url"], content=data, headers=begun["upload_headers"])
    assert put.status_code == 200, put.text
    return str(begun["video_id"])


async def upload_through(client: httpx.AsyncClient, person: Person, data: bytes) -> str:
    """The same while stores come and go: asked again, with one Idempotency-Key, while the answer is "not now"."""
    headers = person.headers | {"idempotency-key": f"through-{len(data)}"}
    begun = await insist(lambda: client.post("/api/v1/videos/upload", json=wish(data), headers=headers))
    await insist(lambda: client.put(begun["upload_url"], content=data, headers=begun["upload_headers"]))
    return str(begun["video_id"])


async def insist(ask: Callable[[], Awaitable[httpx.Response]]) -> Any:
    """The first answer that is not 503, decoded; it must be 200."""
    answers: list[httpx.Response] = []

    async def decided() -> bool:
        answers.append(await ask())
        return answers[-1].status_code != 503

    await until(decided, "an answer other than 503", every_s=0.1)
    assert answers[-1].status_code == 200, answers[-1].text
    return answers[-1].json() if answers[-1].content else None


async def status(client: httpx.AsyncClient, person: Person, video_id: str) -> dict[str, Any]:
    """The answer of the status route."""
    answer: dict[str, Any] = json(await client.get(f"/api/v1/videos/{video_id}/status", headers=person.headers))
    return answer


async def active(client: httpx.AsyncClient, person: Person, video_id: str) -> None:
    """Waits until it is, and fails at once if it never will be."""

    async def is_active() -> bool:
        found = await status(client, person, video_id)
        assert found["status"] != "failed", found
        return bool(found["status"] == "active")

    await until(is_active, f"{video_id} is active", every_s=0.1)


async def check_playable(client: httpx.AsyncClient, person: Person, video_id: str) -> None:
    """Every playlist is there, and of each rendition every file it names."""
    card = json(await client.get(f"/api/v1/videos/{video_id}", headers=person.headers))
    master = httpx.URL(card["urls"]["master"])
    for variant in names(await text(client, master)):
        playlist = master.join(variant)
        for segment in names(await text(client, playlist)):
            answer = await client.head(playlist.join(segment))
            assert answer.status_code == 200, f"{playlist.join(segment)}: {answer.status_code}"


async def text(client: httpx.AsyncClient, url: httpx.URL) -> str:
    answer = await client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code} {answer.text}"
    return answer.text


def names(playlist: str) -> list[str]:
    """The files an HLS playlist names, in attributes and in lines of their own."""
    lines = playlist.splitlines()
    assert lines[0] == "#EXTM3U"
    quoted = [line.split('URI="')[1].split('"')[0] for line in lines if 'URI="' in line]
    found = quoted + [line for line in lines if line and not line.startswith("#")]
    assert found
    return found


async def never_half_published(client: httpx.AsyncClient, person: Person, video_id: str) -> None:
    """Watches a video until it is active: whenever it is said to be, it plays."""
    await active(client, person, video_id)
    await check_playable(client, person, video_id)


async def check_once(kinora: Kinora, video_id: str) -> None:
    """It was published exactly once: one fact of each kind, one rendition set, nothing of other attempts."""
    counted = "SELECT type, count(*) FROM video.outbox WHERE key = $1 GROUP BY type"
    facts = dict(await kinora.database.fetch(counted, video_id))
    once = ("video.uploaded", "video.moderated", "video.processed", "video.published")
    assert facts == dict.fromkeys(once, 1)

    live = await kinora.database.fetchval(
        "SELECT document->'media'->>'attempt' FROM video.videos WHERE video_id = $1", video_id
    )
    stored = kinora.settings.data.blobs / "media" / video_id

    def tidy() -> bool:
        return [path.name for path in stored.iterdir()] == [live] and not list(kinora.work_root.glob(f"{video_id}-*"))

    await until(tidy, f"{live} alone is left of {video_id}")
    jobs = "SELECT count(*), count(done_at) FROM work.jobs WHERE subject = $1"

    async def done() -> bool:
        return tuple(await kinora.database.fetchrow(jobs, video_id)) == (1, 1)

    await until(done, f"the one job of {video_id} is done")
