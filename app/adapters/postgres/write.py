"""The one way to write: record, dedup mark, receipt and outbox entries in one transaction (`app.ports`)."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, Final, Literal, ParamSpec, TypeVar

import asyncpg

from app.adapters.postgres.pool import connection
from app.core.errors import Conflict, Unavailable
from app.core.events import Event, Receipt

Store = Literal["social", "video", "activity"]

ATTEMPTS = 3
_VICTIM = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

_STORES: Final[tuple[Store, ...]] = ("social", "video", "activity")


def _per_store(sql: str) -> dict[Store, str]:
    return {store: sql.replace("STORE", store) for store in _STORES}


_MARK = _per_store("INSERT INTO STORE.applied (cause) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true")
_PUT_RECEIPT = _per_store("""
    INSERT INTO STORE.receipts (scope, key, fingerprint, status, body) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING true""")
_FIND_RECEIPT = _per_store("""
    SELECT scope, key, fingerprint, status, body FROM STORE.receipts WHERE scope = $1 AND key = $2""")
_PUT_EVENTS = _per_store("""
    INSERT INTO STORE.outbox (event_id, type, key, occurred_at, data)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[])""")

P = ParamSpec("P")
T = TypeVar("T")


class Write:
    """A write under way: use `conn` for the record.

    If `applied` is True this cause had its effect before: write nothing and return. Set `changed` to False if the
    record stayed as it was: no event is stored then. `events` may be added to or replaced.
    """

    __slots__ = ("applied", "changed", "conn", "events")

    def __init__(self, conn: asyncpg.Connection, applied: bool, events: Sequence[Event]) -> None:
        self.conn = conn
        self.applied = applied
        self.changed = True
        self.events = list(events)


@asynccontextmanager
async def write(
    pool: asyncpg.Pool,
    store: Store,
    *,
    events: Sequence[Event] = (),
    cause: str | None = None,
    receipt: Receipt | None = None,
) -> AsyncIterator[Write]:
    """One transaction around the caller's record. Conflict `receipt_exists`; Unavailable as `connection`.

    The mark and the receipt come first: a repeat that runs at the same time waits there, and then learns that it is
    one before it can meet the record of the first. Outbox entries come last, after the record's row lock, so that
    of two writes to one record the later one has the larger `seq`.
    """
    async with connection(pool) as conn, conn.transaction():
        applied = cause is not None and not await conn.fetchval(_MARK[store], cause)
        current = Write(conn, applied, events)
        if receipt is not None and not applied:
            await _put_receipt(conn, store, receipt)
        yield current
        if current.events and current.changed and not applied:
            await _put_events(conn, store, current.events)


def retried(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Runs a port's method again, at most ATTEMPTS times in all, when it fell victim to a deadlock or a
    serialization failure: the server undid it whole, so the same call may simply be made again."""

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return await method(*args, **kwargs)
            except Unavailable as refusal:
                if not isinstance(refusal.__cause__, _VICTIM):
                    raise
        return await method(*args, **kwargs)

    return call


async def find_receipt(pool: asyncpg.Pool, store: Store, scope: str, key: str) -> Receipt | None:
    """The stored answer of a creating POST, or None."""
    async with connection(pool) as conn:
        row = await conn.fetchrow(_FIND_RECEIPT[store], scope, key)
    return Receipt(*row) if row else None


async def _put_receipt(conn: asyncpg.Connection, store: Store, receipt: Receipt) -> None:
    stored = await conn.fetchval(
        _PUT_RECEIPT[store], receipt.scope, receipt.key, receipt.fingerprint, receipt.status, receipt.body
    )
    if not stored:
        raise Conflict("This Idempotency-Key was used before.", code="receipt_exists")


async def _put_events(conn: asyncpg.Connection, store: Store, events: Sequence[Event]) -> None:
    await conn.execute(
        _PUT_EVENTS[store],
        [event.event_id for event in events],
        [event.type for event in events],
        [event.key for event in events],
        [event.occurred_at for event in events],
        [event.data for event in events],
    )
