"""The application by its two doors, asked the same things, and what tells their answers apart."""

import random
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from app import main
from app.core.config import Settings
from app.core.errors import Unavailable
from app.core.metrics import REGISTRY, settle
from app.core.playback import Playbacks
from app.http.access import AccessLog
from app.http.hot import HotRead, Outcome
from app.ports.limiter import Verdict
from app.stores import Stores

Fields = Sequence[tuple[bytes, bytes]]
TOKEN = re.compile(rb'"playback_token":"([A-Za-z0-9_-]+)"')


class Given(msgspec.Struct, frozen=True):
    """A request."""

    path: str
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    method: str = "GET"


class Got(msgspec.Struct, frozen=True):
    """Everything about an answer that anybody could see, without what is drawn by lot."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    playback: tuple[str, int] | None
    log: bytes
    counted: dict[str, float]


class Doors:
    """Both doors over one set of stores, at a time that stands still; the log is kept."""

    def __init__(self, settings: Settings, stores: Stores, now_ms: int) -> None:
        self.now_ms = now_ms
        self._lines: list[bytes] = []
        log = AccessLog(self._lines.append)
        self._log = log
        self._stores = stores
        self._playbacks = Playbacks(stores.secret)
        self.front, self.behind = main.doors(settings, stores, lambda: False, lambda: self.now_ms, log)
        self.pages = stores.hot_pages
        self.handed_on = 0  # to the framework
        self.in_full = 0  # answered in the general way, but without it
        inner = self.front.app

        async def counting(scope: Any, receive: Any, send: Any) -> None:
            self.handed_on += 1
            await inner(scope, receive, send)

        self.front.app = counting
        for read in self.front.table.values():
            self._count(read)

    def _count(self, read: HotRead) -> None:
        in_full = read.in_full

        async def counting(asked: Any, verdict: Verdict) -> Outcome:
            self.in_full += 1
            return await in_full(asked, verdict)

        read.in_full = counting  # type: ignore[method-assign]

    async def same(self, given: Given, *limited: str) -> Got:
        """Asks both; their answers must be equal. `limited` are the callers whose log of the limit begins anew."""
        answers = []
        for door in (self.behind, self.front):
            for key in [f"ratelimit:{caller}:{policy}" for caller in limited for policy in ("feed", "default")]:
                await self._stores.limiter._client.call("DEL", key)
                self._stores.limiter.admitted.forget(key)
            answers.append(await self._ask(door, given))
        one, other = answers
        for name in Got.__struct_fields__:
            assert getattr(one, name) == getattr(other, name), f"{name} of {given.path}?{given.query!r} {given.method}"
        return other

    async def front_only(self, given: Given) -> Got:
        """Asks the hot door."""
        return await self._ask(self.front, given)

    async def lost(self, *_: object) -> None:
        """What the trip for a page is while Redis can't be reached."""
        raise Unavailable("Redis cannot be reached.")

    async def _ask(self, door: Any, given: Given) -> Got:
        sent: list[dict[str, Any]] = []
        requests = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            return requests.pop() if requests else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        before = _counts()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": given.method,
            "scheme": "http",
            "path": given.path,
            "raw_path": given.path.encode(),
            "root_path": "",
            "query_string": given.query,
            "headers": [(b"host", b"127.0.0.1"), *given.headers],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 80),
            "state": {},
            "extensions": {},
        }
        await door(scope, receive, send)
        self._log.settle()
        start, *rest = sent
        body = b"".join(message.get("body", b"") for message in rest)
        return self._seen(start, body, before)

    def _seen(self, start: dict[str, Any], body: bytes, before: dict[str, float]) -> Got:
        (line,) = self._lines
        self._lines.clear()
        token = TOKEN.search(body)
        playback = None
        if token is not None:
            opened = self._playbacks.open(token[1].decode(), line.split()[2].decode(), self.now_ms)
            assert opened is not None
            playback = (opened.viewer, opened.issued_ms)
        headers = [(name, value if name != b"x-request-id" else _trace(value)) for name, value in start["headers"]]
        body = re.sub(rb'"request_id":"[0-9a-f]{32}"', b'"request_id":"-"', TOKEN.sub(b'"playback_token":"-"', body))
        counted = {key: count - before.get(key, 0) for key, count in _counts().items() if count != before.get(key, 0)}
        return Got(start["status"], sorted(headers), body, playback, line, counted)


GIVEN_TRACE = b"4bf92f3577b34da6a3ce929d0e0e4736"


def _trace(request_id: bytes) -> bytes:
    assert re.fullmatch(rb"[0-9a-f]{32}", request_id)
    return request_id if request_id == GIVEN_TRACE else b"drawn"


