"""One request handed on: its body goes up as it comes, the answer comes down as it comes, each framed anew.

What is broken off on one side is broken off on the other: no client is told that an answer is whole which is not.
"""

from typing import Final

from app.core.clock import Clock
from app.core.passport import Counted, Passports
from app.edge.messages import (
    LAST_CHUNK,
    Fields,
    Refused,
    Request,
    chunk,
    connection_line,
    request_head,
    response_head,
)
from app.edge.pool import Pool
from app.edge.problems import BROKEN, SILENT
from app.edge.sides import Client, Framing
from app.edge.upstream import Upstream
from app.ports.limiter import Verdict

TUNNEL_QUIET_S: Final = 300.0


class Relay:
    """From the request's head to the end of its answer, or of the tunnel."""

    def __init__(
        self,
        client: Client,
        request: Request,
        verdict: Verdict | None,
        pool: Pool,
        passports: Passports,
        clock: Clock,
    ) -> None:
        self.gone = False
        self.expects_body = request.method != b"HEAD"
        self.expects_switch = request.websocket
        self.is_sent = not request.has_body
        self.has_begun = False  # the answer, on its way to the client
        self._client = client
        self._request = request
        self._verdict = _counted(verdict)
        self._pool = pool
        self._passports = passports
        self._clock = clock
        self._upstream: Upstream | None = None
        self._is_repeated = False
        self._is_chunked = False
        self._is_switched = False
        self._closes = False
        self._out: list[bytes] = []

    def start(self) -> None:
        """Call once."""
        self._pool.acquire(self)

    # What the pool calls.

    def connected(self, upstream: Upstream) -> None:
        self._upstream = upstream
        host, port = self._client.client
        passport = self._passports.issue(host, port, self._clock(), self._verdict)
        upstream.send(self, request_head(self._request, passport))
        if self.is_sent:
            upstream.wait()
        else:
            self._client.go_on()

    def refused(self, refused: Refused) -> None:
        self.gone = True
        self._client.refuse(refused)

    # What the client's side calls.

    @property
    def takes_body(self) -> bool:
        """Whether more of the body, or of what goes through the tunnel, may be given."""
        return self._upstream is not None and not self._upstream.is_full

    def body(self, piece: bytes, *, is_last: bool) -> None:
        """A piece of the request's body, which may be empty if it is the last."""
        if self._upstream is None:
            return
        framed = chunk(piece) if self._request.chunked and piece else piece
        if is_last:
            self.is_sent = True
            framed += LAST_CHUNK if self._request.chunked else b""
        if framed:
            self._upstream.write(framed)
        if is_last and not self._upstream.is_full:
            self._upstream.wait()

    def tunnel(self, data: bytes) -> None:
        """Bytes of the client's after the switch."""
        if self._upstream is not None:
            self._upstream.wait(TUNNEL_QUIET_S)
            self._upstream.write(data)

    def client_full(self, full: bool) -> None:
        """The client reads too slowly, or is up with us again."""
        if self._upstream is not None:
            self._upstream.pause(full)

    def leave(self) -> None:
        """The client is gone, or has been refused."""
        self.gone = True
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.leave()

    def end_tunnel(self) -> None:
        """The client wants no more of it."""
        self.gone = True
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.close()

    # What the application's side calls.

    def on_room(self) -> None:
        if self.is_sent and self._upstream is not None:
            self._upstream.wait()
        self._client.go_on()

    def on_interim(self, status: int, fields: Fields) -> None:
        if self._request.http_version == "1.1":
            self._out.append(response_head(status, fields, b""))

    def on_head(self, status: int, fields: Fields, framing: Framing) -> None:
        version = self._request.http_version
        self._is_chunked = framing == "chunks" and version == "1.1"
        by_end = framing == "close" or (framing == "chunks" and not self._is_chunked)
        self._closes = by_end or not self.is_sent or self._request.websocket or self._client.closes
        lines = connection_line(version, close=self._closes)
        if self._is_chunked:
            lines += b"transfer-encoding: chunked\r\n"
        if status == 204:  # which has no length, whatever is said
            fields = [(name, value) for name, value in fields if name != b"content-length"]
        self.has_begun = True
        self._out.append(response_head(status, fields, lines))

    def on_body(self, piece: bytes) -> None:
        self._out.append(chunk(piece) if self._is_chunked else piece)

    def on_switch(self, fields: Fields) -> None:
        named = b"".join(b"upgrade: %b\r\n" % value for name, value in fields if name == b"upgrade")
        self.has_begun = self._is_switched = True
        self._out.append(response_head(101, fields, b"connection: upgrade\r\n" + named))
        self.flush()
        if self._upstream is not None:
            self._upstream.wait(TUNNEL_QUIET_S)
        self._client.switched()

    def flush(self) -> None:
        if self._out and not self.gone:
            whole = b"".join(self._out)
            self._out.clear()
            self._client.write(whole)

    def ended(self) -> None:
        self._upstream = None
        if self._is_chunked:
            self._out.append(LAST_CHUNK)
        self.flush()
        self.gone = True
        self._client.finished(close=self._closes or not self.is_sent)

    def lost(self, *, untouched: bool, silent: bool) -> None:
        self._upstream = None
        if self._is_switched:
            self.gone = True
            self._client.finished(close=True)
        elif self.has_begun:
            self.gone = True
            self._client.break_off()
        elif untouched and self._request.may_be_repeated and not self._is_repeated:
            self._is_repeated = True
            self._pool.acquire(self, fresh=True)
        else:
            self.gone = True
            self._client.refuse(SILENT if silent else BROKEN)


def _counted(verdict: Verdict | None) -> Counted | None:
    return None if verdict is None else (verdict.allowed, verdict.remaining, verdict.reset_after_s)
