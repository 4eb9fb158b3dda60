"""The edge in front of the application: who asks it gets what the application would have given, and is counted once.

The requests are those of `test_two_doors.py`, over sockets: answers, limits, metrics, access log and trace ids.
"""

import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest

from app import features
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.passport import Passports
from app.edge.warm import Warm
from app.http.edge import EdgeDoor
from app.http.viewer import BELIEVED_MS
from app.stores import Stores
from tests.api.doors import Doors, Given, Got, _counts, requests
from tests.api.test_two_doors import FEEDS, TRENDING, follow, ids_of, of
from tests.edge.behind import scripted, served
from tests.edge.front import Front, edge
from tests.factories import Person, make_video, sign_up
from tests.waiting import until

SEEDS, EACH = 8, 60
METHODS = ("GET", "POST", "HEAD", "OPTIONS")
APART = (b"date", b"connection")
SENT = re.compile(rb"[!-\"$-~]*\Z")  # what may stand in a target on the wire


class EdgeDoors(Doors):
    """The application asked as ever, and over sockets through an edge in a place of its own."""

    def __init__(self, settings: Settings, stores: Stores, now_ms: int) -> None:
        super().__init__(settings, stores, now_ms)
        self.relayed = 0
        self.edge: Front
        self._settings = settings
        inner = EdgeDoor(self.front, self.behind, Passports(stores.secret), lambda: self.now_ms)

        async def counting(scope: Any, receive: Any, send: Any) -> None:
            self.relayed += 1
            await inner(scope, receive, send)

        self._through_the_edge = counting

    async def open(self, stack: AsyncExitStack) -> None:
        """Starts the edge."""
        stores = self._stores
        built = features.build(self._settings, stores, lambda: self.now_ms)
        warm = Warm(
            stores.limiter, stores.hot_pages.stamp, built.doorkeeper, built.roster, built.ready, lambda: self.now_ms
        )
        behind = await stack.enter_async_context(scripted(served(self._through_the_edge)))
        running = edge(
            behind.port, built.hot, secret=stores.secret, clock=lambda: self.now_ms, log=self._log, missed=warm.missed
        )
        self.edge = await stack.enter_async_context(running)
        stack.push_async_callback(warm.aclose)

    async def _ask(self, door: Any, given: Given) -> Got:
        if door is not self.front:
            got = await super()._ask(door, given)
            # A server sends no body in answer to a HEAD, whatever the application says.
            return msgspec.structs.replace(got, body=b"") if given.method == "HEAD" else got
        before = _counts()
        target = given.path.encode() + (b"?" + given.query if given.query else b"")
        lines = [given.method.encode() + b" " + target + b" HTTP/1.1", b"host: 127.0.0.1"]
        lines += [name + b": " + value for name, value in given.headers]
        talk = await self.edge.say(b"\r\n".join([*lines, b"", b""]))
        answer = await talk.answer(given.method)
        talk.writer.close()
        self._log.settle()
        await until(lambda: self._lines)
        seen = [(name, value) for name, value in answer.fields if name not in APART]
        return self._seen({"status": answer.status, "headers": seen}, answer.body, before)


def on_the_wire(given: Given) -> Given | None:
    """The request as it comes out of a socket; None for one that can't get into one."""
    if given.method not in METHODS or not SENT.match(given.query):
        return None
    headers = tuple((name, value.strip(b" \t")) for name, value in given.headers)
    return msgspec.structs.replace(given, headers=headers)


@pytest.fixture(scope="module")
async def people(client: httpx.AsyncClient) -> list[Person]:
    """A reader, and two whom they follow."""
    found = [await sign_up(client) for _ in range(3)]
    for author in found[1:]:
        await follow(client, found[0], author)
    return found


@pytest.fixture(scope="module")
async def doors(
    api_settings: Settings, stores: Stores, client: httpx.AsyncClient, people: list[Person]
) -> AsyncIterator[EdgeDoors]:
    """The application and an edge, with feeds of thirty videos and more."""
    for number in range(30):
        await make_video(stores, people[1 + number % 2].user_id, category=("dance", "art")[number % 2])
    opened = EdgeDoors(api_settings, stores, system_ms() + 1000)
    async with AsyncExitStack() as stack:
        await opened.open(stack)
        for path in FEEDS:
            await opened.same(of(people[0], path), people[0].user_id)
        yield opened


