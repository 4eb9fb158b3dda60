"""Connections to the application: kept for a while, no more than so many, and those who wait for one in order."""

import asyncio
from collections import deque
from math import inf
from typing import Final, Protocol

from app.edge.messages import Refused
from app.edge.problems import AWAY, BUSY
from app.edge.upstream import Upstream

OPEN: Final = 512  # a download to a slow reader holds one for as long as it takes
KEPT: Final = 64
WAITING: Final = 1024
KEPT_S: Final = 10.0  # less than the application keeps them, which would close one just as it is used
WAIT_S: Final = 10.0
CONNECT_S: Final = 5.0


class Borrower(Protocol):
    """Who wants a connection: gets one, or is refused, once, unless `gone`."""

    gone: bool

    def connected(self, upstream: Upstream) -> None: ...
    def refused(self, refused: Refused) -> None: ...


class Pool:
    """Of one process."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._open: set[Upstream] = set()
        self._kept: list[Upstream] = []  # the one used last is used next
        self._dialling: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Borrower, float]] = deque()

    def acquire(self, borrower: Borrower, *, fresh: bool = False) -> None:
        """A kept connection, unless a `fresh` one is wanted, or a new one, or a place in the queue."""
        while self._kept and not fresh:
            upstream = self._kept.pop()
            if upstream.is_open:
                self._lend(upstream, borrower)
                return
        if len(self._open) + len(self._dialling) < OPEN:
            self._dial(borrower)
        elif len(self._waiting) < WAITING:
            self._waiting.append((borrower, asyncio.get_running_loop().time() + WAIT_S))
        else:
            borrower.refused(BUSY)

    def tick(self, now_s: float) -> None:
        """Called every second or so."""
        for upstream in [upstream for upstream in self._open if upstream.deadline <= now_s]:
            upstream.expire()
        while self._waiting and (self._waiting[0][1] <= now_s or self._waiting[0][0].gone):
            borrower, _ = self._waiting.popleft()
            if not borrower.gone:
                borrower.refused(BUSY)

    async def aclose(self) -> None:
        """Ends every connection."""
        dialling = tuple(self._dialling)
        for task in dialling:
            task.cancel()
        await asyncio.gather(*dialling, return_exceptions=True)
        for upstream in tuple(self._open):
            upstream.leave()

    def _dial(self, borrower: Borrower) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(borrower))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _connect(self, borrower: Borrower) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, upstream = await loop.create_connection(
                    lambda: Upstream(self._release, self._closed), self._host, self._port
                )
        except (OSError, TimeoutError):
            self._refuse(borrower)
            return
        if not upstream.is_open:  # closed before this task had its turn
            self._refuse(borrower)
            return
        self._open.add(upstream)
        self._lend(upstream, borrower)

    def _refuse(self, borrower: Borrower | None) -> None:
        """There is nobody to connect to, for whoever waits either."""
        while borrower is not None:
            if not borrower.gone:
                borrower.refused(AWAY)
            borrower = self._next_waiting()

    def _lend(self, upstream: Upstream, borrower: Borrower) -> None:
        if borrower.gone:
            self._release(upstream)
        else:
            upstream.deadline = inf
            borrower.connected(upstream)

    def _release(self, upstream: Upstream) -> None:
        """A connection that may be used again."""
        borrower = self._next_waiting()
        if borrower is not None:
            self._lend(upstream, borrower)
        elif len(self._kept) < KEPT:
            upstream.wait(KEPT_S)
            self._kept.append(upstream)
        else:
            upstream.leave()

    def _closed(self, upstream: Upstream) -> None:
        self._open.discard(upstream)
        if upstream in self._kept:
            self._kept.remove(upstream)
        borrower = self._next_waiting()
        if borrower is not None:
            self._dial(borrower)

    def _next_waiting(self) -> Borrower | None:
        while self._waiting:
            borrower, _ = self._waiting.popleft()
            if not borrower.gone:
                return borrower
        return None
