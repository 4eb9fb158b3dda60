"""The thin client for hot reads: one connection shared by everybody in the process, kept up in the background.

redis-py costs several times the CPU of the page it fetches for. What this leaves out is redis-py's: topology, retries,
commands as methods. Whoever is refused here asks there.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Final

from app.adapters.redis.address import Address, parse
from app.adapters.redis.client import TIMEOUT_S, Command
from app.adapters.redis.wire import Waiter, Wire
from app.core.errors import Unavailable
from hotpath import fanout
from hotpath.resp import Push, ReplyError

MAX_WAITING: Final = 4096
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
SOUND_S: Final = 5.0  # a connection that lived this long was no part of a series of failures
CONNECT_TIMEOUT_S: Final = 2.0  # nobody waits for it but `start`

log = logging.getLogger(__name__)


class Pipe:
    """Encoded commands to one server and their replies; for one event loop, any number of tasks.

    While the server is away everybody is refused at once (Unavailable), as behind an open breaker; what closes it again
    is a connection on which the whole greeting was answered.
    """

    def __init__(
        self,
        url: str | Address,
        *,
        timeout_s: float = TIMEOUT_S,
        protocol: int = 2,
        setup: Sequence[Command] = (),
        on_push: Callable[[Push], None] | None = None,
        on_up: Callable[[], None] | None = None,
        on_down: Callable[[], None] | None = None,
        on_refused: Callable[[ReplyError], None] | None = None,
        max_waiting: int = MAX_WAITING,
        whole_arrays: bool = False,
    ) -> None:
        """`setup` follows the greeting on each new connection; `on_refused` hears each reply that means "not now";
        `whole_arrays` as `hotpath.resp.Parser` understands it."""
        self.address = url if isinstance(url, Address) else parse(url)
        self._greeting = self.address.greeting(protocol, setup)
        self._timeout_s = timeout_s
        self._on_push = on_push
        self._on_up = on_up
        self._on_down = on_down
        self._on_refused = on_refused
        self._max_waiting = max_waiting
        self._whole_arrays = whole_arrays
        self._wire: Wire | None = None
        # Two calls of a page: while there is a connection they are its own, without a step between.
        self.ask: Callable[[bytes, int], Waiter] = self._refuse
        """The replies to encoded commands, exactly as many as told, errors among them as ReplyError.

        Unavailable, now or when awaited: no connection, too many waiting, no answer in time, or a reply that means
        "not now" or "elsewhere". To be awaited; cancelling is safe.
        """
        self.tell: Callable[[bytes, int], bool] = self._drop
        """Sends, and drops the replies. False if it could not be sent."""
        self._keeper: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._lost = asyncio.Event()
        self._closed = False

    @property
    def up(self) -> bool:
        """Whether there is a connection that was greeted."""
        return self._wire is not None

    async def start(self) -> None:
        """Begins to connect, and returns when that has succeeded or failed once. Asking begins by itself too."""
        self._begin()
        await self._tried.wait()

    async def aclose(self) -> None:
        """Waits for what is under way, at most the timeout, and closes."""
        self._closed = True
        wire = self._wire
        self._use(None)
        if self._keeper is not None:
            self._keeper.cancel()
        if wire is not None:
            await wire.drain()
        if self._keeper is not None:
            await asyncio.wait([self._keeper])
        self._tried.set()

    def _use(self, wire: Wire | None) -> None:
        self._wire = wire
        self.ask, self.tell = (wire.send, wire.tell) if wire is not None else (self._refuse, self._drop)

    def _refuse(self, _commands: bytes, _replies: int) -> Waiter:
        self._begin()
        raise Unavailable("Redis cannot be reached.")

    def _drop(self, _commands: bytes, _replies: int) -> bool:
        self._begin()
        return False

    def _begin(self) -> None:
        if self._keeper is None and not self._closed:
            self._keeper = asyncio.get_running_loop().create_task(self._keep_up())

    async def _keep_up(self) -> None:
        clock = asyncio.get_running_loop().time
        pause_s = FIRST_PAUSE_S
        while True:
            self._lost.clear()
            began_s = clock()
            try:
                wire = await self._connect()
            except (OSError, Unavailable, ReplyError) as error:
                if pause_s == FIRST_PAUSE_S:
                    log.warning("no connection to Redis at %s: %s", self.address.name, error)
            else:
                self._use(wire)
                _call(self._on_up)
                self._tried.set()
                await self._lost.wait()
                if clock() - began_s > SOUND_S:
                    pause_s = FIRST_PAUSE_S
            self._tried.set()
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  # spreads the processes
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _connect(self) -> Wire:
        """A greeted connection. Raises OSError (a timeout is one), Unavailable, or the ReplyError to the greeting."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            wire = await self.address.connect(self._make)
            try:
                replies = await wire.send(fanout.pack_all(self._greeting), len(self._greeting))
            except BaseException:
                wire.lose("not greeted")
                raise
        for reply in replies:
            if isinstance(reply, ReplyError):
                wire.lose("refused")
                raise reply
        if not wire.alive:  # lost between its last reply and now
            raise ConnectionResetError("lost at once")
        return wire

    def _make(self) -> Wire:
        return Wire(
            timeout_s=self._timeout_s,
            max_waiting=self._max_waiting,
            whole_arrays=self._whole_arrays,
            on_push=self._on_push,
            on_refused=self._on_refused,
            on_lost=self._on_lost,
        )

    def _on_lost(self, wire: Wire, why: str) -> None:
        if wire is not self._wire:
            return  # it was never up, or is being closed
        self._use(None)
        log.warning("lost the connection to Redis at %s: %s", self.address.name, why)
        self._lost.set()
        _call(self._on_down)


def _call(callback: Callable[[], None] | None) -> None:
    """An error of a listener is the listener's: the connection goes on."""
    if callback is not None:
        try:
            callback()
        except Exception:
            log.exception("a listener of the Redis connection failed")
