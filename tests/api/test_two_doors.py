"""Whoever comes by the hot door gets what the framework would have given: bytes, headers, errors, counts, log."""

import base64
import random
from typing import Any

import httpx
import msgspec
import pytest

from app.core.clock import system_ms
from app.core.config import Settings
from app.core.errors import Unavailable
from app.services.feed.reads import FeedReads
from app.stores import Stores
from tests.api.doors import Doors, Given, Got, requests
from tests.factories import Person, make_video, sign_up

FEEDS = ("/api/v1/feed/for-you", "/api/v1/feed/following")
TRENDING = "/api/v1/feed/trending"
SEEDS, EACH = 8, 60


@pytest.fixture(scope="module")
async def people(client: httpx.AsyncClient) -> list[Person]:
    """A reader, and two whom they follow."""
    found = [await sign_up(client) for _ in range(3)]
    for author in found[1:]:
        await follow(client, found[0], author)
    return found


@pytest.fixture(scope="module")
async def doors(api_settings: Settings, stores: Stores, client: httpx.AsyncClient, people: list[Person]) -> Doors:
    """Both doors, with feeds of thirty videos and more."""
    for number in range(30):
        await make_video(stores, people[1 + number % 2].user_id, category=("dance", "art")[number % 2])
    opened = Doors(api_settings, stores, system_ms() + 1000)
    for path in FEEDS:
        await opened.same(of(people[0], path), people[0].user_id)
    return opened


def of(person: Person, path: str, query: bytes = b"", *more: tuple[bytes, bytes]) -> Given:
    """A request with somebody's token."""
    return Given(path, query, ((b"authorization", person.headers["authorization"].encode()), *more))


def session_of(person: Person) -> str:
    """The id in their token."""
    claims = person.headers["authorization"].split(".")[1]
    found: str = msgspec.json.decode(base64.urlsafe_b64decode(claims + "=="))["sid"]
    return found


async def follow(client: httpx.AsyncClient, one: Person, other: Person) -> None:
    answer = await client.post(f"/api/v1/users/{other.user_id}/follow", headers=one.headers)
    assert answer.status_code == 200


async def asked(doors: Doors, person: Person, path: str, query: bytes = b"limit=5") -> tuple[Got, bool]:
    """The answer of both, and whether the hot door gave it as a hit."""
    before = doors.handed_on, doors.in_full
    got = await doors.same(of(person, path, query), person.user_id)
    return got, (doors.handed_on, doors.in_full) == before


def ids_of(got: Got) -> list[str]:
    return [video["video_id"] for video in msgspec.json.decode(got.body)["videos"]]


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_generated_requests_get_the_same_by_both_doors(doors: Doors, people: list[Person], seed: int) -> None:
    draw = random.Random(seed)
    tokens = [person.headers["authorization"].partition(" ")[2].encode() for person in people]
    cursors = []
    for path in FEEDS:
        page = msgspec.json.decode((await doors.same(of(people[0], path, b"limit=2"), people[0].user_id)).body)
        cursors.append(page["next_cursor"].encode())
    statuses = set()
    for _ in range(EACH):
        given = requests(draw, tokens, cursors)
        got = await doors.same(given, *(person.user_id for person in people), "ip-127.0.0.1")
        statuses.add(got.status)
    assert {200, 400, 401} <= statuses
    assert not [status for status in statuses if status >= 500]


@pytest.mark.parametrize("path", FEEDS)
async def test_a_hit_and_its_next_pages_come_by_the_hot_door(doors: Doors, people: list[Person], path: str) -> None:
    reader = people[0]
    got, hot = await asked(doors, reader, path)
    assert hot
    seen = ids_of(got)
    for _ in range(3):
        cursor = msgspec.json.decode(got.body)["next_cursor"].encode()
        got, hot = await asked(doors, reader, path, b"limit=5&cursor=" + cursor)
        assert hot
        seen += ids_of(got)
    assert len(set(seen)) == 20
    got, hot = await asked(doors, reader, path, b"limit=5&page=2")
    assert not hot  # found by what page 0 remembered, whichever door served it
    assert ids_of(got) == seen[10:15]


