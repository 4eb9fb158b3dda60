"""Why a video trends, event by event, and how to take an actor's part out again."""

from typing import Final

import msgspec

from app.core.clock import HOUR_MS, Clock
from app.ports.trending import Contribution, Ledger, Standing
from app.services.feed.board import Board
from hotpath.pure import trending as rule

EVENTS: Final = 100  # shown of a video, the newest
BATCH: Final = 500
BATCHES: Final = 10_000  # five million contributions of one actor


class Explained(msgspec.Struct, frozen=True):
    """The terms of the documented score at one moment; `rank` counts from 1 in the ledger, `listed` in the served list
    (None: not on it). Points are exact, age is in hours."""

    scope: str
    standing: Standing
    points: int
    age_hours: float
    ticks: int
    score: int
    rank: int
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
        standing = await self._ledger.standing(video_id, scope)
        if standing is None:
            return None
        now_ms = self._clock()
        since_ms = min(max(standing.published_at, 0), now_ms)
        listed = [listed_id for listed_id, _ in await self._board.read(scope)]
        return Explained(
            scope,
            standing,
            points=rule.POINTS_PER_VIEW * standing.views
            + rule.POINTS_PER_LIKE * standing.likes
            + rule.POINTS_PER_SHARE * standing.shares,
            age_hours=(now_ms - since_ms) / HOUR_MS,
            ticks=now_ms // rule.TICK_MS - since_ms // rule.TICK_MS,
            score=rule.score(standing.views, standing.likes, standing.shares, standing.published_at, now_ms),
            rank=standing.above + 1,
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
        for scope in sorted(scopes):
            await self._board.make(scope)
        return Retracted(events, tuple(sorted(scopes)))


def lines(video_id: str, found: Explained) -> list[str]:
    """What `kinora trending explain` prints."""
    standing = found.standing
    listed = f"{found.listed} in the list" if found.listed else "not in the list"
    text = [
        f"{video_id} in {found.scope}, rule documented-1",
        f"  views   {standing.views:>12} x {rule.POINTS_PER_VIEW}",
        f"  likes   {standing.likes:>12} x {rule.POINTS_PER_LIKE}",
        f"  shares  {standing.shares:>12} x {rule.POINTS_PER_SHARE}",
        f"  points  {found.points:>12}",
        f"  age     {found.age_hours:>12.3f} h     x -50",
        f"  ticks   {found.ticks:>12} of 5 min x -50",
        f"  score   {found.score:>12}",
        f"  rank    {found.rank:>12}, {listed}",
        f"events, the newest {len(found.events)}:",
    ]
    for event in found.events:
        what = f"views {event.views:+d} likes {event.likes:+d} shares {event.shares:+d}"
        note = "  retracted" if event.retracted else ""
        text.append(f"  {event.at}  {event.cause}  {event.actor}  {what}  {','.join(event.scopes)}{note}")
    return text
