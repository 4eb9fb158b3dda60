"""One connection of the thin client: everybody's commands out, everybody's replies back, first in, first out.

A request is its place in the queue. Whoever gives up leaves the place behind: the replies that belong to it are taken
off the stream and dropped, so that they can't reach anybody else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, cast

from app.core.errors import Unavailable
from hotpath.resp import Parser, ProtocolError, Push, ReplyError

TICKS: Final = 8  # in a timeout: requests end between 7/8 of it and the whole
HEARTBEAT_S: Final = 1.0  # an idle connection is asked for life: a dead peer says nothing by itself
MAX_UNWRITTEN_BYTES: Final = 2**20  # that the server does not take off us

# The command was fine, the server's state was not, or the key lives elsewhere.
NOT_NOW: Final = frozenset(
    {"LOADING", "MASTERDOWN", "BUSY", "OOM", "READONLY", "MISCONF", "NOREPLICAS", "UNBLOCKED"}
    | {"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"}
)
_PING: Final = b"*1\r\n$4\r\nPING\r\n"

# Why nobody may ask, in words for the log.
_LOST: Final = "Redis cannot be reached."
_LEAVING: Final = "Redis is being left."
_CLOGGED: Final = "Redis does not read fast enough."
_LATE: Final = "Redis is late."

log = logging.getLogger(__name__)

Waiter = asyncio.Future[list[Any]]


class Wire(asyncio.Protocol):
    """From connecting to its loss, of which `on_lost` is told once, after every waiter was."""

    def __init__(
        self,
        *,
        timeout_s: float,
        max_waiting: int,
        whole_arrays: bool,
        on_push: Callable[[Push], None] | None,
        on_refused: Callable[[ReplyError], None] | None,
        on_lost: Callable[["Wire", str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._tick_s = timeout_s / TICKS
        self._max_waiting = max_waiting
        self._on_push = on_push
        self._on_refused = on_refused
        self._on_lost = on_lost
        self._parser = Parser(whole_arrays=whole_arrays)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._waiting: deque[tuple[Waiter | None, int]] = deque()
        self._held: list[Any] = []  # replies of the first in the queue, who waits for more
        self._tainted = False  # there may be errors among the replies
        self._answered = 0
        # Time is counted in ticks, not read from a clock: after a stall of our own, replies that lie in the socket
        # are read before the next tick calls anybody late.
        self._marks: deque[int] = deque(maxlen=TICKS)  # how many had asked, at the last ticks
        self._silent_ticks = 0  # since the last reply
        self._timer: asyncio.TimerHandle | None = None
        self._idle = True
        self._refusal: str | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()  # the transport let go of its socket

    @property
    def alive(self) -> bool:
        return self._transport is not None

    def send(self, packed: bytes, replies: int) -> Waiter:
        """The replies to encoded commands, at least one; error replies are among them as values.

        Raises Unavailable where it can't be asked now, and so does the future. Cancelling it is safe.
        """
        if replies < 1:
            raise ValueError("nobody answers what nobody is asked")
        if self._refusal is not None or len(self._waiting) >= self._max_waiting:
            raise Unavailable(self._refusal or "Too many wait for Redis.")
        waiter = self._loop.create_future()
        self._enqueue(packed, replies, waiter)
        return waiter

    def tell(self, packed: bytes, replies: int) -> bool:
        """Sends without waiting; False if it can't be sent now."""
        if self._refusal is not None or len(self._waiting) >= self._max_waiting:
            return False
        self._enqueue(packed, replies, None)
        return True

    async def drain(self) -> None:
        """Refuses whoever comes now, waits until all others have their answers (at most the timeout), and closes."""
        try:
            if self._transport is not None:
                self._refusal = _LEAVING
                last: Waiter = self._loop.create_future()
                self._enqueue(_PING, 1, last)  # replies come in order: after this one's there are none
                await asyncio.gather(last, return_exceptions=True)
        finally:
            self.lose("closed")
        await self._gone

    def lose(self, why: str) -> None:
        """Ends everything now."""
        if self._transport is None:
            return
        transport, self._transport = self._transport, None
        transport.abort()
        self._refusal = _LOST
        if self._timer is not None:
            self._timer.cancel()
        waiting = list(self._waiting)
        self._waiting.clear()
        self._out.clear()
        for waiter, _ in waiting:
            if waiter is not None and not waiter.done():
                waiter.set_exception(Unavailable("The connection to Redis was lost."))
        self._on_lost(self, why)

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of no such class
        self._transport.set_write_buffer_limits(MAX_UNWRITTEN_BYTES)
        self._timer = self._loop.call_later(HEARTBEAT_S, self._tick)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        try:
            replies = self._parser.feed(data)
            if self._parser.odd:
                self._sort_out(replies)
            elif replies:
                self._hand_out(replies)
        except ProtocolError as error:
            self.lose(f"not a Redis server: {error}")
        except Exception:  # whichever: replies may have gone with it, and the next must not take their places
            log.exception("a listener of the connection to Redis failed")
            self.lose("a listener failed")

    def pause_writing(self) -> None:
        self._refusal = self._refusal or _CLOGGED

    def resume_writing(self) -> None:
        self._lift(_CLOGGED)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(str(exc or "closed by the server"))
        if not self._gone.done():
            self._gone.set_result(None)

    # Inside.

    def _enqueue(self, packed: bytes, replies: int, waiter: Waiter | None) -> None:
        self._waiting.append((waiter, replies))
        if not self._out:
            self._loop.call_soon(self._flush)  # one write for all that is asked in this turn of the loop
        self._out.append(packed)
        if self._idle:
            self._wake()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    def _sort_out(self, replies: list[Any]) -> None:
        """Pushes from replies, each in its turn, for what comes first may matter to them."""
        self._tainted = True
        between: list[Any] = []
        for reply in replies:
            if type(reply) is Push:
                self._hand_out(between)
                between = []
                if self._transport is None:
                    return
                if self._on_push is not None:
                    self._on_push(reply)
            else:
                between.append(reply)
        self._hand_out(between)

    def _hand_out(self, replies: list[Any]) -> None:
        waiting = self._waiting
        if self._held:
            self._held += replies
            replies = self._held
        start, end = 0, len(replies)
        while waiting and (stop := start + waiting[0][1]) <= end:
            waiter = waiting.popleft()[0]
            self._answered += 1
            if waiter is not None and not waiter.done():
                mine = replies[start:stop]
                if self._tainted and (error := _not_now(mine)):
                    self._refuse(waiter, error)
                else:
                    waiter.set_result(mine)
            start = stop
        if start:
            self._silent_ticks = 0
        self._held = replies[start:] if start else replies
        if not self._held:
            self._tainted = False
        elif not waiting:
            self.lose("a reply that nobody asked for")

    def _refuse(self, waiter: Waiter, error: ReplyError) -> None:
        refusal = Unavailable("Redis cannot answer now.")
        refusal.__cause__ = error
        waiter.set_exception(refusal)
        if self._on_refused is not None:
            self._on_refused(error)

    def _wake(self) -> None:
        """Begins to count time for those who wait."""
        assert self._timer is not None
        self._timer.cancel()
        self._idle = False
        self._marks.clear()
        self._silent_ticks = 0
        self._timer = self._loop.call_later(self._tick_s, self._tick)

    def _tick(self) -> None:
        if not self._waiting:
            self._rest()
            return
        self._timer = self._loop.call_later(self._tick_s, self._tick)
        self._silent_ticks += 1
        self._marks.append(self._answered + len(self._waiting))
        overdue = self._marks[0] - self._answered if len(self._marks) == TICKS else 0
        if overdue > 0:
            self._end_overdue(overdue)
        else:
            self._lift(_LATE)

    def _end_overdue(self, overdue: int) -> None:
        for waiter, _ in islice(self._waiting, overdue):
            if waiter is not None and not waiter.done():
                waiter.set_exception(Unavailable("Redis did not answer in time."))
        if self._silent_ticks >= TICKS:
            self.lose("no answer in time")
        elif self._refusal is None:
            self._refusal = _LATE  # whoever came now would stand behind those who were late

    def _rest(self) -> None:
        """Nobody waits: beat, once in a while."""
        self._lift(_LATE)
        was_idle, self._idle = self._idle, True
        self._timer = self._loop.call_later(HEARTBEAT_S, self._tick)
        if was_idle:
            self.tell(_PING, 1)

    def _lift(self, refusal: str) -> None:
        if self._refusal is refusal:
            self._refusal = None


def _not_now(replies: list[Any]) -> ReplyError | None:
    for reply in replies:
        if type(reply) is ReplyError and reply.code in NOT_NOW:
            return reply
    return None
