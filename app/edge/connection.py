"""The client's side: one connection, its requests answered one after the other, in order.

While one is under way the next is not looked at: it waits, and when it has come no more is read.
"""

import asyncio
from typing import cast

from app.edge import problems
from app.edge.hot import Asking
from app.edge.messages import Refused, Request
from app.edge.patience import Patience
from app.edge.reader import Reader
from app.edge.relay import Relay
from app.edge.shared import Shared
from app.ports.limiter import Verdict


class Connection(Patience):
    """`state` is what is due of the client, or to it."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared
        self._reader = Reader()
        self._request: Request | None = None
        self._hot: Asking | None = None
        self._relay: Relay | None = None
        self._unread = b""
        self._is_advancing = False
        self._is_last = False  # no request is read after this one

    @property
    def closes(self) -> bool:
        return self._is_last or self._shared.draining

    @property
    def has_begun(self) -> bool:
        return self._reader.has_begun

    @property
    def holds_back(self) -> bool:
        return bool(self._unread)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.expect_head()
        if not self._shared.admit(self):
            self._transport.abort()
        elif self._shared.is_crowded:
            self.refuse(problems.CROWDED)

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_done = True
        self._shared.connections.discard(self)
        self._give_up()

    def eof_received(self) -> None:
        """The client is gone. Who only says no more is taken for gone too, as by the application's own server."""
        self._is_ended = True
        if self.state == "tunnel" and self._relay is not None:
            self._relay.end_tunnel()
        self._give_up()
        self.linger()

    def room(self) -> None:
        if self._relay is not None:
            self._relay.client_full(self.is_full)
        if not self.is_full:
            self.go_on()

    def taken(self, data: bytes) -> None:
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
        finally:
            self._is_advancing = False
        self._unread = b"" if self.is_done else data
        self.pause(bool(self._unread))

    def _may_take(self) -> bool:
        if self.state == "head":
            return not self.is_full and not self.is_done
        return self.state != "answer" and self._relay is not None and self._relay.takes_body

    def _take(self, data: bytes) -> bytes:
        """What is left of it."""
        if self.state == "head":
            return self._take_head(data)
        relay = cast("Relay", self._relay)
        if self.state == "tunnel":
            relay.tunnel(data)
            return b""
        piece, rest, is_over = self._reader.body(data)
        self.came_bytes += len(piece)
        if is_over:
            self.state = "answer"
            self.expect_application()
        relay.body(piece, is_last=is_over)
        return rest

    def _take_head(self, data: bytes) -> bytes:
        had_begun = self._reader.has_begun
        request, rest = self._reader.head(data)
        if request is None:
            if not had_begun:
                self.expect_head()
            return b""
        self._request = request
        self._is_last = self._is_last or not request.keep_alive
        self.state = "body" if request.has_body else "answer"
        self._hot = self._shared.hot.ask(request, self)
        if self._hot is not None:
            self.expect_hot()
        else:
            self.hand_on(None)
        return rest

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
        if request.has_body:
            self.expect_body()
        else:
            self.expect_application()
        self._relay = Relay(self, request, verdict, shared.pool, shared.passports, shared.clock)
        self._relay.start()

    def finished(self, *, close: bool) -> None:
        """The answer is written: the next request, or the end."""
        self._relay = self._request = None
        if close or self._is_last or self._shared.draining or self.state == "body":
            self.linger()
            return
        self.expect_next()
        if self._unread:
            self.go_on()

    def switched(self) -> None:
        self.state = "tunnel"
        self.expect_application()
        self.go_on()

    def refuse(self, refused: Refused) -> None:
        """A problem document, and the end; only the end, where an answer has begun."""
        if self._relay is not None and self._relay.has_begun:
            self.break_off()
            return
        self._give_up()
        self._transport.write(self._shared.refusal(refused, self._request, self.name))
        self.linger(patient=False)

    def break_off(self) -> None:
        self._give_up()
        self.reset()

    def drain(self, *, at_once: bool) -> None:
        """The process is to end; what is under way may be finished, unless `at_once`."""
        if at_once:
            self._transport.abort()
        elif self.is_done:
            return
        elif self.state == "tunnel" and self._relay is not None:
            self._relay.end_tunnel()
            self.linger()
        elif self.state == "head" and not self._unread and not self.has_begun:
            self.linger()

    def _give_up(self) -> None:
        """What is under way."""
        hot, self._hot, relay, self._relay = self._hot, None, self._relay, None
        if hot is not None:
            hot.cancel()
        if relay is not None:
            relay.leave()
