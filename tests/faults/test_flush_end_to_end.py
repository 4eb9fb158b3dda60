"""The engines forget, or die, under the whole product: every event still arrives, and it goes on by itself."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis.asyncio

from tests.factories import PASSWORD, Person, sign_up
from tests.faults.journeys import active, check_once, check_playable, clip, upload, upload_through
from tests.faults.running import Kinora, Run, json, until

BLOWS = 2  # the supervisor gives up at the fifth death within a minute


async def flush(kinora: Kinora) -> None:
    async with redis.asyncio.from_url(kinora.settings.redis_url) as client:
        assert await client.flushall()


async def on_the_bus(kinora: Kinora) -> int:
    """Entries that wait in the streams."""
    async with redis.asyncio.from_url(kinora.settings.redis_url, decode_responses=True) as client:
        streams = [key async for key in client.scan_iter(match="bus:*", _type="stream")]
        return sum([await client.xlen(stream) for stream in streams])


async def relayed(kinora: Kinora) -> bool:
    """Whether every outbox is empty."""
    lines = (await kinora.client.get("/metrics")).text.splitlines()
    depths = [line for line in lines if line.startswith('kinora_queue_depth{queue="outbox-')]
    return len(depths) == 3 and all(line.endswith(" 0.0") for line in depths)


async def signed_in_again(client: httpx.AsyncClient, person: Person) -> dict[str, str]:
    """The headers of one more session."""
    body = {"login": person.username, "password": PASSWORD}
    made = json(await client.post("/api/v1/auth/login", json=body))
    return {"authorization": f"Bearer {made['access_token']}"}


async def feed(client: httpx.AsyncClient, person: Person, name: str) -> list[str]:
    cards = json(await client.get(f"/api/v1/feed/{name}?limit=50", headers=person.headers))["videos"]
    return [card["video_id"] for card in cards]


async def test_events_that_a_flush_took_from_the_bus_all_arrive(kinora: Kinora, tmp_path: Path) -> None:
    client = kinora.client
    author, *fans = [await sign_up(client, "author"), *[await sign_up(client, "fan") for _ in range(3)]]
    old = await upload(client, author, clip(tmp_path, 0, seconds=1.0))
    await active(client, author, old)
    json(await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fans[0].headers))
    assert await feed(client, fans[0], "following") == [old]  # built, so that a push has somewhere to go
    revoked = await signed_in_again(client, fans[0])
    assert (await client.post("/api/v1/auth/logout", headers=revoked)).status_code == 204

    assert await kinora.terminate("worker") == 0
    kinora.start("relay")  # publishes, and nobody reads
    for fan in fans:
        json(await client.patch("/api/v1/users/me", json={"country": "IS"}, headers=fan.headers))
        json(await client.post(f"/api/v1/videos/{old}/like", headers=fan.headers))
    for fan in fans[1:]:
        json(await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers))
    comment = {"content": "Well done"}
    json(await client.post(f"/api/v1/videos/{old}/comments", json=comment, headers=fans[0].headers), 201)
    fresh = await upload(client, author, clip(tmp_path, 1, seconds=1.0))
    await until(lambda: relayed(kinora), "all events are on the bus")
    assert await on_the_bus(kinora) > 0
    assert await kinora.terminate("relay") == 0
    await flush(kinora)
    assert await on_the_bus(kinora) == 0
    for name in ("for-you", "following", "trending"):
        await feed(client, fans[0], name)
    assert (await client.get("/api/v1/users/me", headers=revoked)).status_code == 401
    json(await client.delete(f"/api/v1/videos/{old}/like", headers=fans[2].headers))  # after the loss, before the relay
    kinora.start("worker")

    await active(client, author, fresh)
    await check_playable(client, author, fresh)
    await check_once(kinora, fresh)

    async def counts() -> Any:
        return json(await client.get(f"/api/v1/videos/{old}", headers=fans[0].headers))["stats"]

    truth = {"views": 0, "likes": 2, "comments": 1, "shares": 0, "saves": 0}

    async def true() -> bool:
        return bool(await counts() == truth)

    await until(true, f"the card counts {truth}", patience_s=60)

    async def fed() -> bool:
        return [await feed(client, fan, "following") for fan in fans] == [[fresh, old]] * len(fans)

    await until(fed, "every follower's feed has both, once")
    category = json(await client.get(f"/api/v1/videos/{old}", headers=fans[0].headers))["category"]

    async def trends() -> bool:
        pages = [await client.get(f"/api/v1/feed/trending?{query}") for query in ("region=IS", f"category={category}")]
        scores = [{card["video_id"]: card["trending_score"] for card in json(page)["videos"]} for page in pages]
        return all(800 < listed.get(old, 0) <= 1000 for listed in scores)  # two likes, less some minutes' fading

    await until(trends, "its region and its category list it with the two likes that are left", patience_s=60)
    profile = json(await client.get(f"/api/v1/users/{author.user_id}", headers=fans[0].headers))
    assert (profile["follower_count"], profile["video_count"]) == (3, 2)
    for fan in fans:
        json(await client.get("/api/v1/users/me", headers=fan.headers))
    assert (await client.get("/api/v1/users/me", headers=revoked)).status_code == 401


class Traffic:
    """People who read and write without a pause; what was acknowledged, and every answer that should not be."""

    def __init__(self, client: httpx.AsyncClient, author: Person, video_id: str, fans: list[Person]) -> None:
        self._client = client
        self._author = author
        self._video_id = video_id
        self._fans = fans
        self.wrong: list[str] = []
        self.answered = 0
        self.refused = 0
        self.liked: dict[str, bool] = {}
        self.comments: set[str] = set()

    async def go(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            for fan in self._fans:
                tasks.create_task(self._use(fan, stop))

    async def goes_on(self) -> None:
        """Returns after some more answers."""
        wanted = self.answered + 40
        await until(lambda: self.answered >= wanted, "people use it")

    async def _use(self, fan: Person, stop: asyncio.Event) -> None:
        like, number = f"/api/v1/videos/{self._video_id}/like", 0
        while not stop.is_set():
            number += 1
            await self._ask("GET", "/api/v1/feed/for-you", fan)
            await self._ask("GET", f"/api/v1/videos/{self._video_id}", fan)
            wanted = bool(number % 2)
            if await self._ask("POST" if wanted else "DELETE", like, fan):
                self.liked[fan.user_id] = wanted
            else:
                self.liked.pop(fan.user_id, None)  # done or not: nobody was told
            made = await self._ask(
                "POST", f"/api/v1/videos/{self._video_id}/comments", fan, json={"content": f"{fan.username} {number}"}
            )
            if made is not None:
                self.comments.add(made.json()["comment_id"])

    async def _ask(self, method: str, address: str, fan: Person, **more: Any) -> httpx.Response | None:
        """The answer, None if the service said "not now"."""
        answer = await self._client.request(method, address, headers=fan.headers, **more)
        self.answered += 1
        if answer.status_code == 503 and int(answer.headers.get("retry-after", "0")) > 0:
            self.refused += 1
        elif answer.status_code >= 400:
            self.wrong.append(f"{method} {address}: {answer.status_code} {answer.text}")
        else:
            return answer
        return None


async def back(run: Run, engine: str, times: int) -> None:
    """Waits until it has come back so often."""
    await until(lambda: run.output.count(f"{engine} is back.") == times, f"{engine} is back", patience_s=30)


async def served(client: httpx.AsyncClient, fan: Person, video_id: str) -> bool:
    """Whether everything answers again, reads and writes."""
    asked = [
        await client.get("/readyz"),
        await client.get("/api/v1/feed/for-you", headers=fan.headers),
        await client.post(f"/api/v1/videos/{video_id}/save", headers=fan.headers),
    ]
    return all(answer.status_code == 200 for answer in asked)


async def all_comments(client: httpx.AsyncClient, fan: Person, video_id: str) -> set[str]:
    found: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        address = f"/api/v1/videos/{video_id}/comments?limit=50{more}"
        page = json(await client.get(address, headers=fan.headers))
        found.update(comment["comment_id"] for comment in page["items"])
        cursor = page["next_cursor"]
    return found


@pytest.mark.long
@pytest.mark.parametrize("engine", ["valkey", "postgres"])
async def test_a_killed_engine_costs_nothing_that_was_acknowledged(run: Run, tmp_path: Path, engine: str) -> None:
    async with httpx.AsyncClient(base_url=run.address, timeout=30) as client:
        author, *fans = [await sign_up(client, "author"), *[await sign_up(client, "fan") for _ in range(6)]]
        video_id = await upload(client, author, clip(tmp_path, 0, seconds=1.0))
        await active(client, author, video_id)
        traffic, stop = Traffic(client, author, video_id, fans), asyncio.Event()
        going = asyncio.create_task(traffic.go(stop))
        try:
            posted = []
            for blow in range(BLOWS):
                await traffic.goes_on()
                # One video in mid-processing, and one that arrives while the engine is away.
                posted.append(await upload(client, author, clip(tmp_path, 2 * blow + 1, seconds=5.0)))
                before = run.pid(engine)
                os.kill(before, signal.SIGKILL)
                posted.append(await upload_through(client, author, clip(tmp_path, 2 * blow + 2, seconds=1.0)))
                await back(run, engine, 1 + blow)
                await until(lambda: served(client, fans[0], video_id), "all answers again", patience_s=10)
                assert run.pid(engine) != before
            await traffic.goes_on()
        finally:
            stop.set()
        await going

        assert traffic.wrong[:5] == []
        for fan in fans:
            card = json(await client.get(f"/api/v1/videos/{video_id}", headers=fan.headers))
            if fan.user_id in traffic.liked:
                assert card["user_interaction"]["liked"] is traffic.liked[fan.user_id]
        assert await all_comments(client, fans[0], video_id) >= traffic.comments
        for each in posted:
            await active(client, author, each)
            await check_playable(client, author, each)
