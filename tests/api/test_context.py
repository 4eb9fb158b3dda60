"""What stands around every answer: its headers once each, and its line in the access log."""

import json
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest

from app import main
from app.core import metrics
from app.core.config import Settings
from app.core.metrics import FALLBACKS, REQUESTS, settle
from app.http import access
from app.http.access import AccessLog
from app.http.context import Context
from app.http.record import Record
from app.stores import Stores
from tests.api.uploading import body_of
from tests.factories import make_video, sign_up
from tests.waiting import until

COMMON_LOG_FORMAT = re.compile(
    r"(?P<host>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<when>[^\]]+)\] "
    r'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+)\Z'
)


def lines_of(capfd: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """The access log since it was last asked for, taken apart; each line must be in the format."""
    settle()
    found = []
    for line in capfd.readouterr().out.split("\n")[:-1]:
        match = COMMON_LOG_FORMAT.match(line)
        assert match is not None, line
        found.append(match.groupdict())
    return found


async def test_every_answer_has_each_header_once(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    await stores.blobs.store(f"media/{video_id}/a1/master.m3u8", body_of(b"#EXTM3U"), 100)

    for path, status in (
        (f"/media/{video_id}/a1.0/master.m3u8", 200),
        ("/media/nothing", 404),
        ("/upload/nothing", 404),
        ("/livez", 200),
        ("/api/v1/feed/trending", 200),
        ("/api/v1/users/me", 401),
        ("/api/v1/nothing", 404),
        ("/schema/openapi.json", 200),
    ):
        answer = await client.get(path)
        assert answer.status_code == status, path
        names = [name for name, _ in answer.headers.multi_items()]
        assert len(set(names)) == len(names), path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_a_callers_trace_is_continued_if_it_is_one(client: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    good = await client.get("/livez", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert good.headers["x-request-id"] == trace
    for bad in (f"00-{'0' * 32}-00f067aa0ba902b7-01", "x", f"00-{trace.upper()}-00f067aa0ba902b7-01", f"{trace}\x1b"):
        answer = await client.get("/livez", headers={"traceparent": bad})
        assert answer.headers["x-request-id"] != trace


async def test_of_several_traces_the_first_that_is_not_empty_is_continued(client: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    given = [("traceparent", ""), ("traceparent", f"00-{trace}-00f067aa0ba902b7-01")]

    for path in ("/livez", "/api/v1/feed/trending"):  # by either door
        assert (await client.get(path, headers=given)).headers["x-request-id"] == trace


async def test_methods_of_a_clients_own_are_counted_as_one(client: httpx.AsyncClient) -> None:
    def kinds() -> set[str]:
        return {sample.labels["method"] for metric in REQUESTS.collect() for sample in metric.samples}

    before = kinds()
    for number in range(50):
        for path in ("/", "/livez", "/media/x", "/upload/x", "/api/v1/feed/for-you"):
            assert (await client.request(f"M{number}", path)).status_code in {404, 405}, path

    assert kinds() - before <= {"OTHER"}
    assert "OTHER" in kinds()


async def test_the_access_log_is_common_log_format(
    client: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    one = await sign_up(client)
    lines_of(capfd)

    body = (await client.get("/api/v1/users/me", headers=one.headers)).content
    await client.get('/api/v1/users/@a%22b%0a127.0.0.1 - - "GET / HTTP/1.1" 200 1%E2%80%A8%1b[31m')
    await client.get("/media/~1800000000000.c2VjcmV0c2lnbmF0dXJl/x")
    await client.get("/api/v1/users/somebody@example.org")

    mine, forged, signed, address = lines_of(capfd)
    assert (mine["host"], mine["user"], mine["status"]) == ("127.0.0.1", one.user_id, "200")
    assert mine["request"] == "GET /api/v1/users/me HTTP/1.1"
    assert int(mine["bytes"]) == len(body)
    assert (forged["user"], forged["status"]) == ("-", "404")
    assert forged["request"].isascii()
    assert forged["request"].isprintable()
    assert "c2Vjcm" not in signed["request"]
    assert "somebody" not in address["request"]


async def test_the_bytes_of_a_file_that_the_server_sends_itself_are_counted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"12345"), (b"X-Content-Type-Options", b"nosniff")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": "/some/file"})

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/media/x", "headers": [], "client": ("192.0.2.7", 1)}
    await Context(app, Record(lambda: 0, AccessLog()))(scope, receive, send)

    (line,) = lines_of(capfd)
    assert (line["host"], line["bytes"], line["when"]) == ("192.0.2.7", "12345", "01/Jan/1970:00:00:00 +0000")
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.pathsend"]
    assert [name.lower() for name, _ in sent[0]["headers"]].count(b"x-content-type-options") == 1


def test_the_application_log_is_json_without_secrets() -> None:
    program = (
        "import logging; from app.http import logs; logs.configure('INFO');"
        "logging.getLogger('app.x').warning('mail a@example.org', extra={'password': 'p', 'line': 'a\\n\\u2028b'})"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert ended.stdout == ""
    (line,) = ended.stderr.split("\n")[:-1]
    told = json.loads(line)
    assert (told["event"], told["password"], told["level"]) == ("mail [email]", "[masked]", "warning")
    assert "\u2028" not in line
    assert told["line"] == "a\n\u2028b"


async def test_an_access_log_that_cannot_be_written_stops_nobody() -> None:
    def refuse(_: bytes) -> None:
        raise BrokenPipeError

    before = FALLBACKS.labels("access-log")._value.get()
    log = AccessLog(refuse)
    log.lines.add(0, b"::1", b"-", b"GET / HTTP/1.1", 200, 0)
    log.settle()
    assert FALLBACKS.labels("access-log")._value.get() == before + 1


async def test_an_orderly_end_hands_over_the_log(api_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "GATHERED_S", 60.0)
    monkeypatch.setattr(metrics, "TALLIED_S", 60.0)
    settle()
    lines: list[bytes] = []
    log = AccessLog(lines.append)
    told = iter(["lifespan.startup", "lifespan.shutdown"])
    said: list[str] = []

    async def receive() -> Any:
        if "lifespan.startup.complete" in said:
            log.lines.add(0, b"::1", b"-", b"GET / HTTP/1.1", 200, 0)
            log.begun()
        return {"type": next(told)}

    async def send(message: Any) -> None:
        said.append(message["type"])
        assert said[-1] == "lifespan.startup.complete" or lines

    await main.Application(api_settings, lambda _settings, _stores, _draining: None)(
        {"type": "lifespan"}, receive, send
    )

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_lines_are_written_in_a_moment() -> None:
    lines: list[bytes] = []
    log = AccessLog(lines.append)
    for _ in range(2):
        log.lines.add(0, b"::1", b"-", b"GET / HTTP/1.1", 200, 0)
    log.begun()

    await until(lambda: bool(lines), 5)

    assert lines[0].count(b"\n") == 2
