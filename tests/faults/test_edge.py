"""`kinora edge` as a process in front of the API: started, warmed, ended and left behind by the API."""

import argparse
import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.local.ports import answers
from app.seed import seed
from app.stores import open_stores
from tests.factories import make_video, sign_up
from tests.faults.journeys import active, clip, upload
from tests.faults.running import Kinora, json, running_kinora, running_run, until
from tests.faults.stale import GONE_S, stale_s

ENDS, CLIENTS = 6, 12
CHANGES, HIDINGS = 30, 10


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
async def fronted() -> AsyncIterator[Kinora]:
    """API, worker and edge."""
    async with running_kinora(KINORA_EDGE_PORT=str(free_port())) as running:
        yield running


@pytest.fixture
async def through(fronted: Kinora) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the edge."""
    address = f"http://127.0.0.1:{fronted.settings.edge_port}"
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client


def lines(kinora: Kinora, name: str, path: str) -> int:
    """Of the access log of a process, for this path."""
    return kinora.log(name).count(f'"GET {path} HTTP/1.1" 200 ')


@pytest.mark.long
async def test_feeds_come_from_the_edge_once_it_knows_who_asks(
    fronted: Kinora, through: httpx.AsyncClient, tmp_path: Path
) -> None:
    wish = argparse.Namespace(users=40, videos=400, feeds=True, tokens=str(tmp_path / "tokens"), token_ttl=None)
    assert await seed(fronted.settings, wish) == 0
    token = (tmp_path / "tokens").read_text().split()[0]
    assert (await through.get("/livez")).text == "ok\n"
    for path in ("for-you", "following", "trending"):
        headers = {} if path == "trending" else {"authorization": f"Bearer {token}"}
        assert await from_the_edge(fronted, through, f"/api/v1/feed/{path}", headers)
    assert lines(fronted, "api", "/livez")


async def from_the_edge(
    kinora: Kinora, client: httpx.AsyncClient, url: str, headers: dict[str, str], path: str = ""
) -> bool:
    """Asks until the edge answers by itself, which it does once it knows what it needs. `path` is the URL's, if it is
    not all of it."""
    path = path or url
    before = lines(kinora, "edge", path)

    async def asked() -> bool:
        answer = await client.get(url, headers=headers)
        assert answer.status_code == 200
        assert "x-request-id" in answer.headers
        return lines(kinora, "edge", path) > before

    await until(asked, f"{path} comes from the edge", patience_s=30)
    return True


@pytest.mark.long
async def test_a_change_reaches_the_cards_that_the_edge_holds_within_50_ms(
    fronted: Kinora, through: httpx.AsyncClient
) -> None:
    author, fan = await sign_up(fronted.client, "changing"), await sign_up(fronted.client, "watching")
    json(await fronted.client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers))
    async with open_stores(fronted.settings) as stores:
        video = [await make_video(stores, author.user_id, title=f"Clip {place}") for place in range(3)][-1]

    async def shown() -> list[str]:
        got = json(await through.get("/api/v1/feed/following?limit=1", headers=fan.headers))
        return [each["title"] for each in got["videos"]]

    async def change(**fields: str) -> float:
        json(await fronted.client.patch(f"/api/v1/videos/{video.video_id}", json=fields, headers=author.headers))
        return time.monotonic()

    async def there(title: str) -> None:
        async def seen() -> bool:
            return await shown() == [title]

        await until(seen, f"{title} is shown")

    await there(video.title)
    path = "/api/v1/feed/following"
    await from_the_edge(fronted, through, f"{path}?limit=1", fan.headers, path)
    before = lines(fronted, "edge", path)
    worst_s = 0.0
    for number in range(CHANGES):
        title = f"Title {number}"
        worst_s = max(worst_s, await stale_s(shown, await change(title=title), [title]))
    assert lines(fronted, "edge", path) - before > CHANGES // 2  # it was the edge that was asked: its memory
    for _ in range(HIDINGS):
        worst_s = max(worst_s, await stale_s(shown, await change(visibility="private"), ["Clip 1"]))
        await change(visibility="public")
        await there(title)  # its place in the feed, which may be gone by then, comes back by an event
    assert worst_s < GONE_S


@pytest.mark.long
async def test_a_clip_goes_up_and_comes_down_through_the_edge(
    fronted: Kinora, through: httpx.AsyncClient, tmp_path: Path
) -> None:
    author = await sign_up(through)
    video_id = await upload(through, author, clip(tmp_path, 1))
    await active(through, author, video_id)
    shown = (await through.get(f"/api/v1/videos/{video_id}")).json()
    address = httpx.URL(shown["thumbnail_url"]).raw_path.decode()
    whole = (await through.get(address)).content
    part = await through.get(address, headers={"range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole[100:300])
    gone = await through.get(address, headers={"if-none-match": part.headers["etag"]})
    assert (gone.status_code, gone.content) == (304, b"")
    head = await through.head(address)
    assert (head.headers["content-length"], head.content) == (str(len(whole)), b"")
    assert (await through.get("/schema/openapi.json")).json()["openapi"].startswith("3.1")


@pytest.mark.long
async def test_ended_under_load_it_answers_what_it_has_taken(fronted: Kinora) -> None:
    ended, answered, lost = asyncio.Event(), 0, 0

    async def client(number: int) -> None:
        nonlocal answered, lost
        target = ["/livez", "/api/v1/feed/trending", "/version"][number % 3]
        while not ended.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", fronted.settings.edge_port)
            except ConnectionError:
                await asyncio.sleep(0.05)  # until it listens again
                continue
            first, stays = True, True
            while stays and not ended.is_set():
                writer.write(f"GET {target} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                try:
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
                except (ConnectionError, asyncio.IncompleteReadError):
                    lost += (
                        not first
                    )  # one that was never taken is not lost: the kernel's, when nobody listens any more
                    break
                answered, first = answered + 1, False
                stays = b"\r\nconnection: close\r\n" not in head
            writer.close()

    clients = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
    for _ in range(ENDS):
        enough = answered + 200
        await until(lambda: answered >= enough, "clients are served")  # noqa: B023 (it is asked here alone)
        assert await fronted.terminate("edge") == 0
        fronted.start("edge")
        await fronted.ready()
    ended.set()
    await asyncio.gather(*clients)
    assert (lost, answered > 200 * ENDS) == (0, True)


@pytest.mark.long
async def test_while_the_api_is_gone_it_says_so_and_serves_what_it_holds(
    fronted: Kinora, through: httpx.AsyncClient
) -> None:
    await from_the_edge(fronted, through, "/api/v1/feed/trending", {})
    fronted.kill("api")

    async def says_so() -> bool:
        answer = await through.get("/version")
        told = answer.status_code, answer.json()["code"]
        # What a process takes with it, as it dies, is a bad gateway's.
        assert told in {(503, "unavailable"), (502, "bad_gateway")}
        return told[0] == 503

    await until(says_so, "the edge says that nobody is behind it")
    assert (await through.get("/api/v1/feed/trending")).status_code == 200
    assert not answers("127.0.0.1", fronted.settings.edge_port, "/livez")
    fronted.start("api")
    await fronted.ready()
    assert (await through.get("/version")).status_code == 200


@pytest.mark.long
async def test_a_run_with_an_edge_is_ready_when_the_api_answers_through_it() -> None:
    port = free_port()
    with running_run(KINORA_EDGE_PORT=str(port)) as run:
        assert f"Kinora is ready at http://localhost:{port}\n" in run.output
        assert answers("127.0.0.1", port, "/livez")
        assert answers("127.0.0.1", run.settings.port, "/livez")
        first = run.pid("edge")
        os.kill(first, signal.SIGKILL)
        await until(lambda: "edge is back." in run.output, "the edge is back")
        assert run.pid("edge") != first
        assert answers("127.0.0.1", port, "/livez")
