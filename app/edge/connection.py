"""The client's side: one connection, its requests answered one after the other, in order.

While one is under way the next is not looked at: it waits, and when it has come no more is read. A client that is slow
to send, slow to read or idle is sent away, each within half a minute.
"""

import asyncio
from math import inf
from typing import Any, Final, Literal, cast

from app.edge import problems
from app.edge.messages import Refused, Request
from app.edge.reader import Reader
from app.edge.relay import Relay
from app.edge.shared import Shared
from app.http.access import request_line
from app.ports.limiter import Verdict

IDLE_S: Final = 25.0
HEAD_S: Final = 10.0
BODY_S: Final = 25.0  # in which so many bytes must come, unless it is us who do not take them
BODY_BYTES: Final = 16 * 2**10
STALL_S: Final = 20.0  # in which a reader that is behind must take so many
STALL_BYTES: Final = 8 * 2**10
HOT_S: Final = 25.0
LINGER_S: Final = 3.0  # for the client to have read the last answer, before what it still sends would undo that

State = Literal["head", "body", "wait", "tunnel", "linger"]


class Connection(asyncio.Protocol):
    """`head`: a request is due; `body`: a part of one is; `wait`: an answer is under way; `linger`: all is said."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self.client = ("", 0)
        self.name = b"-"
        self._reader = Reader()
        self._state: State = "head"
        self._request: Request | None = None
        self._hot: asyncio.Task[None] | None = None
        self._relay: Relay | None = None
        self._unread = b""
        self._is_paused = False
        self._is_advancing = False
        self._is_last = False  # no request is read after this one
        self._is_ended = False  # the client sends no more
        self._came_bytes = 0
        self.deadline = inf
        self.is_full = False
        self._stalled_at = inf
        self._stalled_bytes = 0

    @property
    def closes(self) -> bool:
        return self._is_last or self._shared.draining

    @property
    def is_idle(self) -> bool:
        """Between two requests."""
        return self._state == "head" and not self._unread and not self._reader.has_begun

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if peer:
            self.client = (str(peer[0]), int(peer[1]))
            self.name = self.client[0].encode("ascii", "backslashreplace")
        self.deadline = self._loop.time() + HEAD_S
        if not self._shared.admit(self):
            self._transport.abort()
        elif self._shared.is_crowded:
            self.refuse(problems.CROWDED)

    def connection_lost(self, _error: Exception | None) -> None:
        self._shared.connections.discard(self)
        self._state = "linger"
        self._leave()

    def eof_received(self) -> bool:
        """Whether the connection stays, to be written to."""
        if self._state == "tunnel" and self._relay is not None:
            self._relay.end_tunnel()
        self._is_last = self._is_ended = True
        return self._state == "wait"

    def pause_writing(self) -> None:
        self.is_full = True
        self._stalled_at = self._loop.time() + STALL_S
        self._stalled_bytes = self._transport.get_write_buffer_size()
        if self._relay is not None:
            self._relay.client_full(True)

    def resume_writing(self) -> None:
        self.is_full = False
        self._stalled_at = inf
        if self._relay is not None:
            self._relay.client_full(False)
        self.go_on()

    def data_received(self, data: bytes) -> None:
        if self._state != "linger":
            self._advance(self._unread + data if self._unread else data)

    # From bytes to requests.

    def go_on(self) -> None:
        """Takes up what was left unread, if it is time."""
        if not self._is_advancing:
            self._advance(self._unread)

    def _advance(self, data: bytes) -> None:
        """Works off as much as may be now; reads no more while something is left."""
        self._is_advancing = True
        try:
            while data and self._may_take():
                data = self._take(data)
        except Refused as refused:
            self.refuse(refused)
        self._is_advancing = False
        self._unread = b"" if self._state == "linger" else data
        self._pause(bool(self._unread))

    def _may_take(self) -> bool:
        if self._state == "head":
            return not self.is_full
        return self._state in ("body", "tunnel") and self._relay is not None and self._relay.takes_body

    def _take(self, data: bytes) -> bytes:
        if self._state == "head":
            return self._take_head(data)
        relay = cast("Relay", self._relay)
        if self._state == "tunnel":
            relay.tunnel(data)
            return b""
        piece, rest, is_over = self._reader.body(data)
        self._came_bytes += len(piece)
        if is_over:
            self._state, self.deadline = "wait", inf
        relay.body(piece, is_last=is_over)
        return rest

    def _take_head(self, data: bytes) -> bytes:
        had_begun = self._reader.has_begun
        request, rest = self._reader.head(data)
        if request is None:
            if not had_begun:
                self.deadline = self._loop.time() + HEAD_S
            return b""
        self._request = request
        self._is_last = self._is_last or not request.keep_alive
        self._state = "body" if request.has_body else "wait"
        self._hot = self._shared.hot.ask(request, self)
        if self._hot is not None:
            self.deadline = self._loop.time() + HOT_S
        else:
            self.hand_on(None)
        return rest

    def _pause(self, paused: bool) -> None:
        if paused == self._is_paused or self._transport.is_closing():
            return
        self._is_paused = paused
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # From answers to bytes.

    def answered(self, whole: bytes) -> None:
        """By a hot read."""
        self._hot = None
        self._transport.write(whole)
        self.finished(close=False)

    def hand_on(self, verdict: Verdict | None) -> None:
        """To the application."""
        self._hot = None
        request, shared = cast("Request", self._request), self._shared
        self._came_bytes = 0
        self.deadline = self._loop.time() + BODY_S if request.has_body else inf
        self._relay = Relay(self, request, verdict, shared.pool, shared.passports, shared.clock)
        self._relay.start()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def finished(self, *, close: bool) -> None:
        """The answer is written: the next request, or the end."""
        self._relay = self._request = None
        if close or self.closes or self._state == "body":
            self._linger()
            return
        self._state = "head"
        self.deadline = self._loop.time() + IDLE_S
        self.go_on()

    def refuse(self, refused: Refused) -> None:
        """A problem document, and the end; only the end, where an answer has begun."""
        if self._relay is not None and self._relay.has_begun:
            self.break_off()
            return
        request, method, path = self._request, "-", ""
        if request is not None:
            method, path = request.method.decode(), request.target.partition(b"?")[0].decode()
        line = request_line(method, path, request.http_version) if request else b"-"
        self._leave()
        self._transport.write(self._shared.refusal(refused, request, method, line, self.name))
        self._linger()

    def switched(self) -> None:
        self._state, self.deadline = "tunnel", inf
        self.go_on()

    def break_off(self) -> None:
        """Nobody shall take what was sent for the whole of it: a reset, not an end."""
        self._leave()
        self._shared.reset(self._transport)

    def drain(self, *, at_once: bool) -> None:
        """The process is to end; what is under way may be finished, unless `at_once`."""
        if at_once:
            self._transport.abort()
        elif self._state == "tunnel" and self._relay is not None:
            self._relay.end_tunnel()
            self._linger()
        elif self.is_idle:
            self._linger()

    def _leave(self) -> None:
        """Gives up what is under way."""
        hot, self._hot, relay, self._relay = self._hot, None, self._relay, None
        if hot is not None:
            hot.cancel()
        if relay is not None:
            relay.leave()

    def _linger(self) -> None:
        """All is said. A connection that is closed before everything was read takes its last answer along."""
        self._state = "linger"
        self._unread = b""
        self._stalled_bytes = self._transport.get_write_buffer_size()
        self.deadline = self._loop.time() + (STALL_S if self._stalled_bytes else LINGER_S)
        if self._transport.is_closing():
            return
        if self._is_ended:
            self._transport.close()
            return
        self._transport.write_eof()
        self._pause(False)

    # Time.

    def expire(self, now_s: float) -> None:
        """Called at times; sends a client away that lets us wait."""
        if now_s >= self.deadline:
            self._late(now_s)
        elif now_s >= self._stalled_at and self._state != "linger":
            self._stalled_at = now_s + STALL_S
            self._demand_progress()

    def _demand_progress(self) -> None:
        """Of a client that is behind with its reading."""
        left_bytes = self._transport.get_write_buffer_size()
        if self._stalled_bytes - left_bytes < STALL_BYTES:
            self.break_off()
        self._stalled_bytes = left_bytes

    def _late(self, now_s: float) -> None:
        left_bytes = self._transport.get_write_buffer_size()
        if self._state == "body":
            # That nothing came is not the client's fault while we take nothing.
            if self._came_bytes < BODY_BYTES and not self._unread:
                self.refuse(problems.SLOW_BODY)
                return
            self._came_bytes, self.deadline = 0, now_s + BODY_S
        elif self._state == "linger":
            self.deadline = now_s + STALL_S
            if left_bytes:
                self._demand_progress()
            else:
                self._transport.abort()
        elif self._state == "head" and not left_bytes:
            if self._reader.has_begun:
                self.refuse(problems.SLOW_HEAD)
            else:
                self._linger()
        else:
            self.break_off()
