"""asyncpg's pool, with connections that stay at hand between two statements.

A statement on one of those costs the process half of what it costs with asyncpg's own borrowing, which takes two
timers, a task and a shield. What ended in an error, or was cancelled, goes back to asyncpg: it knows how to clean up.
"""

import asyncio
from typing import Any, Final

import asyncpg

AT_HAND_S: Final = 10.0  # then asyncpg has them back: it closes what is idle, and renews what is old
NOT_AT_HAND: Final = 2  # of a pool's connections: for whoever asks asyncpg's pool itself
IDLE_S: Final = 300.0
STATEMENTS_MOST: Final = 50_000  # of one connection


class Lender(asyncpg.Pool):  # type: ignore[misc]  # asyncpg says nothing of its types
    """A pool of at most `size` connections. To be awaited before use; `close` ends it."""

    def __init__(self, url: str, *, size: int, **options: Any) -> None:
        super().__init__(
            url,
            min_size=min(2, size),
            max_size=size,
            max_queries=STATEMENTS_MOST,
            max_inactive_connection_lifetime=IDLE_S,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            **options,
        )
        self._at_hand: list[Any] = []
        self._most_at_hand = size - NOT_AT_HAND
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._returning: set[asyncio.Task[None]] = set()

    def at_hand(self) -> Any | None:
        """A connection without waiting, None if there is none: then `lend`."""
        while self._at_hand:
            conn = self._at_hand.pop()
            if _is_open(conn):
                return conn
            self._return(conn)
        return None

    async def lend(self, timeout_s: float) -> Any:
        """One of asyncpg's connections, to be kept at hand or released."""
        self._waiting += 1
        try:
            return await self.acquire(timeout=timeout_s)
        finally:
            self._waiting -= 1

    def keep(self, conn: Any) -> bool:
        """Keeps a sound connection at hand; False if there are enough, or somebody waits for it: then release it."""
        if self._waiting or len(self._at_hand) >= self._most_at_hand or self.is_closing():
            return False
        self._at_hand.append(conn)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(AT_HAND_S, self._return_all)
        return True

    async def close(self) -> None:
        """Waits for what is lent, then closes all."""
        self._return_all()
        await super().close()

    def _return_all(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._at_hand:
            self._return(self._at_hand.pop())

    def _return(self, conn: Any) -> None:
        task = asyncio.ensure_future(self.release(conn))
        self._returning.add(task)
        task.add_done_callback(self._returned)

    def _returned(self, task: asyncio.Task[None]) -> None:
        self._returning.discard(task)
        if not task.cancelled():
            task.exception()  # of a connection that nobody uses: asyncpg has ended it, and opens another when needed


def _is_open(conn: Any) -> bool:
    try:
        return not conn.is_closed()
    except asyncpg.InterfaceError:  # it was lost, and taken from whoever held it
        return False
