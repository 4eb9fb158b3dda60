"""One client's bytes → heads and bodies: llhttp parses, a head at a time, and what it lets pass in silence is refused.

Only so much is given to the parser as belongs to the message under way, so that a client may be answered before its
next request is looked at.
"""

import re
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from app.edge.messages import LONGEST_FIELDS, Fields, Refused, Request, invalid, request

HEAD_BYTES: Final = 16 * 2**10
_END: Final = b"\r\n\r\n"
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,8}\r\n\Z")
_SIZE_BYTES: Final = 10
_VERSIONS: Final = ("1.1", "1.0")


class Reader:
    """Of one connection. `head` until it gives a request, then `body` until it says that it is over, and so on."""

    def __init__(self) -> None:
        self._parser = HttpRequestParser(self)
        self._head = b""  # as far as it has come
        self._target = b""
        self._fields: Fields = []
        self._request: Request | None = None
        self._refused: Refused | None = None
        self._over = False
        self._pieces: list[bytes] = []
        self._left = 0  # of a body with a length
        self._chunks: Chunks | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a part of a head is there."""
        return bool(self._head)

    def head(self, data: bytes) -> tuple[Request | None, bytes]:
        """The request, and what is behind its head; None if more must come. Raises Refused."""
        known = len(self._head)
        head = self._head + data if known else data
        end = head.find(_END, max(0, known - 3)) + len(_END)
        is_whole = end >= len(_END)
        if (end if is_whole else len(head)) > HEAD_BYTES:
            raise _too_large()
        if not is_whole:
            self._feed(data)
            self._head = head
            if self._over or self._request:
                raise invalid("The request is malformed.")
            return None, b""
        self._feed(head[known:end])
        found, over = self._request, self._over
        self._request, self._over, self._head = None, False, b""
        if found is None or not head.removeprefix(b"\r\n").startswith(_line(found)):
            raise invalid("The request line is malformed.")
        self._left = found.length or 0
        self._chunks = Chunks() if found.chunked else None
        if over == found.has_body:
            raise invalid("The request is malformed.")
        return found, head[end:]

    def body(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """A piece of the body, what is behind it, and whether it was the last. Raises Refused."""
        if self._chunks is None:
            size = min(self._left, len(data))
            self._left -= size
            is_last = self._left == 0
        else:
            size = self._chunks.take(data)
            is_last = self._chunks.is_over
        self._feed(data[:size])
        if self._over != is_last:
            raise invalid("The body is malformed.")
        self._over = False
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        return piece, data[size:], is_last

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._parser = HttpRequestParser(self)  # what comes next is ours to interpret
        except HttpParserError:
            raise self._refused or invalid("The request is malformed.") from None

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._target, self._fields, self._over = b"", [], False

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._fields) == LONGEST_FIELDS:
            self._refuse(_too_large())
        self._fields.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        version = parser.get_http_version()
        if version not in _VERSIONS:
            self._refuse(invalid("The request is not HTTP/1.1."))
        try:
            self._request = request(
                parser.get_method(),
                self._target,
                version,
                self._fields,
                keep_alive=parser.should_keep_alive(),
                upgrade=parser.should_upgrade(),
            )
        except Refused as refused:
            self._refuse(refused)

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self._over = True

    def _refuse(self, refused: Refused) -> None:
        """Ends the parsing; only an exception does."""
        self._refused = refused
        raise refused


class Chunks:
    """Where a body in chunks ends, and that nothing but sizes stands between its chunks: llhttp goes over extensions
    and trailers without a word, and not everybody does so alike."""

    def __init__(self) -> None:
        self.is_over = False
        self._left = 0  # of a chunk and the line end behind it
        self._line = b""  # a size, as far as it has come
        self._is_last = False

    def take(self, data: bytes) -> int:
        """How many of these bytes belong to the body. Raises Refused."""
        at = 0
        while at < len(data) and not self.is_over:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                self.is_over = self._is_last and not self._left
                continue
            end = data.find(b"\n", at, at + _SIZE_BYTES) + 1
            self._line += data[at : end or at + _SIZE_BYTES]
            at = end or len(data)
            if end:
                self._size()
            elif len(self._line) >= _SIZE_BYTES:
                raise _odd_chunk()
        return at

    def _size(self) -> None:
        if not _SIZE.match(self._line):
            raise _odd_chunk()
        size = int(self._line, 16)
        self._line, self._left, self._is_last = b"", size + 2, size == 0


def _line(found: Request) -> bytes:
    return b"%b %b HTTP/%b\r\n" % (found.method, found.target, found.http_version.encode())


def _too_large() -> Refused:
    return Refused(431, "headers_too_large", f"At most {LONGEST_FIELDS} headers, {HEAD_BYTES} bytes together.")


def _odd_chunk() -> Refused:
    return invalid("Chunks have a size of eight hex digits at most, and nothing else.")
