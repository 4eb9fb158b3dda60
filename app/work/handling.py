"""How a group takes its events: a batch at once where it can, one by one where it can't, and what becomes of the rest.

Two refusals have names (`app.core.errors`). `Unavailable` is "not now": it goes up, and the partition pauses. `Never`
sends an event to the dead letters at once. Anything else may be chance, so the event is tried five times within ten
seconds, once with its batch and then alone; then it goes there too, so that nothing behind it is held up for longer.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from app.core.clock import Clock
from app.core.errors import Never, Unavailable
from app.core.events import TYPES, Event
from app.ports.bus import Delivered
from app.ports.outbox import DeadLetters

Handle = Callable[[Sequence[Event]], Awaitable[None]]

BATCH_LIMIT_S, EVENT_LIMIT_S = 4.0, 5.0  # for the attempt at a batch, and for all attempts at one event
TRIES = 4
FIRST_RETRY_S = 0.05
ERROR_LENGTH = 2_000

logger = logging.getLogger(__name__)


class Handling:
    """The effects of one group. `handled` and `dead` count events; one that is delivered again counts again."""

    def __init__(self, group: str, handle: Handle, deadletters: DeadLetters, clock: Clock) -> None:
        self.group = group
        self.handled = 0
        self.dead = 0
        self._handle = handle
        self._deadletters = deadletters
        self._clock = clock

    async def all_at_once(self, deliveries: Sequence[Delivered]) -> bool:
        """Whether all had their effect; if not, any of them may have had it. Raises Unavailable."""
        events = [delivered.outgoing.event for delivered in deliveries]
        if any(event.type not in TYPES for event in events):
            return False
        try:
            await self._attempt(events, BATCH_LIMIT_S)
        except Unavailable:
            raise
        except Exception as error:  # goes on one by one, where it is logged
            logger.debug("batch failed", exc_info=error)
            return False
        return True

    async def one(self, delivered: Delivered) -> None:
        """Its effect, or a dead letter; either way within EVENT_LIMIT_S. Raises Unavailable."""
        event = delivered.outgoing.event
        error = await self._tried(event)
        if error is None:
            return
        logger.error(
            "event set aside",
            exc_info=error,
            extra={"group": self.group, "event_id": event.event_id, "event_type": event.type},
        )
        await self._deadletters.put(self.group, delivered, _words(error), self._clock())
        self.dead += 1

    async def replay(self, limit: int) -> None:
        """Handles dead letters that somebody asked for again. Raises Unavailable."""
        for letter in await self._deadletters.wanted(self.group, limit):
            error = await self._tried(letter.event)
            await self._deadletters.settle(letter.letter_id, None if error is None else _words(error))

    async def _tried(self, event: Event) -> Exception | None:
        """None after success, or why there will be none."""
        if event.type not in TYPES:
            return Never(f"unknown event type {event.type!r}")
        deadline_s = time.monotonic() + EVENT_LIMIT_S
        wait_s = FIRST_RETRY_S
        failure: Exception
        for attempt in range(1, TRIES + 1):
            try:
                await self._attempt([event], deadline_s - time.monotonic())
            except Unavailable:
                raise
            except Never as error:
                return error
            except Exception as error:
                failure = error
            else:
                return None
            if attempt == TRIES or time.monotonic() + wait_s >= deadline_s:
                break
            await asyncio.sleep(wait_s)
            wait_s *= 2
        return failure

    async def _attempt(self, events: Sequence[Event], limit_s: float) -> None:
        async with asyncio.timeout(limit_s):
            await self._handle(events)
        self.handled += len(events)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
