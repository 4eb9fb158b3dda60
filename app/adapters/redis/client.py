"""One bounded way to Redis: every wait ends, every failure is `Unavailable`, no reply ever reaches another caller.

It drives redis-py's pool and connections, but not its command classes: replies come back as Redis sent them (bytes,
ints, lists), commands of one call share one trip, and commands that a kernel encoded go out as they are.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from redis import exceptions
from redis.asyncio.connection import AbstractConnection, BlockingConnectionPool

from app.adapters.redis.breaker import Breaker
from app.core.errors import Unavailable
from hotpath import fanout

CONNECTIONS = 32
TIMEOUT_S = 0.5  # for a call as a whole: a connection from the pool, connecting, writing, the replies
IDLE_CHECK_S = 30  # an idle connection is tried by PING before use: a dead peer says nothing by itself

Word = str | bytes | int
Command = tuple[Word, ...]

# "Not now": the command was fine, the server's state was not.
_NOT_NOW = (exceptions.ConnectionError, exceptions.TimeoutError, OSError)
_NOT_NOW_REPLIES = (
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,  # a replica, in the middle of a failover
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
    exceptions.AskError,  # the key lives elsewhere, for now or, as MovedError, for good
)
_NOT_NOW_CODES = ("BUSY", "MISCONF", "NOREPLICAS", "UNBLOCKED")


class Script:
    """A Lua script, called by its hash; servers that lost it (a restart, a flush) get it again."""

    __slots__ = ("sha", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class RedisClient:
    """Commands to one server. Safe for any number of tasks; `aclose` ends it.

    Every method raises Unavailable when the server is down, hangs, loads, is full or read-only, and for one second
    after three such failures in a row without asking it.
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS, timeout_s: float = TIMEOUT_S) -> None:
        self._breaker = Breaker()
        self._timeout_s = timeout_s
        self._pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=timeout_s,
            # None, because redis-py would write under asyncio.wait_for, which before Python 3.12 loses a cancellation
            # that comes as the write ends: the task goes on as if nobody had cancelled it.
            socket_timeout=None,
            socket_connect_timeout=timeout_s,
            health_check_interval=IDLE_CHECK_S,
            protocol=2,
            driver_info=None,  # no CLIENT SETINFO: two trips less on connecting
        )

    async def call(self, *command: Word) -> Any:
        """One command and its reply."""
        return (await self._send(fanout.pack(command), 1))[0]

    async def packed(self, command: bytes) -> Any:
        """One command that is encoded already, and its reply."""
        return (await self._send(command, 1))[0]

    async def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """Commands in one trip, if there are any; others may come between them. The first error among the replies is
        raised."""
        if not commands:
            return []
        return await self._send(fanout.pack_all(commands), len(commands))

    async def transaction(self, commands: Sequence[Command]) -> list[Any]:
        """Commands in one trip with nothing between them, all or none."""
        # A command that could not be queued says why, before EXEC says that there was one.
        packed = fanout.pack_all([("MULTI",), *commands, ("EXEC",)])
        results: list[Any] = (await self._send(packed, len(commands) + 2))[-1]
        return results

    async def run(self, script: Script, keys: Sequence[Word], args: Iterable[Word]) -> Any:
        """The reply of a script."""
        words = [len(keys), *keys, *args]
        try:
            return await self.packed(fanout.pack(["EVALSHA", script.sha, *words]))
        except exceptions.NoScriptError:
            return await self.packed(fanout.pack(["EVAL", script.source, *words]))  # which also keeps it from now on

    async def run_packed(self, script: Script, command: bytes) -> Any:
        """The same of a call by its hash that is encoded already."""
        try:
            return await self.packed(command)
        except exceptions.NoScriptError:
            await self.call("SCRIPT", "LOAD", script.source)
            return await self.packed(command)

    async def aclose(self) -> None:
        """Closes all connections; calls under way fail."""
        await self._pool.aclose()

    async def _send(self, packed: bytes, replies: int) -> list[Any]:
        """Sends encoded commands and reads as many replies. Raises the first error among them, or within one:
        Unavailable, or the driver's ResponseError for a command that is wrong."""
        self._breaker.check()
        with self._told():
            async with asyncio.timeout(self._timeout_s):
                answers = await self._exchange(packed, replies)
        _check(answers)
        return answers

    async def _exchange(self, packed: bytes, replies: int) -> list[Any]:
        connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_packed_command(packed)
            return [await _reply(connection) for _ in range(replies)]
        finally:
            # A connection with replies outstanding was closed by redis-py before it raised, cancellation
            # included. Giving it back waits for a lock: shielded, or a cancelled task could lose it for good.
            await asyncio.shield(self._pool.release(connection))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells the breaker how it went."""
        try:
            with translate():
                yield
        except Unavailable:
            self._breaker.failed()
            raise
        self._breaker.succeeded()


@contextmanager
def translate() -> Iterator[None]:
    """Raises Unavailable for what is the server's trouble; `__cause__` is the driver's error."""
    try:
        yield
    except _NOT_NOW as error:
        raise Unavailable("Redis cannot answer now.") from error


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except exceptions.ResponseError as error:
        return error


def _check(replies: Sequence[Any]) -> None:
    for reply in replies:
        if isinstance(reply, exceptions.ResponseError):
            raise_reply(reply)
        if isinstance(reply, list):
            _check(reply)


def raise_reply(error: exceptions.ResponseError) -> NoReturn:
    """Raises what an error reply means."""
    if isinstance(error, _NOT_NOW_REPLIES) or str(error).startswith(_NOT_NOW_CODES):
        raise Unavailable("Redis cannot answer now.") from error
    raise error
