"""The event bus (Redis Streams, or Kafka): topics cut into partitions by key, read in order by one consumer each.

The bus may lose everything at any moment. Its `epoch` says which life of the bus this is; outboxes and positions are
durable, so that the relay can publish again what a lost bus had not delivered.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.core.events import Event

PARTITIONS = 4


class Outgoing(msgspec.Struct, frozen=True):
    """An event with its place in its store's outbox: `origin` names the store, `number` grows by publishing order."""

    origin: str
    number: int
    event: Event


class Delivered(msgspec.Struct, frozen=True):
    """An entry read back; `offset` is the bus's own position after it."""

    offset: str
    outgoing: Outgoing


class Bus(Protocol):
    async def epoch(self) -> str | None:
        """The bus's present life, or None if it has lost its memory (or never had one)."""

    async def begin(self, epoch: str) -> bool:
        """Starts a new, empty life unless somebody did meanwhile."""

    async def publish(self, epoch: str, batch: Sequence[Outgoing]) -> bool:
        """Appends in order; False (and nothing appended) if the bus is no longer in this epoch."""

    async def read(
        self, epoch: str, topic: str, offsets: dict[int, str], *, limit: int, wait_ms: int
    ) -> dict[int, list[Delivered]] | None:
        """Entries after each partition's offset ("" = from the beginning), at most `limit` each, waiting up to
        `wait_ms` for the first. None if the epoch is over: nothing that was read may be used then."""

    async def trim(self, epoch: str, topic: str, partition: int, before: str) -> None:
        """Forgets entries up to and including this offset."""

    async def depth(self, epoch: str, topic: str) -> int:
        """Entries held for a topic."""


def partition_of(key: str) -> int:
    """Where events of this key go: FNV-1a, so that every process and language agrees."""
    value = 0x811C9DC5
    for byte in key.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value % PARTITIONS