@pytest.mark.parametrize("path", FEEDS)
async def test_what_is_no_hit_is_answered_in_the_general_way(
    doors: Doors, people: list[Person], client: httpx.AsyncClient, stores: Stores, path: str
) -> None:
    reader, author = await sign_up(client), await sign_up(client)
    await follow(client, reader, author)
    videos = [(await make_video(stores, author.user_id)).video_id for _ in range(8)]
    doors.now_ms = system_ms() + 1000
    await asked(doors, reader, path)
    _, hot = await asked(doors, reader, path)
    assert hot

    changes: list[tuple[str, str, dict[str, str]]] = [
        ("PATCH", f"/api/v1/videos/{videos[-1]}", {"visibility": "friends"}),
        ("PATCH", f"/api/v1/videos/{videos[-2]}", {"visibility": "private"}),
    ]
    for method, route, body in changes:
        answer = await client.request(method, route, json=body, headers=author.headers)
        assert answer.status_code == 200, answer.text
        got, hot = await asked(doors, reader, path)
        assert not hot
        assert route.rpartition("/")[2] not in ids_of(got)
    for toggle in ("block", "mute"):
        await client.post(f"/api/v1/users/{author.user_id}/{toggle}", headers=reader.headers)
        got, hot = await asked(doors, reader, path)
        assert not hot
        assert not set(videos) & set(ids_of(got))
        await client.delete(f"/api/v1/users/{author.user_id}/{toggle}", headers=reader.headers)


async def test_what_was_pushed_is_remembered_alike(doors: Doors, client: httpx.AsyncClient, stores: Stores) -> None:
    reader, author = await sign_up(client), await sign_up(client)
    for _ in range(8):
        await make_video(stores, author.user_id)
    doors.now_ms = system_ms() + 1000
    await asked(doors, reader, FEEDS[0])
    user_no = (await stores.users.get(reader.user_id)).user_no  # type: ignore[union-attr]
    pushed = [(await make_video(stores, author.user_id)).video_id for _ in range(3)]
    for place, video_id in enumerate(pushed):
        await stores.feeds.push("feed", reader.user_id.encode(), [user_no], video_id, doors.now_ms + 1 + place)
    doors.now_ms += 10
    got, hot = await asked(doors, reader, FEEDS[0], b"limit=2")
    assert hot
    assert ids_of(got) == pushed[:0:-1]
    cursor = msgspec.json.decode(got.body)["next_cursor"].encode()
    got, hot = await asked(doors, reader, FEEDS[0], b"limit=2&cursor=" + cursor)
    assert hot
    assert ids_of(got)[0] == pushed[0]


async def test_the_readers_own_marks_are_on_the_hot_doors_cards(
    doors: Doors, people: list[Person], client: httpx.AsyncClient
) -> None:
    reader = people[0]
    got, _ = await asked(doors, reader, FEEDS[0])
    first = ids_of(got)[0]
    await client.post(f"/api/v1/videos/{first}/like", headers=reader.headers)
    await asked(doors, reader, FEEDS[0])  # which packs the marks anew
    got, hot = await asked(doors, reader, FEEDS[0])
    assert hot
    marks = [video["user_interaction"]["liked"] for video in msgspec.json.decode(got.body)["videos"]]
    assert marks == [True, False, False, False, False]


async def test_a_session_that_ended_elsewhere_ends_at_the_hot_door_at_once(
    doors: Doors, client: httpx.AsyncClient
) -> None:
    person = await sign_up(client)
    await asked(doors, person, FEEDS[0])
    await client.post("/api/v1/auth/logout", headers=person.headers, json={})
    assert (await doors.front_only(of(person, FEEDS[0]))).status == 401
    got, _ = await asked(doors, person, FEEDS[0])  # nor does the other door believe in it any more
    assert got.status == 401


