"""Heads as they are handed on: made anew, without what concerns one connection alone."""

import pytest

from app.core.passport import HEADER
from app.edge.messages import Fields, Request, connection_line, request_head, response_head, status_line
from app.edge.reader import Reader
from tests.edge.front import get


def parsed(*fields: str, method: str = "GET", version: str = "1.1") -> Request:
    head, _ = Reader().head(get("/a?b", *fields, method=method, version=version))
    assert head is not None
    return head


def lines(head: bytes) -> list[bytes]:
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def test_a_request_is_handed_on_in_its_order_with_the_passport_at_its_end() -> None:
    head = request_head(parsed("B: 1", "A: 2", "b: 3", "Cookie: c"), b"PASS")
    wanted = [b"GET /a?b HTTP/1.1", b"host: kinora", b"b: 1", b"a: 2", b"b: 3", b"cookie: c", HEADER + b": PASS"]
    assert lines(head) == wanted


@pytest.mark.parametrize(
    "field",
    [
        "Connection: close",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: x",
        "TE: trailers",
        "Trailer: A",
        "Upgrade: h2c",
        "X-Kinora-Edge: forged",
        "x-kinora-EDGE: forged",
    ],
)
def test_what_concerns_one_connection_ends_here(field: str) -> None:
    assert lines(request_head(parsed(field, "A: b"), b"PASS"))[1:] == [b"host: kinora", b"a: b", HEADER + b": PASS"]


def test_so_does_what_connection_names_but_not_what_the_application_must_know() -> None:
    request = parsed(
        "Connection: A, host,Authorization , content-length", "A: b", "Authorization: c", "Content-Length: 0"
    )
    named = lines(request_head(request, b"PASS"))
    assert named[1:] == [b"host: kinora", b"authorization: c", b"content-length: 0", HEADER + b": PASS"]


def test_a_body_is_framed_anew() -> None:
    request = parsed("Transfer-Encoding: Chunked", method="POST")
    assert lines(request_head(request, b"P"))[1:] == [b"host: kinora", b"transfer-encoding: chunked", HEADER + b": P"]


def test_a_websocket_is_asked_for_and_nothing_else() -> None:
    asked = ("Upgrade: WebSocket", "Connection: keep-alive, Upgrade")
    head = request_head(parsed(*asked), b"P")
    assert b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n" in head
    for request in (parsed("Upgrade: h2c", "Connection: Upgrade"), parsed(*asked, method="POST")):
        assert b"upgrade" not in request_head(request, b"P")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_what_may_be_repeated(method: str) -> None:
    assert parsed(method=method).may_be_repeated
    assert not parsed("Content-Length: 1", method=method).may_be_repeated
    assert not parsed("Transfer-Encoding: chunked", method=method).may_be_repeated


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_not(method: str) -> None:
    assert not parsed(method=method).may_be_repeated


def test_an_answer_is_made_anew() -> None:
    fields: Fields = [(b"connection", b"x-a"), (b"x-a", b"1"), (b"transfer-encoding", b"chunked"), (b"etag", b'"e"')]
    assert response_head(404, fields, b"connection: close\r\n") == (
        b'HTTP/1.1 404 Not Found\r\netag: "e"\r\nconnection: close\r\n\r\n'
    )


def test_a_status_without_a_name_has_none() -> None:
    assert status_line(299) == b"HTTP/1.1 299 \r\n"


@pytest.mark.parametrize(
    ("version", "close", "line"),
    [("1.1", False, b""), ("1.0", False, b"connection: keep-alive\r\n"), ("1.1", True, b"connection: close\r\n")],
)
def test_a_client_is_told_of_its_connection_where_it_must_be(version: str, close: bool, line: bytes) -> None:
    assert connection_line(version, close=close) == line
