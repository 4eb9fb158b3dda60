"""Connections: how they are opened, borrowed and bounded, and what their failures mean to the rest of the program.

Every wait ends: connecting, borrowing, a statement (by the server, and by the client should the server be gone).
"""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType

import asyncpg
import msgspec

from app.adapters.postgres.lender import Lender
from app.core.errors import Unavailable

CONNECT_TIMEOUT_S = 5.0
ACQUIRE_TIMEOUT_S = 2.0
STATEMENT_TIMEOUT_MS = 5_000
COMMAND_TIMEOUT_S = 6.0  # longer than the server's, which ends a statement more cheaply
IDLE_IN_TRANSACTION_MS = 10_000

_SERVER_SETTINGS = {
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
    "jit": "off",  # compiling costs more than any statement here runs
    "timezone": "UTC",
}

# "Not now": the statement was fine, the server or the way to it was not. TimeoutError is an OSError.
_NOT_NOW = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,  # too many connections, disk full, out of memory
    asyncpg.OperatorInterventionError,  # shutdown, crash, starting up, statement timeout
    asyncpg.TransactionRollbackError,  # deadlock, serialization failure
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, in the middle of a failover
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_JSONB_VERSION = b"\x01"  # first byte of jsonb's binary form


async def open_pool(url: str, *, size: int, application_name: str = "kinora") -> Lender:
    """A pool of at most `size` connections, jsonb read and written as plain values. Unavailable if the server is."""
    pool = Lender(
        url,
        size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={**_SERVER_SETTINGS, "application_name": application_name},
        init=_prepare,
        reset=_keep,
    )
    with translate():
        await pool
    return pool


def connection(pool: Lender) -> AbstractAsyncContextManager[asyncpg.Connection]:
    """Borrows a connection; Unavailable if none gets free in time or it fails while borrowed."""
    return _Borrowed(pool)


class _Borrowed:
    __slots__ = ("_conn", "_pool")

    def __init__(self, pool: Lender) -> None:
        self._pool = pool

    async def __aenter__(self) -> asyncpg.Connection:
        self._conn = self._pool.at_hand()
        if self._conn is None:
            with translate():
                self._conn = await self._pool.lend(ACQUIRE_TIMEOUT_S)
        return self._conn

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._pool.keep(self._conn):
            return
        with translate():
            await self._pool.release(self._conn)
            if error is not None:
                raise error


@contextmanager
def translate() -> Iterator[None]:
    """Raises Unavailable for what is the server's trouble; `__cause__` is the driver's error."""
    try:
        yield
    except _NOT_NOW as error:
        raise Unavailable("The database cannot answer now.") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if not _says_closed(error):
            raise
        raise Unavailable("The database cannot answer now.") from error


def to_time(ms: int) -> datetime:
    """The timestamptz of `ms` since 1970, exact."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970 of a timestamptz, rounded down."""
    return (time - _EPOCH) // _MILLISECOND


def _says_closed(error: asyncpg.InterfaceError | asyncpg.InternalClientError) -> bool:
    # A connection or pool that went away between two statements has no class of its own in the driver. State 2 is
    # ERROR_CONSUME (asyncpg/protocol/coreproto.pxd): a dying server said goodbye to a connection that was idle.
    signs = ("is closed", "is closing", "released back to the pool", "another operation (2) is in progress")
    message = str(error)
    return any(sign in message for sign in signs)


async def _prepare(conn: asyncpg.Connection) -> None:
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: _JSONB_VERSION + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
    )


async def _keep(_conn: asyncpg.Connection) -> None:
    """No RESET on giving a connection back: adapters keep no session state, and it would be a trip each time."""