async def test_one_request_too_many_is_refused_by_both_doors_alike(
    api_settings: Settings, stores: Stores, client: httpx.AsyncClient, people: list[Person]
) -> None:
    strict = Doors(msgspec.structs.replace(api_settings, feeds_per_minute=3), stores, system_ms() + 1000)
    person = await sign_up(client)
    for path in (*FEEDS, FEEDS[0]):
        assert (await strict.front_only(of(person, path, b"limit=5"))).status == 200
    refused = await strict.front_only(of(person, FEEDS[0], b"limit=5"))
    assert refused.status == 429
    assert {b"retry-after", b"ratelimit", b"ratelimit-policy"} <= {name for name, _ in refused.headers}


async def test_what_left_the_limits_window_leaves_its_log_though_few_look(
    api_settings: Settings, stores: Stores, client: httpx.AsyncClient
) -> None:
    hot = Doors(msgspec.structs.replace(api_settings, feeds_per_minute=1000), stores, system_ms() + 1000)
    person = await sign_up(client)
    given = of(person, FEEDS[0], b"limit=5")
    await hot.front_only(given)
    log = f"ratelimit:{person.user_id}:feed"
    old = [1_600_000_000_000_000 + number for number in range(30)]
    await stores.limiter._client.call("RPUSH", log, *reversed(old))
    handed_on = hot.handed_on
    for asked in range(2, 400):
        assert (await hot.front_only(given)).status == 200
        if await stores.limiter._client.call("LLEN", log) == asked:
            break
    assert await stores.limiter._client.call("LINDEX", log, -1) > b"%d" % old[-1]
    assert hot.handed_on == handed_on


@pytest.mark.parametrize("query", [b"", b"limit=3", b"page=1&limit=2", b"category=dance", b"region=AQ"])
async def test_trending_is_sent_ready(doors: Doors, query: bytes) -> None:
    await doors.same(Given(TRENDING, query), "ip-127.0.0.1")
    before = doors.handed_on
    got = await doors.same(Given(TRENDING, query, ((b"accept-encoding", b"br"),)), "ip-127.0.0.1")
    assert (got.status, doors.handed_on) == (200, before)
    etag = dict(got.headers)[b"etag"]
    again = Given(TRENDING, query, ((b"accept-encoding", b"br"), (b"if-none-match", etag)))
    unchanged = await doors.same(again, "ip-127.0.0.1")
    assert (unchanged.status, unchanged.body, doors.handed_on) == (304, b"", before)


async def test_while_redis_refuses_the_hot_door_hands_on(
    doors: Doors, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors.pages, "fetch", doors.lost)
    got, hot = await asked(doors, people[0], FEEDS[0])
    assert (got.status, hot) == (200, False)


@pytest.mark.parametrize(("known_by", "path"), [FEEDS, FEEDS[::-1]])
async def test_what_is_no_hit_needs_no_framework(
    doors: Doors, client: httpx.AsyncClient, known_by: str, path: str
) -> None:
    person = await sign_up(client)
    await doors.front_only(of(person, known_by))
    handed_on, in_full = doors.handed_on, doors.in_full
    assert (await doors.front_only(of(person, path, b"limit=3"))).status == 200  # of a feed that was not built
    assert (doors.handed_on, doors.in_full) == (handed_on, in_full + 1)


