"""`app.ports.invalidations.Invalidations`: Redis says which cards change, over a connection to each master.

Client tracking in broadcasting mode (https://valkey.io/topics/client-side-caching): a server names every key with the
prefix that is written, deleted, expired or evicted there, whoever did it, and sends a null when it was emptied.
"""

import logging
from collections.abc import Collection
from typing import Final

from app.adapters.redis.pipes import Node, Pipes
from app.ports.invalidations import Hear
from hotpath.resp import Push

PREFIX: Final = "card:"

log = logging.getLogger(__name__)


class RedisTracking:
    """Whatever happens to one master is told as of all: it is seldom, and what follows is a refill.

    A server that fell silent without closing the connection is noticed by the connection's heartbeat, within two
    seconds; until then `sound` stays.
    """

    def __init__(self, url: str) -> None:
        self._listeners: list[Hear] = []
        self._pipes = Pipes(
            url,
            protocol=3,
            setup=[("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", PREFIX)],
            on_push=self._on_push,
            on_up=self._tell_all,  # what changed while nobody listened
            on_down=self._tell_all,
            on_moved=self._tell_all,
        )

    async def start(self) -> None:
        """Returns when it is connected, or could not be; then it goes on trying."""
        await self._pipes.start()

    async def aclose(self) -> None:
        """Hears nothing any more."""
        await self._pipes.aclose()
        self._tell(None)

    def listen(self, hear: Hear) -> None:
        """As the port says; whoever listens first hears first."""
        self._listeners.append(hear)

    @property
    def sound(self) -> bool:
        """Whether every master tells."""
        nodes = self._pipes.nodes
        return bool(nodes) and all(node.pipe.up for node in nodes)

    def _on_push(self, _: Node, push: Push) -> None:
        if push[0] != b"invalidate":
            log.warning("Redis sent something unasked: %r", push[0])
            return
        keys: list[bytes] | None = push[1]
        self._tell(None if keys is None else [key[len(PREFIX) :].decode() for key in keys])

    def _tell_all(self, _: Node | frozenset[int]) -> None:
        self._tell(None)

    def _tell(self, video_ids: Collection[str] | None) -> None:
        for hear in self._listeners:
            hear(video_ids)