async def hot(doors: EdgeDoors, given: Given, *limited: str) -> Got:
    """The answer, once the edge gives it by itself: it learns what it needs behind the first requests' backs."""
    found: list[Got] = []

    async def by_itself() -> bool:
        before = doors.relayed
        found.append(await doors.same(given, *limited))
        return doors.relayed == before

    await until(by_itself)
    return found[-1]


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_generated_requests_get_the_same_through_the_edge(
    doors: EdgeDoors, people: list[Person], seed: int
) -> None:
    draw = random.Random(seed)
    tokens = [person.headers["authorization"].partition(" ")[2].encode() for person in people]
    cursors = []
    for path in FEEDS:
        page = msgspec.json.decode((await doors.same(of(people[0], path, b"limit=2"), people[0].user_id)).body)
        cursors.append(page["next_cursor"].encode())
    statuses = set()
    for _ in range(EACH):
        given = on_the_wire(requests(draw, tokens, cursors))
        if given is None:
            continue
        got = await doors.same(given, *(person.user_id for person in people), "ip-127.0.0.1")
        statuses.add(got.status)
    assert {200, 400, 401} <= statuses
    assert not [status for status in statuses if status >= 500]


@pytest.mark.parametrize("path", FEEDS)
async def test_a_hit_and_its_next_pages_come_from_the_edge(doors: EdgeDoors, people: list[Person], path: str) -> None:
    reader = people[0]
    got = await hot(doors, of(reader, path, b"limit=5"), reader.user_id)
    seen = ids_of(got)
    for _ in range(3):
        cursor = msgspec.json.decode(got.body)["next_cursor"].encode()
        got = await hot(doors, of(reader, path, b"limit=5&cursor=" + cursor), reader.user_id)
        seen += ids_of(got)
    assert len(set(seen)) == 20


@pytest.mark.parametrize("query", [b"", b"limit=3", b"category=dance"])
async def test_trending_comes_from_the_edge(doors: EdgeDoors, query: bytes) -> None:
    got = await hot(doors, Given(TRENDING, query, ((b"accept-encoding", b"br"),)), "ip-127.0.0.1")
    assert got.status == 200
    etag = dict(got.headers)[b"etag"]
    again = Given(TRENDING, query, ((b"accept-encoding", b"br"), (b"if-none-match", etag)))
    assert (await hot(doors, again, "ip-127.0.0.1")).status == 304


async def logged(stores: Stores, caller: str) -> int:
    """How many requests the limit knows of."""
    found = await stores.limiter._client.call("LLEN", f"ratelimit:{caller}:feed")
    return int(found)


async def test_whoever_answers_a_request_is_counted_once_and_by_the_clients_own_address(
    doors: EdgeDoors, stores: Stores
) -> None:
    host = "127.0.0.9"
    for asked in range(1, 31):
        query = "limit=7" if asked % 3 else "limit=7&page=1000000"  # which the application must judge
        talk = await doors.edge.say(f"GET {TRENDING}?{query} HTTP/1.1\r\nhost: x\r\n\r\n".encode(), host=host)
        got = await talk.answer()
        talk.writer.close()
        doors._log.settle()
        await until(lambda: doors._lines)
        (line,) = doors._lines
        doors._lines.clear()
        assert line.startswith(b"127.0.0.9 - - [")
        assert (got.status == 200) == bool(asked % 3)
        await until_counted(stores, "ip-" + host, asked)
    assert await logged(stores, "ip-127.0.0.1") < 30


async def until_counted(stores: Stores, caller: str, wanted: int) -> None:
    async def counted() -> bool:
        return await logged(stores, caller) == wanted

    await until(counted)


async def test_one_request_too_many_is_refused_through_the_edge_alike(
    api_settings: Settings, stores: Stores, client: httpx.AsyncClient
) -> None:
    person = await sign_up(client)
    settings = msgspec.structs.replace(api_settings, feeds_per_minute=3)
    strict = EdgeDoors(settings, stores, system_ms() + 1000)
    async with AsyncExitStack() as stack:
        await strict.open(stack)
        for path in (*FEEDS, FEEDS[0]):
            assert (await strict.front_only(of(person, path, b"limit=5"))).status == 200
        refused = await strict.front_only(of(person, FEEDS[0], b"limit=5"))
        assert refused.status == 429
        assert {b"retry-after", b"ratelimit", b"ratelimit-policy"} <= {name for name, _ in refused.headers}


async def test_a_session_that_ended_elsewhere_ends_at_the_edge_when_it_does_in_the_application(
    doors: EdgeDoors, client: httpx.AsyncClient, people: list[Person]
) -> None:
    person = await sign_up(client)
    await follow(client, person, people[1])
    await hot(doors, of(person, FEEDS[0], b"limit=1"), person.user_id)
    await client.post("/api/v1/auth/logout", headers=person.headers, json={})
    doors.now_ms += BELIEVED_MS  # for which the application believes in a session it has asked about
    assert (await doors.front_only(of(person, FEEDS[0], b"limit=1"))).status == 401
