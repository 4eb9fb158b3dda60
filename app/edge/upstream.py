"""A connection to the application, with one request at a time on it."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any, Final, cast

from app.edge.answer import AnswerReader
from app.edge.sides import Exchange

QUIET_S: Final = 60.0  # the application thinks no longer than this, nor between two pieces


class Upstream(asyncio.Protocol):
    """In the hands of one exchange, or of nobody."""

    def __init__(self, released: Callable[["Upstream"], None], closed: Callable[["Upstream"], None]) -> None:
        self._released = released
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._exchange: Exchange | None = None
        self._answer: AnswerReader | None = None
        self.deadline = inf
        self.is_full = False
        self.is_open = False
        self._answers = 0
        self._is_paused = False
        self._is_silent = False

    def send(self, exchange: Exchange, head: bytes) -> None:
        """Begins an exchange."""
        self._exchange, self._answer = exchange, AnswerReader(exchange)
        self._transport.write(head)

    def write(self, data: bytes) -> None:
        """More of the request, or into the tunnel."""
        self._transport.write(data)

    def wait(self, seconds: float = QUIET_S) -> None:
        """So long nothing may come; `inf` while it is the client's turn."""
        self.deadline = self._loop.time() + seconds

    def pause(self, paused: bool) -> None:
        """Whether to go on reading, as the client can take more or not."""
        if paused == self._is_paused or self._transport.is_closing():
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

    def expire(self) -> None:
        """It has been quiet for too long."""
        self._is_silent = True
        self.deadline = inf
        self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_open = False
        self.deadline = inf
        exchange, self._exchange = self._exchange, None
        self._closed(self)
        if exchange is not None and self._answer is not None:
            untouched = self._answers > 0 and self._answer.came_bytes == 0 and not self._is_silent
            exchange.lost(untouched=untouched, silent=self._is_silent)

    def pause_writing(self) -> None:
        self.is_full = True
        self.wait()

    def resume_writing(self) -> None:
        self.is_full = False
        self.deadline = inf
        if self._exchange is not None:
            self._exchange.on_room()

    def eof_received(self) -> None:
        if self._exchange is not None and self._answer is not None and self._answer.ends_with_connection:
            self._end(self._exchange, may_stay=False)

    def data_received(self, data: bytes) -> None:
        exchange, answer = self._exchange, self._answer
        if exchange is None or answer is None:  # nobody asked
            self._transport.abort()
            return
        if self.deadline != inf:
            self.wait()
        answer.feed(data)
        if answer.is_over:
            self._end(exchange, may_stay=answer.may_stay and not answer.is_broken)
        elif answer.is_broken:
            self._transport.abort()
        else:
            exchange.flush()

    def _end(self, exchange: Exchange, *, may_stay: bool) -> None:
        """The answer is whole: the connection is for the next, or closes."""
        self._exchange = self._answer = None
        self.deadline = inf
        self._answers += 1
        if may_stay and exchange.is_sent and not self.is_full and not self._is_paused:
            self._released(self)
        else:
            self._transport.abort()
        exchange.ended()
