"""The application's bytes → one answer (RFC 9112), told to the exchange it belongs to as it comes."""

from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from app.edge.messages import Fields
from app.edge.sides import Exchange, Framing

HEAD_BYTES: Final = 128 * 2**10
_FIELDS: Final = 256


class AnswerReader:
    """Of one answer: a parser can't be told of one that has no body (to a HEAD), nor go on behind it."""

    def __init__(self, exchange: Exchange) -> None:
        self.came_bytes = 0
        self.is_over = False
        self.is_broken = False  # it is not one answer, or not HTTP
        self.is_switched = False  # what comes now is for the tunnel
        self.may_stay = False  # the connection, for another answer
        self._exchange = exchange
        self._parser = HttpResponseParser(self)
        self._fields: Fields = []
        self._framing: Framing | None = None  # None: the head is not there yet

    @property
    def ends_with_connection(self) -> bool:
        return self._framing == "close" and not self.is_broken

    def feed(self, data: bytes) -> None:
        """More bytes."""
        self.came_bytes += len(data)
        if self.is_switched:
            self._exchange.on_body(data)
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._switch(data[upgrade.args[0] :])
        except HttpParserError:
            self.is_broken = True
        if self._framing is None and self.came_bytes > HEAD_BYTES and not self.is_switched:
            self.is_broken = True

    def _switch(self, rest: bytes) -> None:
        """The parser has come to another protocol, which somebody asked for, or nobody."""
        self.is_broken = not self.is_switched
        if self.is_switched and rest:
            self._exchange.on_body(rest)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._fields = []
        self.is_broken = self.is_broken or self.is_over

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._framing is None:  # a trailer is nobody's
            self._fields.append((name.lower(), value.rstrip(b" \t")))
            self.is_broken = self.is_broken or len(self._fields) > _FIELDS

    def on_headers_complete(self) -> None:
        if self.is_broken or self.is_over:
            return
        exchange, status = self._exchange, self._parser.get_status_code()
        if status == 101:
            self.is_switched = exchange.expects_switch and self._parser.should_upgrade()
            if self.is_switched:
                exchange.on_switch(self._fields)
        elif status < 200:
            exchange.on_interim(status, self._fields)
        else:
            self._framing = self._framed(status)
            if self._framing is None:
                self.is_broken = True
                return
            self.may_stay = self._parser.should_keep_alive()
            self.is_over = self._framing == "none"
            exchange.on_head(status, self._fields, self._framing)

    def on_body(self, piece: bytes) -> None:
        if self.is_over or self.is_broken:
            self.is_broken = True
        else:
            self._exchange.on_body(piece)

    def on_message_complete(self) -> None:
        self.is_over = self.is_over or self._framing is not None

    def _framed(self, status: int) -> Framing | None:
        """None for a coding that nobody asked for."""
        codings = [value.lower() for name, value in self._fields if name == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            return None
        if not self._exchange.expects_body or status in (204, 304):
            return "none"
        if codings:
            return "chunks"
        return "length" if any(name == b"content-length" for name, _ in self._fields) else "close"
