"""A connection to the application: requests go in one at a time, and what comes back is parsed (RFC 9112)."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any, Final, Literal, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from app.edge.messages import Fields

QUIET_S: Final = 60.0  # the application thinks no longer than this, nor between two pieces
HEAD_BYTES: Final = 128 * 2**10
_FIELDS: Final = 256

Framing = Literal["none", "length", "chunks", "close"]
"""How an answer's body ends: there is none, after so many bytes, with its last chunk, with the connection."""


class Exchange(Protocol):
    """Who sent the request, and gets what is answered; `lost` or `ended` comes last, and once."""

    expects_body: bool
    expects_switch: bool
    is_sent: bool
    """The whole of the request has been written."""

    def on_interim(self, status: int, fields: Fields) -> None: ...
    def on_head(self, status: int, fields: Fields, framing: Framing) -> None: ...
    def on_body(self, piece: bytes) -> None: ...
    def on_switch(self, fields: Fields) -> None: ...
    def flush(self) -> None:
        """So much was read at once."""

    def on_room(self) -> None:
        """More may be written."""

    def ended(self) -> None:
        """The answer is whole."""

    def lost(self, *, untouched: bool, silent: bool) -> None:
        """Broken off. `untouched`: not a byte came on a connection used before; `silent`: nothing came in time."""


class Upstream(asyncio.Protocol):
    """One connection, in the hands of one exchange or of nobody."""

    def __init__(self, released: Callable[["Upstream"], None], closed: Callable[["Upstream"], None]) -> None:
        self._released = released
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._exchange: Exchange | None = None
        self.deadline = inf
        self.is_full = False
        self.is_open = False
        self._answers = 0
        self._is_paused = False
        self._is_tunnel = False
        self._silent = False
        self._begin()

    def _begin(self) -> None:
        """A parser of its own for each answer, for it can't be told of one that has no body (to a HEAD)."""
        self._parser = HttpResponseParser(self)
        self._fields: Fields = []
        self._framing: Framing | None = None  # None: the head is not there yet
        self._came_bytes = 0
        self._is_over = False
        self._is_broken = False
        self._may_stay = False

    def send(self, exchange: Exchange, head: bytes) -> None:
        """Begins an exchange."""
        self._exchange = exchange
        self._begin()
        self._transport.write(head)

    def write(self, data: bytes) -> None:
        """More of the request, or into the tunnel."""
        self._transport.write(data)

    def wait(self, seconds: float = QUIET_S) -> None:
        """So long nothing may come; `inf` while it is the client's turn."""
        self.deadline = self._loop.time() + seconds

    def pause(self, paused: bool) -> None:
        """Whether to go on reading, as the client can take more or not."""
        if paused == self._is_paused or not self.is_open:
            return
        self._is_paused = paused
        if paused:
            self._transport.pause_reading()
            self.deadline = inf
        else:
            self._transport.resume_reading()
            self.wait()

    def leave(self) -> None:
        """The exchange is given up; so is the connection."""
        self._exchange = None
        self._transport.abort()

    def close(self) -> None:
        """Once all is written."""
        self._exchange = None
        self.wait()
        self._transport.close()

    def expire(self, now_s: float) -> None:
        """Called at times; ends what has been quiet for too long."""
        if now_s >= self.deadline:
            self._silent = True
            self._transport.abort()
            self.deadline = inf

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_open = False
        self.deadline = inf
        exchange, self._exchange = self._exchange, None
        self._closed(self)
        if exchange is not None:
            untouched = self._answers > 0 and self._came_bytes == 0 and not self._silent
            exchange.lost(untouched=untouched, silent=self._silent)

    def pause_writing(self) -> None:
        self.is_full = True
        self.wait()

    def resume_writing(self) -> None:
        self.is_full = False
        self.deadline = inf
        if self._exchange is not None:
            self._exchange.on_room()

    def eof_received(self) -> None:
        if self._framing == "close" and not self._is_broken and self._exchange is not None:
            self._end(self._exchange)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:  # nobody asked
            self._transport.abort()
            return
        if self.deadline != inf:
            self.wait()
        self._came_bytes += len(data)
        if self._is_tunnel:
            exchange.on_body(data)
            exchange.flush()
            return
        self._feed(exchange, data)
        if self._framing is None and self._came_bytes > HEAD_BYTES:
            self._is_broken = True
        if self._is_broken and not self._is_over:
            self._transport.abort()
            return
        if self._is_over:
            self._end(exchange)
        else:
            exchange.flush()

    def _feed(self, exchange: Exchange, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            self._is_broken = not self._is_tunnel
            if self._is_tunnel and rest:
                exchange.on_body(rest)
        except HttpParserError:
            self._is_broken = True

    def _end(self, exchange: Exchange) -> None:
        """The answer is whole: the connection is for the next, or closes."""
        self._exchange = None
        self.deadline = inf
        self._answers += 1
        if self._may_stay and exchange.is_sent and not self._is_broken and not self.is_full:
            self._released(self)
        else:
            self._transport.abort()
        exchange.ended()

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._fields = []
        self._is_broken = self._is_broken or self._is_over

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._framing is None:  # a trailer is nobody's
            self._fields.append((name.lower(), value.rstrip(b" \t")))
            self._is_broken = self._is_broken or len(self._fields) > _FIELDS

    def on_headers_complete(self) -> None:
        exchange, status = self._exchange, self._parser.get_status_code()
        if exchange is None or self._is_broken or self._is_over:
            self._is_broken = True
        elif status == 101:
            if exchange.expects_switch and self._parser.should_upgrade():
                self._is_tunnel = True
                exchange.on_switch(self._fields)
        elif status < 200:
            exchange.on_interim(status, self._fields)
        else:
            self._framing = self._framed(status, expects_body=exchange.expects_body)
            if self._framing is None:
                self._is_broken = True
                return
            self._may_stay = self._parser.should_keep_alive()
            self._is_over = self._framing == "none"
            exchange.on_head(status, self._fields, self._framing)

    def on_body(self, piece: bytes) -> None:
        if self._is_over or self._is_broken or self._exchange is None:
            self._is_broken = True
        else:
            self._exchange.on_body(piece)

    def on_message_complete(self) -> None:
        self._is_over = self._is_over or self._framing is not None

    def _framed(self, status: int, *, expects_body: bool) -> Framing | None:
        """None for a coding that nobody asked for."""
        codings = [value.lower() for name, value in self._fields if name == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            return None
        if not expects_body or status in (204, 304):
            return "none"
        if codings:
            return "chunks"
        return "length" if any(name == b"content-length" for name, _ in self._fields) else "close"
