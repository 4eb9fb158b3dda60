"""HTTP/1.1 messages as they are handed on: made anew from what was parsed, never passed through. Pure.

What concerns one connection alone (RFC 9110, 7.6.1) ends here; each side has its own framing.
"""

import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import msgspec

from app.core.passport import HEADER as PASSPORT

Fields = list[tuple[bytes, bytes]]

LONGEST_FIELDS: Final = 100  # as many as the application takes
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
        PASSPORT,
    }
)
_SINGLE: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"upgrade", b"expect"})
_KEPT: Final = frozenset({b"host", b"content-length", b"content-type", b"authorization", b"cookie", b"expect"})
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?\Z")
_TARGET: Final = re.compile(rb"/[!-\"$-~]*\Z")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}\Z")
_IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


class Refused(Exception):
    """A request that goes no further; `status`, `code` and `detail` are those of its problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class Request(msgspec.Struct, frozen=True, gc=False):
    """A request's head. `fields` have names in lower case, in their order. `length` is in bytes, None without one."""

    method: bytes
    target: bytes
    http_version: str
    fields: Fields
    length: int | None
    chunked: bool
    keep_alive: bool
    websocket: bool

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.length)

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice is as good as once, and possible."""
        return self.method in _IDEMPOTENT and not self.has_body and not self.websocket


def invalid(detail: str) -> Refused:
    """A request that breaks HTTP's own rules."""
    return Refused(400, "invalid", detail)


def request(
    method: bytes, target: bytes, http_version: str, fields: Fields, *, keep_alive: bool, upgrade: bool
) -> Request:
    """A head as it was parsed, judged by what parsers disagree about. Raises Refused."""
    if not _TARGET.match(target):
        raise invalid("The target of a request is a path of printable ASCII.")
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        if name in _SINGLE:
            if name in found:
                raise invalid(f"There are two {name.decode()} headers.")
            found[name] = value
    if not _is_host(found.get(b"host", b"")):
        raise invalid("A request names one host.")
    length = found.get(b"content-length")
    coding = found.get(b"transfer-encoding")
    if length is not None and not _LENGTH.match(length):
        raise invalid("Content-Length is not a number.")
    if coding is not None and (length is not None or coding.lower() != b"chunked" or http_version == "1.0"):
        raise invalid("Transfer-Encoding is `chunked` or nothing, without a Content-Length.")
    made = Request(
        method,
        target,
        http_version,
        fields,
        None if length is None else int(length),
        coding is not None,
        keep_alive,
        upgrade and method == b"GET" and http_version == "1.1" and found.get(b"upgrade", b"").lower() == b"websocket",
    )
    if upgrade and made.has_body:
        # The parser takes what follows such a head for another protocol; others take it for the body.
        raise invalid("A request that asks for another protocol has no body.")
    return made


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.match(value) is not None


def request_head(request: Request, passport: bytes) -> bytes:
    """What the application is sent."""
    dropped = HOP_BY_HOP | _nominated(request.fields)
    lines = [request.method, b" ", request.target, b" HTTP/1.1\r\n"]
    for name, value in request.fields:
        if name not in dropped:
            lines += (name, b": ", value, b"\r\n")
    if request.chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    if request.websocket:
        lines.append(b"connection: upgrade\r\nupgrade: websocket\r\n")
    lines += (PASSPORT, b": ", passport, b"\r\n\r\n")
    return b"".join(lines)


def response_head(status: int, fields: Fields, framing: bytes) -> bytes:
    """What the client is sent; `framing` are whole header lines: how the body ends, and the connection."""
    dropped = HOP_BY_HOP | _nominated(fields)
    lines = [status_line(status)]
    for name, value in fields:
        if name not in dropped:
            lines += (name, b": ", value, b"\r\n")
    lines += (framing, b"\r\n")
    return b"".join(lines)


@lru_cache(maxsize=128)
def status_line(status: int) -> bytes:
    """With its end; a status without a name gets none."""
    try:
        name = HTTPStatus(status).phrase
    except ValueError:
        name = ""
    return f"HTTP/1.1 {status} {name}\r\n".encode("ascii")


def connection_line(http_version: str, *, close: bool) -> bytes:
    """What the client is told of its connection: nothing, where it is as the version has it."""
    if close:
        return b"connection: close\r\n"
    return b"connection: keep-alive\r\n" if http_version == "1.0" else b""


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunks; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK: Final = b"0\r\n\r\n"


def _nominated(fields: Fields) -> frozenset[bytes]:
    """What `Connection` says concerns this connection alone; what the next one must know is not its to take away."""
    listed = [value for name, value in fields if name == b"connection"]
    if not listed:
        return frozenset()
    return frozenset(part.strip().lower() for value in listed for part in value.split(b",")) - _KEPT
