"""One connection of the thin client: everybody's commands out, everybody's replies back, first in, first out.

What is asked while replies are under way goes out when they are there, in one write: a system call on either side costs
more than a page's commands, and the server would not have begun with them sooner.

A request is its place in the queue. Whoever gives up leaves the place behind: the replies that belong to it are taken
off the stream and dropped, so that they can't reach anybody else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from app.core.errors import Unavailable
from hotpath import queue
from hotpath.resp import Parser, ProtocolError, Push, ReplyError

TICKS: Final = 8  # in a timeout: requests end between 7/8 of it and the whole
HEARTBEAT_S: Final = 1.0  # an idle connection is asked for life: a dead peer says nothing by itself
MAX_UNWRITTEN_BYTES: Final = 2**20  # that the server does not take off us
HELD_S: Final = 0.001  # for replies under way, at most

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


class Wire(queue.Queue, asyncio.Protocol):
    """From connecting to its loss, of which `on_lost` is told once, after every waiter was.

    `send` gives a future of the replies, error replies among them as values. It raises Unavailable where it can't be
    asked now, and so does the future. Cancelling it is safe. `tell` waits for nothing.
    """

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
        super().__init__(self._loop.create_future, max_waiting)
        self._tick_s = timeout_s / TICKS
        self._on_push = on_push
        self._on_refused = on_refused
        self._on_lost = on_lost
        self._parser = Parser(whole_arrays=whole_arrays)
        self._transport: asyncio.Transport | None = None
        self._flushing: asyncio.Handle | None = None
        self._tainted = False  # there may be errors among the replies
        # Time is counted in ticks, not read from a clock: after a stall of our own, replies that lie in the socket
        # are read before the next tick calls anybody late.
        self._marks: deque[int] = deque(maxlen=TICKS)  # how many had asked, at the last ticks
        self._silent_ticks = 0  # since the last reply
        self._timer: asyncio.TimerHandle | None = None
        self._idle = True
        self._refusal: str | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()  # the transport let go of its socket
        self.open = True

    @property
    def alive(self) -> bool:
        return self._transport is not None

    async def drain(self) -> None:
        """Refuses whoever comes now, waits until all others have their answers (at most the timeout), and closes."""
        try:
            if self._transport is not None:
                self._close_to(_LEAVING)
                last: Waiter = self._loop.create_future()
                self.add(_PING, 1, last)  # replies come in order: after this one's there are none
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
        self._close_to(_LOST)
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self.clear():
            if not waiter.done():
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
        if self._refusal is None:
            self._close_to(_CLOGGED)

    def resume_writing(self) -> None:
        self._lift(_CLOGGED)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(str(exc or "closed by the server"))
        if not self._gone.done():
            self._gone.set_result(None)

    # Inside.

    def refuse(self) -> None:
        raise Unavailable(self._refusal or "Too many wait for Redis.")

    def settle(self) -> None:
        self.settled = True
        if self._flushing is None:
            if self.waiting == self.unsent:  # nothing is under way: one write for all of this turn of the loop
                self._flushing = self._loop.call_soon(self._flush)
            else:
                self._flushing = self._loop.call_later(HELD_S, self._flush)
        if self._idle:
            self._wake()

    def accept(self, waiter: Waiter, replies: Sequence[Any]) -> bool:
        for reply in replies:
            if type(reply) is ReplyError and reply.code in NOT_NOW:
                refusal = Unavailable("Redis cannot answer now.")
                refusal.__cause__ = reply
                waiter.set_exception(refusal)
                if self._on_refused is not None:
                    self._on_refused(reply)
                return False
        return True

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        out = self.take_out()
        if self._transport is not None and out:
            self._transport.write(out)

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
        before = self.answered
        asked_for = self.hand_out(replies, self._tainted)
        if self.answered != before:
            self._silent_ticks = 0
            if self.unsent and self.waiting == self.unsent:
                self._flush()
        if not self.holding:
            self._tainted = False
        elif not asked_for:
            self.lose("a reply that nobody asked for")

    def _wake(self) -> None:
        """Begins to count time for those who wait."""
        assert self._timer is not None
        self._timer.cancel()
        self._idle = False
        self._marks.clear()
        self._silent_ticks = 0
        self._timer = self._loop.call_later(self._tick_s, self._tick)

    def _tick(self) -> None:
        if not self.waiting:
            self._rest()
            return
        self._timer = self._loop.call_later(self._tick_s, self._tick)
        self._silent_ticks += 1
        self._marks.append(self.answered + self.waiting)
        overdue = self._marks[0] - self.answered if len(self._marks) == TICKS else 0
        if overdue > 0:
            self._end_overdue(overdue)
        else:
            self._lift(_LATE)

    def _end_overdue(self, overdue: int) -> None:
        for waiter in self.first(overdue):
            if not waiter.done():
                waiter.set_exception(Unavailable("Redis did not answer in time."))
        if self._silent_ticks >= TICKS:
            self.lose("no answer in time")
        elif self._refusal is None:
            self._close_to(_LATE)  # whoever came now would stand behind those who were late

    def _rest(self) -> None:
        """Nobody waits: beat, once in a while."""
        self._lift(_LATE)
        was_idle, self._idle, self.settled = self._idle, True, False
        self._timer = self._loop.call_later(HEARTBEAT_S, self._tick)
        if was_idle:
            self.tell(_PING, 1)

    def _close_to(self, refusal: str) -> None:
        self._refusal, self.open = refusal, False

    def _lift(self, refusal: str) -> None:
        if self._refusal is refusal:
            self._refusal, self.open = None, True