@pytest.mark.parametrize("path", FEEDS)
async def test_a_session_that_the_cache_forgot_needs_no_framework(
    doors: Doors, client: httpx.AsyncClient, stores: Stores, path: str
) -> None:
    person = await sign_up(client)
    await doors.front_only(of(person, path))
    session_id = session_of(person)
    await stores.sessions._client.call("DEL", f"session:{session_id}")
    handed_on, in_full = doors.handed_on, doors.in_full
    assert (await doors.front_only(of(person, path))).status == 200
    assert (doors.handed_on, doors.in_full) == (handed_on, in_full + 1)
    assert await stores.sessions.get(session_id) == "alive"  # for who asks next
    await client.post("/api/v1/auth/logout", headers=person.headers, json={})
    await stores.sessions._client.call("DEL", f"session:{session_id}")
    ended = await doors.front_only(of(person, path))
    assert (ended.status, msgspec.json.decode(ended.body)["code"]) == (401, "session_ended")


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Unavailable("The store cannot answer now."), 503, "The store cannot answer now."),
        (RuntimeError("a mistake of ours"), 500, "Something went wrong on our side."),
    ],
)
@pytest.mark.parametrize(("known_by", "path"), [FEEDS, FEEDS[::-1]])
async def test_an_error_of_the_general_way_is_the_frameworks_to_tell(
    doors: Doors,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    known_by: str,
    path: str,
    error: Exception,
    status: int,
    detail: str,
) -> None:
    person, tried = await sign_up(client), []
    await doors.front_only(of(person, known_by))

    async def failing(*asked: object) -> None:
        tried.append(asked)
        raise error

    monkeypatch.setattr(FeedReads, "page", failing)
    got = await doors.front_only(of(person, path))
    assert (got.status, len(tried)) == (status, 1)
    assert msgspec.json.decode(got.body)["detail"] == detail
    assert dict(got.headers)[b"ratelimit"].startswith(b'"feed";r=')
    assert (await doors.same(of(person, path), person.user_id)).status == status


async def test_what_the_hot_door_read_is_not_read_again(
    doors: Doors, client: httpx.AsyncClient, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, author = await sign_up(client), await sign_up(client)
    for _ in range(8):
        await make_video(stores, author.user_id)
    doors.now_ms = system_ms() + 1000
    await asked(doors, reader, FEEDS[0])
    again: list[str] = []
    for store, method in ((stores.viewers, "get"), (stores.feeds, "read")):
        monkeypatch.setattr(store, method, noting(getattr(store, method), method, again))

    await stores.feeds.drop("feed", reader.user_id)
    got = await doors.front_only(of(reader, FEEDS[0], b"limit=5"))
    assert len(ids_of(got)) == 5
    assert again == []  # what is there under the lease is asked in one question with the lease
    _, hot = await asked(doors, reader, FEEDS[0])
    assert hot
    again.clear()
    second = await doors.front_only(of(reader, FEEDS[0], b"limit=5&page=1"))
    assert not {*ids_of(second)} & {*ids_of(got)}  # by what the page before remembered
    await stores.feeds.drop("feed", reader.user_id)
    await stores.viewers.changed([reader.user_id])
    again.clear()
    await doors.front_only(of(reader, FEEDS[0], b"limit=5"))
    assert again == ["get", "read"]


async def test_what_was_built_since_the_hot_door_looked_is_what_is_shown(
    doors: Doors, client: httpx.AsyncClient, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, author = await sign_up(client), await sign_up(client)
    videos = [(await make_video(stores, author.user_id)).video_id for _ in range(8)]
    doors.now_ms = system_ms() + 1000
    await asked(doors, reader, FEEDS[0])
    await stores.feeds.drop("feed", reader.user_id)
    claim = stores.builds.claim

    async def later(*asked: Any) -> Any:
        places = [(doors.now_ms - place, video_id) for place, video_id in enumerate(videos)]
        await stores.feeds.build("feed", reader.user_id, f"{doors.now_ms:012x}abcdf", places)
        return await claim(*asked)

    monkeypatch.setattr(stores.builds, "claim", later)
    got = await doors.front_only(of(reader, FEEDS[0], b"limit=5"))

    assert ids_of(got) == videos[:5]


def noting(method: Any, name: str, called: list[str]) -> Any:
    async def noted(*asked: Any, **more: Any) -> Any:
        called.append(name)
        return await method(*asked, **more)

    return noted
