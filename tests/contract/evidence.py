"""What a write left behind, read past its port: outbox entries and dedup marks."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import asyncpg

from app.adapters.postgres.pool import connection
from app.adapters.postgres.write import Store
from app.core.events import Event
from tests.contract.kill import changes_of, killed_at


class Evidence(Protocol):
    """One store, seen from behind its ports."""

    async def events(self, key: str) -> list[Event]:
        """Stored events of a key, in the order in which they will be published."""

    async def marked(self, cause: str) -> bool:
        """Whether the effect of a cause is remembered."""

    def dies_at(self, table: str, **row: str) -> AbstractAsyncContextManager[None]:
        """While open, a write that touches such a row is killed there, before its end."""

    def changes_of(
        self, table: str, column: str, value: str
    ) -> AbstractAsyncContextManager[Callable[[], Awaitable[int]]]:
        """While open, asks how often such rows were written so far."""


class PostgresEvidence:
    def __init__(self, pool: asyncpg.Pool, migrator_url: str, store: Store) -> None:
        self._pool = pool
        self._migrator_url = migrator_url
        self._store = store

    async def events(self, key: str) -> list[Event]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(
                f"SELECT event_id, type, key, occurred_at, data FROM {self._store}.outbox WHERE key = $1 ORDER BY seq",
                key,
            )
        return [Event(*row) for row in rows]

    async def marked(self, cause: str) -> bool:
        async with connection(self._pool) as conn:
            return bool(await conn.fetchval(f"SELECT true FROM {self._store}.applied WHERE cause = $1", cause))

    def dies_at(self, table: str, **row: str) -> AbstractAsyncContextManager[None]:
        return killed_at(self._migrator_url, f"{self._store}.{table}", **row)

    def changes_of(
        self, table: str, column: str, value: str
    ) -> AbstractAsyncContextManager[Callable[[], Awaitable[int]]]:
        return changes_of(self._migrator_url, f"{self._store}.{table}", column, value)
