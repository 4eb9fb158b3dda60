"""Clients that leave in the middle cost nobody else anything: no answer goes astray, and nothing is left over.

Each person follows one author whom nobody else follows, so that their Following tells whose answer it is.
"""

import asyncio
import os
import random
import socket
import struct

import httpx
import msgspec
import pytest

from app.adapters.redis.client import RedisClient
from app.stores import open_stores
from tests.factories import Person, make_video, sign_up
from tests.faults.running import Kinora, json, running_kinora, until

PEOPLE, VIDEOS = 12, 12
WARMING, ABORTED, AT_ONCE, READERS = 4_000, 20_000, 24, 4
SPARE = 20  # less than the pools could still grow by, and a thousandth of what left
PATH = "/api/v1/feed/following?limit=5"
LONGEST_S = 0.004  # from asking to leaving: some leave before anything was read, some after all was answered
BY_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what a client does that is gone


class Reader(msgspec.Struct):
    """A person, and the one author of all that they may be shown."""

    person: Person
    author_id: str


@pytest.mark.long
async def test_twenty_thousand_leave_and_nobody_gets_what_another_asked_for() -> None:
    async with running_kinora() as kinora:
        readers = await settle(kinora)
        for reader in readers:
            assert await check(kinora.client, reader)
        left = asyncio.Event()
        answered = [asyncio.create_task(keep_checking(kinora, readers, seed, left)) for seed in range(READERS)]
        await leave_all(kinora, readers, WARMING)  # pools grow to what they need, and stay so
        before = await held(kinora)
        await leave_all(kinora, readers, ABORTED)
        left.set()
        assert min(await asyncio.gather(*answered)) > 20  # others were served all the while
        for reader in readers:
            assert await check(kinora.client, reader)

        async def as_before() -> bool:
            now = await held(kinora)
            return all(now[what] <= before[what] + SPARE for what in before)

        await until(as_before, f"no more is held than {before}", patience_s=30, every_s=0.2)


async def settle(kinora: Kinora) -> list[Reader]:
    """Readers with an author each, and feeds that are built."""
    found = []
    async with open_stores(kinora.settings) as stores:
        for _ in range(PEOPLE):
            person, author = await sign_up(kinora.client), await sign_up(kinora.client)
            json(await kinora.client.post(f"/api/v1/users/{author.user_id}/follow", headers=person.headers))
            for _ in range(VIDEOS):
                await make_video(stores, author.user_id)
            found.append(Reader(person, author.user_id))
    return found


async def check(client: httpx.AsyncClient, reader: Reader) -> bool:
    """A page, whole and their own; or that there is none now, for so many at once are more than two cores may bear."""
    answer = await client.get(PATH, headers=reader.person.headers)
    if answer.status_code == 503:
        return False
    assert [video["user"]["user_id"] for video in json(answer)["videos"]] == [reader.author_id] * 5
    return True


async def keep_checking(kinora: Kinora, readers: list[Reader], seed: int, left: asyncio.Event) -> int:
    """Reads page after page, on a connection of its own, until all have left; how many."""
    draw, pages = random.Random(seed), 0
    async with httpx.AsyncClient(base_url=kinora.client.base_url, timeout=30) as client:
        while not left.is_set():
            pages += await check(client, draw.choice(readers))
    return pages


async def leave_all(kinora: Kinora, readers: list[Reader], count: int) -> None:
    await asyncio.gather(*(leave(kinora, readers, seed, count // AT_ONCE + 1) for seed in range(AT_ONCE)))


async def leave(kinora: Kinora, readers: list[Reader], seed: int, times: int) -> None:
    """Asks and goes, so many times, at any moment, politely or not."""
    draw, loop = random.Random(1000 + seed), asyncio.get_running_loop()
    for _ in range(times):
        reader = draw.choice(readers)
        request = f"GET {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: {reader.person.headers['authorization']}\r\n\r\n"
        with socket.socket() as connection:
            connection.setblocking(False)
            await loop.sock_connect(connection, ("127.0.0.1", kinora.settings.port))
            if draw.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
            sent = request.encode()
            await loop.sock_sendall(connection, sent[: draw.choice([len(sent), len(sent), len(sent) // 2])])
            await asyncio.sleep(draw.random() * LONGEST_S)  # the moment at which it leaves is what is tried


async def held(kinora: Kinora) -> dict[str, int]:
    """Connections to Redis and to PostgreSQL, and open files of the API's processes."""
    client = RedisClient(kinora.settings.redis_url)
    connections = len((await client.call("CLIENT", "LIST")).splitlines())
    await client.aclose()
    backends = await kinora.database.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    )
    files = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in kinora.pids("api"))
    return {"redis": connections, "postgresql": backends, "files": files}
