"""Why a video trends, event by event, and how to take an actor's part out again."""

from typing import Final

import msgspec

from app.core.clock import Clock
from app.ports.trending import Contribution, Ledger
from app.services.feed.board import Board
from app.services.feed.rule import Term

EVENTS: Final = 100  # shown of a video, the newest
BATCH: Final = 500
BATCHES: Final = 10_000  # five million contributions of one actor


class Explained(msgspec.Struct, frozen=True):
    """The terms of a video's score at one moment, by the rule in force; `listed` is its place in the served list,
    from 1 (None: not on it)."""

    scope: str
    rule: str
    terms: list[Term]
    listed: int | None
    events: list[Contribution]


class Retracted(msgspec.Struct, frozen=True):
    events: int
    scopes: tuple[str, ...]


class Explainer:
    """Reads the ledger, and takes out of it."""

    def __init__(self, ledger: Ledger, board: Board, clock: Clock) -> None:
        self._ledger = ledger
        self._board = board
        self._clock = clock

    async def explain(self, video_id: str, scope: str) -> Explained | None:
        """The video's score in a scope now; None if nothing was ever counted for it there."""
        await self._ledger.fold()
        standing = await self._ledger.standing(video_id, scope)
        if standing is None:
            return None
        listed = [listed_id for listed_id, _ in await self._board.read(scope)]
        return Explained(
            scope,
            self._board.rule.name,
            self._board.rule.terms(standing, self._clock()),
            listed=listed.index(video_id) + 1 if video_id in listed else None,
            events=await self._ledger.contributions(video_id, scope, EVENTS),
        )

    async def retract(self, actor: str) -> Retracted:
        """Takes out all that the actor's events added, in every scope; the lists follow at once (if this is broken off
        in between, with the next tick). A repeat finds nothing left to take."""
        events, scopes = 0, set[str]()
        for _ in range(BATCHES):
            count, touched = await self._ledger.retract(actor, BATCH)
            events, scopes = events + count, scopes | touched
            if count == 0:
                break
        await self._ledger.fold()
        for scope in sorted(scopes):
            await self._board.make(scope)
        return Retracted(events, tuple(sorted(scopes)))


def lines(video_id: str, found: Explained) -> list[str]:
    """What `kinora trending explain` prints."""
    listed = f"{found.listed} in the list" if found.listed else "not in the list"
    text = [f"{video_id} in {found.scope}, rule {found.rule}, {listed}"]
    text += [f"  {term.name:<7} {term.value:>12} {term.note}".rstrip() for term in found.terms]
    text.append(f"events, the newest {len(found.events)}:")
    for event in found.events:
        what = f"views {event.views:+d} likes {event.likes:+d} shares {event.shares:+d} weight {event.weight:+d}"
        note = "  retracted" if event.retracted else ""
        text.append(f"  {event.at}  {event.cause}  {event.actor}  {what}  {','.join(event.scopes)}{note}")
    return text
