"""Trending for visitors without a token: one answer for all, whole, in each encoding."""

import asyncio
import gzip
from typing import Any

import brotli
import httpx
import msgspec
import pytest

from app.core.clock import HOUR_MS, system_ms
from app.core.cursors import Cursors
from app.features import Features
from app.services.feed.board import Board
from app.services.feed.ready import Ready
from app.services.feed.rule import Documented
from app.services.feed.trending import TrendingReads
from app.stores import Stores
from tests.api.asking import ids
from tests.api.feeding import feed
from tests.api.happenings import Happenings
from tests.api.test_feed_trending import URL, fresh_category, trend
from tests.factories import sign_up
from tests.faults.running import until


async def raw(client: httpx.AsyncClient, url: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer and its body as it was sent."""
    async with client.stream("GET", url, headers={key.replace("_", "-"): value for key, value in headers.items()}) as a:
        return a, b"".join([chunk async for chunk in a.aiter_raw()])


async def test_every_encoding_says_the_same(client: httpx.AsyncClient, stores: Stores, happenings: Happenings) -> None:
    category = fresh_category()
    await trend(client, stores, happenings, category, 5)
    url = f"{URL}?category={category}"
    plain, body = await raw(client, url, accept_encoding="identity")
    br, packed = await raw(client, url, accept_encoding="gzip;q=0.5, br")
    gz, zipped = await raw(client, url, accept_encoding="gzip")

    assert brotli.decompress(packed) == gzip.decompress(zipped) == body
    assert len(packed) < len(body) / 2
    assert [answer.headers.get("content-encoding") for answer in (plain, br, gz)] == [None, "br", "gzip"]
    assert len({answer.headers["etag"] for answer in (plain, br, gz)}) == 3
    for answer, sent in ((plain, body), (br, packed), (gz, zipped)):
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == str(len(sent))
        assert answer.headers["vary"] == "authorization, accept-encoding"


async def test_who_has_the_answer_is_told_so(client: httpx.AsyncClient, stores: Stores, happenings: Happenings) -> None:
    category = fresh_category()
    author, (best, *_) = await trend(client, stores, happenings, category, 3)
    url = f"{URL}?category={category}"
    first, _ = await raw(client, url, accept_encoding="br")
    tag = first.headers["etag"]

    again, nothing = await raw(client, url, accept_encoding="br", if_none_match=f'"other", W/{tag}')
    assert (again.status_code, nothing) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert "ratelimit" in again.headers
    assert (await raw(client, url, accept_encoding="gzip", if_none_match=tag))[0].status_code == 200

    await client.patch(f"/api/v1/videos/{best}", headers=author.headers, json={"title": "Another"})
    assert (await raw(client, url, accept_encoding="br", if_none_match=tag))[0].status_code == 200


@pytest.mark.parametrize("change", ["private", "deleted"])
async def test_what_is_hidden_leaves_the_ready_answer_at_once(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, change: str
) -> None:
    category = fresh_category()
    author, (best, *rest) = await trend(client, stores, happenings, category, 3)
    url = f"{URL}?category={category}"
    assert ids((await feed(client, url))["videos"]) == [best, *rest]
    if change == "private":
        await client.patch(f"/api/v1/videos/{best}", headers=author.headers, json={"visibility": "private"})
    else:
        await client.delete(f"/api/v1/videos/{best}", headers=author.headers)
    answers = await asyncio.gather(*(feed(client, url) for _ in range(10)))
    assert [ids(page["videos"]) for page in answers] == [rest] * 10


async def test_a_hundred_visitors_at_once_read_the_list_once(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    await trend(client, stores, happenings, category, 5)
    counted = {"ledger": 0, "lists": 0}

    class CountedLedger:
        async def leaders(self, *args: Any) -> Any:
            counted["ledger"] += 1
            return await stores.ledger.leaders(*args)

    class CountedLists:
        async def read(self, *args: Any) -> Any:
            counted["lists"] += 1
            return await stores.trending.read(*args)

        async def replace(self, *args: Any) -> None:
            await stores.trending.replace(*args)

    lists: Any = CountedLists()
    ledger: Any = CountedLedger()
    now_ms = system_ms()
    reads = TrendingReads(
        Board(Documented(ledger), ledger, lists, built.pages, lambda: now_ms),
        stores.feeds,
        built.pages,
        Cursors(stores.secret),
        lambda: now_ms,
    )
    ready = Ready(reads.shared, None, lambda: now_ms)

    answers = await asyncio.gather(*(ready.make(category, 0, 20, b"br", None) for _ in range(100)))

    assert counted == {"ledger": 1, "lists": 1}
    assert len({answer.body for answer in answers}) == 1


async def test_a_list_that_is_the_same_keeps_its_tag(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    await trend(client, stores, happenings, category, 4)
    bodies = []
    began_ms = system_ms() // HOUR_MS * HOUR_MS
    for later_ms in (0, 60_000):
        now_ms = began_ms + later_ms
        reads = TrendingReads(built.board, stores.feeds, built.pages, Cursors(stores.secret), lambda: now_ms)  # noqa: B023
        page, _ = await reads.shared(category, 0, 2)
        bodies.append(msgspec.json.encode(page))
    assert bodies[0] == bodies[1]


async def test_a_cursor_and_a_token_take_the_slow_way(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    category = fresh_category()
    _, videos = await trend(client, stores, happenings, category, 4)
    viewer = await sign_up(client)
    url = f"{URL}?category={category}&limit=2"
    first = await feed(client, url)
    second = await client.get(f"{url}&cursor={first['next_cursor']}")
    own = await client.get(url, headers=viewer.headers)
    assert ids(first["videos"]) + ids(second.json()["videos"]) == videos
    assert second.headers["cache-control"].startswith("public, max-age=1")
    assert own.headers["cache-control"] == "private, no-store"
    assert "etag" not in own.headers
    assert ids((await feed(client, f"{url}&page=1"))["videos"]) == videos[2:]
    assert (await feed(client, f"{url}&page=99999"))["videos"] == []


async def test_what_is_hidden_leaves_the_ready_answers_of_other_processes_within_two_seconds(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    category = fresh_category()
    author, (best, *rest) = await trend(client, stores, happenings, category, 3)
    # `built` is another's answers: it hears of the change by the cache alone.
    before = await built.ready.make(category, 0, 20, b"", None)
    assert best.encode() in before.body
    await client.patch(f"/api/v1/videos/{best}", headers=author.headers, json={"visibility": "private"})

    async def gone() -> bool:
        asked = category, 0, 20, b"", None
        answer = built.ready.find(*asked) or await built.ready.make(*asked)
        return best.encode() not in answer.body and rest[0].encode() in answer.body

    await until(gone, "the hidden video left the other process's answer", patience_s=2)
