"""`app.ports.invalidations.Invalidations`: Redis says which cards change, over a connection of its own.

Client tracking in broadcasting mode (https://valkey.io/topics/client-side-caching): the server names every key with the
prefix that is written, deleted, expired or evicted, whoever did it, and sends a null when it was emptied.
"""

import logging
from collections.abc import Collection
from typing import Final

from app.adapters.redis.pipe import Pipe
from app.ports.invalidations import Hear
from hotpath.resp import Push

PREFIX: Final = "card:"

log = logging.getLogger(__name__)


class RedisTracking:
    """One connection to the server that holds the cards. Not heard of: a listener's own errors, which it must not have.

    A server that fell silent without closing the connection is noticed by the connection's heartbeat, within two
    seconds; until then `sound` stays.
    """

    def __init__(self, url: str) -> None:
        self._listeners: list[Hear] = []
        self._pipe = Pipe(
            url,
            protocol=3,
            setup=[("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", PREFIX)],
            on_push=self._on_push,
            on_up=self._tell_all,  # what changed while nobody listened
            on_down=self._tell_all,
        )

    async def start(self) -> None:
        """Returns when it is connected, or could not be; then it goes on trying."""
        await self._pipe.start()

    async def aclose(self) -> None:
        """Hears nothing any more."""
        await self._pipe.aclose()
        self._tell_all()

    def listen(self, hear: Hear) -> None:
        """As the port says; whoever listens first hears first."""
        self._listeners.append(hear)

    @property
    def sound(self) -> bool:
        """Whether the server tells."""
        return self._pipe.up

    def _on_push(self, push: Push) -> None:
        if push[0] != b"invalidate":
            log.warning("Redis sent something unasked: %r", push[0])
            return
        keys: list[bytes] | None = push[1]
        self._tell(None if keys is None else [key[len(PREFIX) :].decode() for key in keys])

    def _tell_all(self) -> None:
        self._tell(None)

    def _tell(self, video_ids: Collection[str] | None) -> None:
        for hear in self._listeners:
            hear(video_ids)