def _counts() -> dict[str, float]:
    """How often what was answered, by route, method and status; and observed, by route."""
    settle()
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in REGISTRY.collect()
        if family.name in ("kinora_requests", "kinora_request_seconds")
        for sample in family.samples
        if sample.name in ("kinora_requests_total", "kinora_request_seconds_count")
    }


def requests(draw: random.Random, tokens: Sequence[bytes], cursors: Sequence[bytes]) -> Given:
    """Something that somebody might ask, meaning well or not."""
    path = draw.choice(
        ["for-you"] * 4 + ["following"] * 3 + ["trending"] * 3 + ["for-you/", "for-You", "trending/x", ""]
    )
    method = draw.choice(["GET"] * 12 + ["POST", "HEAD", "OPTIONS", "get"])
    return Given(f"/api/v1/feed/{path}", query(draw, cursors), tuple(fields(draw, tokens)), method)


def query(draw: random.Random, cursors: Sequence[bytes]) -> bytes:
    """None, a plain one, or one that breaks a rule."""
    limit = draw.choice([b"1", b"2", b"3", b"5", b"20", b"50"])
    cursor = draw.choice(cursors)
    plain = [b"", b"", b"limit=" + limit, b"page=0", b"page=0&limit=" + limit, b"cursor=" + cursor]
    plain += [b"limit=%b&cursor=%b" % (limit, cursor), b"cursor=%b&limit=%b" % (cursor, limit)]
    shared = [b"region=AQ", b"region=io", b"category=dance", b"category=dance&limit=2", b"page=1&limit=2"]
    odd = [
        b"limit=0",
        b"limit=51",
        b"limit=-1",
        b"limit=05",
        b"limit=5.0",
        b"limit=1e1",
        b"limit=%35",
        b"limit=",
        b"limit",
    ]
    odd += [
        b"limit=2&limit=3",
        b"page=0&page=1",
        b"page=7",
        b"page=-1",
        b"cursor=",
        b"cursor=x",
        b"cursor=%00",
        b"&",
        b"&&",
    ]
    odd += [
        b"limit=2&",
        b"a=b",
        b"limit=2&a=b",
        b"Limit=2",
        b"limit=2#x",
        b"\xff\xfe",
        b"limit=\xd9\xa5",
        b"=",
        b"limit==2",
    ]
    odd += [
        b"region=AQ&category=dance",
        b"region=XYZ",
        b"category=%ff",
        b"cursor=" + b"A" * 1025,
        b"cursor=" + cursor[:-1],
    ]
    odd += [b"cursor=%b&page=3" % cursor, b"limit=2;page=0", b"limit=+2", b" limit=2", b"limit=2 ", b"category=Dance"]
    return draw.choice([*plain, *plain, *shared, draw.choice(odd)])


def fields(draw: random.Random, tokens: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Headers."""
    token = draw.choice(tokens)
    found: list[tuple[bytes, bytes]] = []
    kind = draw.randrange(12)
    if kind < 7:
        found.append((b"authorization", b"Bearer " + token))
    elif kind == 8:
        odd = [
            b"bearer " + token,
            b"Bearer  " + token,
            b"Bearer",
            b"Bearer x",
            b"Basic eDp5",
            token,
            b"Bearer " + token[:-2],
        ]
        odd += [b"Bearer \xff\xfe", b"", b"Bearer " + token + b" ", b"Bearer\t" + token]
        found.append((b"authorization", draw.choice(odd)))
    elif kind == 9:
        found += [(b"authorization", b"Bearer " + token), (b"authorization", b"Bearer " + draw.choice(tokens))]
    if draw.random() < 0.3:
        trace = [
            b"00-%b-00f067aa0ba902b7-01" % GIVEN_TRACE,
            b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
            b"x",
            b"\xff",
        ]
        found += [(b"traceparent", b"")] * draw.randint(0, 1)
        found.append((b"traceparent", draw.choice(trace)))
    if draw.random() < 0.5:
        codings = [
            b"gzip",
            b"br",
            b"gzip, br;q=0.9",
            b"identity",
            b"*;q=0",
            b"",
            b"gzip;q=x",
            b"deflate, gzip;q=1.0, *;q=0.5",
        ]
        found.append((b"accept-encoding", draw.choice(codings)))
    if draw.random() < 0.2:
        found.append((b"if-none-match", draw.choice([b"*", b'"x"', b'W/"x", "y"', b"\xff", b""])))
    if draw.random() < 0.1:
        found.append(
            draw.choice(
                [(b"content-length", b"0"), (b"cookie", b"a=b"), (b"accept", b"text/html"), (b"range", b"bytes=0-5")]
            )
        )
    draw.shuffle(found)
    return found
