"""Listens, keeps the time for every connection, and ends in order when asked to.

To end: nobody new is let in, requests under way are answered with `Connection: close`, and whoever is idle gets a
moment in which a request that is on its way already is still answered.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from app.core.clock import Clock
from app.core.config import Settings
from app.core.passport import Passports
from app.edge.connection import Connection
from app.edge.hot import HotReads
from app.edge.pool import Pool
from app.edge.shared import Shared
from app.edge.warm import Warm
from app.features import Features
from app.http.access import AccessLog
from app.http.record import Record
from app.local.errors import LocalError
from app.local.ports import reachable
from app.local.programs import DRAIN_S
from app.stores import Stores

BACKLOG: Final = 1024
TICK_S: Final = 1.0
GRACE_S: Final = 1.0


class Server:
    """Clients' connections, from the first to the last."""

    def __init__(self, shared: Shared, *, tick_s: float = TICK_S, grace_s: float = GRACE_S) -> None:
        self._shared = shared
        self._tick_s = tick_s
        self._grace_s = grace_s
        self._listening: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; the port, which the system chooses for 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: Connection(self._shared), host, port, backlog=BACKLOG)
        self._ticking = loop.create_task(self._tick())
        address: tuple[str, int] = self._listening.sockets[0].getsockname()
        return address[1]

    async def watch(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set. Raises whatever ends the keeping of time, without which nobody is sent away."""
        stopping = asyncio.ensure_future(stop.wait())
        ticking = self._ticking
        await asyncio.wait([stopping, *filter(None, [ticking])], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if ticking is not None and ticking.done():
            ticking.result()

    async def drain(self, within_s: float = DRAIN_S) -> None:
        """Returns when nobody is left; whoever is after `within_s` is cut off."""
        shared, loop = self._shared, asyncio.get_running_loop()
        end = loop.time() + within_s
        if self._listening is not None:
            self._listening.close()
        shared.draining = True
        grace_end = min(end, loop.time() + self._grace_s)
        while shared.connections and loop.time() < end:
            if loop.time() >= grace_end:
                for connection in tuple(shared.connections):
                    connection.drain(at_once=False)
            await asyncio.sleep(min(0.05, self._grace_s))
        for connection in tuple(shared.connections):
            connection.drain(at_once=True)
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        await shared.aclose()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._tick_s)
            now_s = loop.time()
            for connection in tuple(self._shared.connections):
                connection.expire(now_s)
            self._shared.pool.tick(now_s)


def shared(settings: Settings, stores: Stores, built: Features, clock: Clock, access_log: AccessLog) -> Shared:
    """What the connections of this process share, in front of the application that these settings describe."""
    record = Record(clock, access_log)
    warm = Warm(stores.limiter, stores.hot_pages.stamp, built.doorkeeper, built.roster, built.ready, clock)
    pool = Pool(reachable(settings.bind_host), settings.port)
    return Shared(HotReads(built.hot, record, warm.missed), pool, record, Passports(stores.secret), clock, warm.aclose)


async def serve(settings: Settings, shared: Shared, stop: asyncio.Event) -> None:
    """Serves at the edge's port until `stop` is set. Raises LocalError if it can't listen there."""
    async with AsyncExitStack() as stack:
        server = Server(shared)
        try:
            await server.start(settings.bind_host, settings.edge_port)
        except OSError as error:
            where = f"{settings.bind_host}, port {settings.edge_port}"
            raise LocalError(f"The edge can't listen on {where}: {error.strerror}.") from error
        stack.push_async_callback(server.drain)
        await server.watch(stop)
