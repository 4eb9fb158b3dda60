"""Thin clients for all masters of a cluster, and for the one server that is no cluster.

Only a table of slots is kept here. A reply that says "elsewhere" or "not now" is Unavailable to whoever asked; where it
says that a slot moved, the table is read again in the background.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from app.adapters.redis.address import Address, parse
from app.adapters.redis.client import TIMEOUT_S, Command
from app.adapters.redis.pipe import MAX_WAITING, Pipe
from app.adapters.redis.slots import SLOTS, Map, masters, slot_of
from app.core.errors import Unavailable
from hotpath import fanout
from hotpath.resp import Push, ReplyError

PAUSE_S: Final = 0.1  # at least, between two looks at the table
DOWN_REFRESH_S: Final = 1.0  # while a master is away: another may have taken its place
REFRESH_S: Final = 10.0  # unasked: no command may have come by a slot that moved

_SLOTS: Final = fanout.pack_all([("CLUSTER", "SLOTS")])
_ALL: Final = frozenset(range(SLOTS))
_MOVED: Final = frozenset({"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY"})

log = logging.getLogger(__name__)


class Node:
    """A master: its thin client, and the slots that it owns now."""

    def __init__(self, pipe: Pipe, slots: frozenset[int]) -> None:
        self.pipe = pipe
        self.slots = slots


class Pipes:
    """Encoded commands to whichever node owns their key.

    `on_push`, `on_up` and `on_down` name the node. `on_moved` hears of slots that changed their owner, from an owner
    or to none: what was remembered of their keys may have changed unheard.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S,
        protocol: int = 2,
        setup: Sequence[Command] = (),
        on_push: Callable[[Node, Push], None] | None = None,
        on_up: Callable[[Node], None] | None = None,
        on_down: Callable[[Node], None] | None = None,
        on_moved: Callable[[frozenset[int]], None] | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._seed = parse(url)
        self._timeout_s = timeout_s
        self._protocol = protocol
        self._setup = setup
        self._on_push = on_push
        self._on_up = on_up
        self._on_down = on_down
        self._on_moved = on_moved
        self._max_waiting = max_waiting
        self._nodes: dict[Address, Node] = {}
        self._owners: list[Pipe | None] = [None] * SLOTS
        self._only: Pipe | None = None  # where there is no cluster
        self._stale = asyncio.Event()
        self._looked = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def nodes(self) -> list[Node]:
        """All masters that are known."""
        return list(self._nodes.values())

    async def start(self) -> None:
        """Returns when the table was read and its nodes were tried once, or could not be read."""
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep_up())
        await self._looked.wait()

    def of(self, key: bytes) -> Pipe:
        """The client of the node that owns a key. Raises Unavailable when none is known to."""
        pipe = self._only or self._owners[slot_of(key)]
        if pipe is None:
            raise Unavailable("No node of Redis is known to own the key.")
        return pipe

    async def ask(self, parts: Sequence[tuple[bytes, bytes, int]]) -> list[list[Any]]:
        """For each (key, encoded commands, number of replies) its replies: one trip to each owner, all at once.

        Raises Unavailable if any of them can't answer, as `Pipe.ask` does.
        """
        of_pipe: dict[Pipe, list[int]] = {}
        for place, (key, _, _) in enumerate(parts):
            of_pipe.setdefault(self.of(key), []).append(place)
        asked: list[asyncio.Future[list[Any]]] = []
        try:
            for pipe, places in of_pipe.items():
                joined = b"".join(parts[place][1] for place in places)
                asked.append(pipe.ask(joined, sum(parts[place][2] for place in places)))
            answers = await asyncio.gather(*asked)
        finally:
            for waiter in asked:
                waiter.cancel()  # no use to anybody if another failed
        replies: list[list[Any]] = [[] for _ in parts]
        for places, answer in zip(of_pipe.values(), answers, strict=True):
            start = 0
            for place in places:
                replies[place] = answer[start : start + parts[place][2]]
                start += parts[place][2]
        return replies

    async def aclose(self) -> None:
        """Waits for what is under way, at most the timeout, and closes everything."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self._only = None
        self._owners = [None] * SLOTS
        nodes, self._nodes = self.nodes, {}
        await asyncio.gather(*(node.pipe.aclose() for node in nodes), *self._leaving)
        self._looked.set()

    async def _keep_up(self) -> None:
        pause_s = PAUSE_S
        while True:
            self._stale.clear()
            try:
                await self._use(await self._read())
                pause_s = PAUSE_S
            except (Unavailable, ValueError) as error:
                if pause_s == PAUSE_S:
                    log.warning("the slots of Redis at %s could not be read: %s", self._seed.name, error)
                pause_s = min(2 * pause_s, DOWN_REFRESH_S)
                self._stale.set()
            self._looked.set()
            await asyncio.sleep(pause_s)
            await self._wait()

    async def _wait(self) -> None:
        """Until it is time to look again."""
        down = any(not node.pipe.up for node in self.nodes)
        pause_s = None if self._only else (DOWN_REFRESH_S if down else REFRESH_S)
        try:
            async with asyncio.timeout(pause_s):
                await self._stale.wait()
        except TimeoutError:
            return

    async def _read(self) -> Map | None:
        """From a node that is up, else from the URL's; None: no cluster.

        Raises Unavailable, or ValueError if what it says makes no sense.
        """
        for node in self.nodes:
            if node.pipe.up:
                try:
                    return _map(node.pipe.address, (await node.pipe.ask(_SLOTS, 1))[0])
                except Unavailable as error:
                    log.info("%s can't tell who owns which slots: %s", node.pipe.address.name, error.detail)
        probe = Pipe(self._seed, timeout_s=self._timeout_s)
        try:
            await probe.start()
            return _map(self._seed, (await probe.ask(_SLOTS, 1))[0])
        finally:
            await probe.aclose()

    async def _use(self, read: Map | None) -> None:
        found = {self._seed: _ALL} if read is None else read
        added = {address: self._node(address, slots) for address, slots in found.items() if address not in self._nodes}
        self._nodes |= added
        await asyncio.gather(*(node.pipe.start() for node in added.values()))
        before, self._owners = self._owners, [None] * SLOTS
        for address, slots in found.items():
            node = self._nodes[address]
            node.slots = slots
            for slot in slots:
                self._owners[slot] = node.pipe
        self._only = self._nodes[self._seed].pipe if read is None else None
        moved = frozenset(slot for slot in range(SLOTS) if before[slot] not in (None, self._owners[slot]))
        if moved and self._on_moved is not None:
            self._on_moved(moved)
        for address in set(self._nodes) - set(found):
            leaving = asyncio.create_task(self._nodes.pop(address).pipe.aclose())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _node(self, address: Address, slots: frozenset[int]) -> Node:
        # Its listeners name the node, which is made with its pipe: none of them is called before `start`.
        node = Node(
            Pipe(
                address,
                timeout_s=self._timeout_s,
                protocol=self._protocol,
                setup=self._setup,
                on_push=lambda push: self._on_push(node, push) if self._on_push else None,
                on_up=lambda: self._on_up(node) if self._on_up else None,
                on_down=lambda: self._down(node),
                on_refused=self._refused,
                max_waiting=self._max_waiting,
            ),
            slots,
        )
        return node

    def _down(self, node: Node) -> None:
        if not self._only:
            self._stale.set()
        if self._on_down is not None:
            self._on_down(node)

    def _refused(self, error: ReplyError) -> None:
        if error.code in _MOVED:
            self._stale.set()


def _map(asked: Address, reply: Any) -> Map | None:
    """A server that is no cluster, or doesn't say, answers an error."""
    return None if isinstance(reply, ReplyError) else masters(asked, reply)
