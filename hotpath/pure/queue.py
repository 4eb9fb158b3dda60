"""Who waits for which replies of one connection: commands out in one piece, replies back first in, first out."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any


class Queue:
    """The requests of a connection. A request is its place: whoever gives up leaves the place behind."""

    def __init__(self, create_waiter: Callable[[], Any], max_waiting: int) -> None:
        """`create_waiter` makes what `send` returns, with `done`, `set_result` and `set_exception` as a future has."""
        self.waiting = 0
        """How many requests."""
        self.unsent = 0
        """How many of them have their commands still here."""
        self.out_bytes = 0
        """The size of those commands."""
        self.answered = 0
        """How many requests were ever answered."""
        self.open = False
        """Whether anything may be sent; its owner says."""
        self.settled = False
        """Whether the commands that are here are about to be sent, and time is counted; its owner says."""
        self._create_waiter = create_waiter
        self._max_waiting = max_waiting
        self._requests: deque[tuple[Any, int]] = deque()
        self._out: list[bytes] = []
        self._held: list[Any] = []  # replies of the first request, which waits for more

    def send(self, packed: bytes, replies: int) -> Any:
        """A waiter for the replies to these commands, as many as they say. Calls `refuse` where that can't be now."""
        if replies < 1:
            raise ValueError("nobody answers what nobody is asked")
        if not self.open or self.waiting >= self._max_waiting:
            self.refuse()
        waiter = self._create_waiter()
        self.add(packed, replies, waiter)
        return waiter

    def tell(self, packed: bytes, replies: int) -> bool:
        """As `send`, of nobody: the replies are dropped. False, and nothing is sent, where that can't be now."""
        if replies < 1:
            raise ValueError("nobody answers what nobody is asked")
        if not self.open or self.waiting >= self._max_waiting:
            return False
        self.add(packed, replies, None)
        return True

    def add(self, packed: bytes, replies: int, waiter: Any) -> None:
        """One more request, of nobody where the waiter is None. Calls `settle` unless that is done."""
        self._requests.append((waiter, replies))
        self._out.append(packed)
        self.out_bytes += len(packed)
        self.waiting += 1
        self.unsent += 1
        if not self.settled:
            self.settle()

    def take_out(self) -> bytes:
        """The commands that were not sent yet, which from now on are."""
        out = b"".join(self._out)
        self._out.clear()
        self.out_bytes = self.unsent = 0
        self.settled = False
        return out

    def hand_out(self, replies: list[Any], tainted: bool) -> bool:
        """Gives everybody their replies; False if some are left that nobody asked for. `tainted`: there may be errors
        among them, so that each waiter's are shown to `accept` first."""
        if self._held:
            self._held += replies
            replies = self._held
        start, end = 0, len(replies)
        while self._requests and start + self._requests[0][1] <= end:
            waiter, count = self._requests.popleft()
            self.waiting -= 1
            self.answered += 1
            if waiter is not None and not waiter.done():
                mine = replies[start : start + count]
                if not tainted or self.accept(waiter, mine):
                    waiter.set_result(mine)
            start += count
        self._held = replies[start:] if start else replies
        return not self._held or bool(self._requests)

    @property
    def holding(self) -> bool:
        """Whether there are replies of a request that waits for more."""
        return bool(self._held)

    def first(self, count: int) -> list[Any]:
        """The waiters of the first so many requests, without nobody's."""
        requests = list(self._requests)[: max(count, 0)]
        return [waiter for waiter, _ in requests if waiter is not None]

    def clear(self) -> list[Any]:
        """All waiters, of whom nobody waits here any more."""
        waiters = self.first(len(self._requests))
        self._requests.clear()
        self._held = []
        self.waiting = 0
        self.take_out()
        return waiters

    def refuse(self) -> None:
        """Raises, to say why not now; who inherits knows."""
        raise RuntimeError("nothing can be sent now")

    def settle(self) -> None:
        """Sees to it that the commands are sent; for who inherits."""
        self.settled = True

    def accept(self, waiter: Any, replies: Sequence[Any]) -> bool:
        """Whether these are to be given, or the waiter was told otherwise, by who inherits."""
        return True
