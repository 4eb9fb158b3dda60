"""From a write to all that follows from it: its events, as they lie in the outboxes, given to every handler."""

from typing import Any, Final

import asyncpg
import msgspec

from app import features, workers
from app.core.events import Event
from app.stores import Stores

_OUTBOXES: Final = ("social", "video", "activity")


class Happenings:
    """The events of a key, and what they do."""

    def __init__(self, conn: asyncpg.Connection, stores: Stores, built: features.Features) -> None:
        self._conn = conn
        self._ledger = stores.ledger
        self._handlers = workers.handlers(stores, built)

    async def of(self, *keys: str) -> list[Event]:
        """Every event of these keys (a video's, a person's) so far, oldest first."""
        rows: list[Any] = []
        for store in _OUTBOXES:
            rows += await self._conn.fetch(
                f"SELECT event_id, type, key, occurred_at, data::text FROM {store}.outbox "
                "WHERE key = ANY($1::text[]) ORDER BY seq",
                list(keys),
            )
        found = [Event(row[0], row[1], row[2], row[3], msgspec.json.decode(row[4])) for row in rows]
        return sorted(found, key=lambda event: event.occurred_at)

    async def types(self, key: str) -> list[str]:
        """What happened to a key, by name."""
        return [event.type for event in await self.of(key)]

    async def take_effect(self, *keys: str) -> None:
        """Gives these keys' events to every handler, all of them once more: repeats are normal and change nothing."""
        await self.deliver(*await self.of(*keys))

    async def deliver(self, *facts: Event) -> None:
        """Gives events to every handler whose topics they are of, and does what soon follows by the clock."""
        for _, topics, handle in self._handlers:
            batch = [fact for fact in facts if fact.topic in topics]
            if batch:
                await handle(batch)
        await self._ledger.fold()
