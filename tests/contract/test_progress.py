"""Progress of long effects, and the turns in which they are done."""

import pytest

from app.core import ids
from app.core.clock import system_ms
from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.ports.progress import DONE, Progress
from app.work.pieces import Turn


async def test_progress_is_what_was_noted_last(progress: Progress) -> None:
    effect, other = ids.new("evt"), ids.new("evt")
    assert await progress.of(effect) is None
    for after in (Keyset(9, "b"), Keyset(5, "a"), DONE):
        await progress.note(effect, after)
        assert await progress.of(effect) == after
    assert await progress.of(other) is None


async def test_old_progress_is_forgotten(progress: Progress) -> None:
    effect = ids.new("evt")
    await progress.note(effect, DONE)
    await progress.prune(system_ms() - 60_000, 1000)
    assert await progress.of(effect) == DONE
    assert await progress.prune(system_ms() + 60_000, 1000) >= 1
    assert await progress.of(effect) is None


class Rows:
    """Ten rows, done three at a time."""

    def __init__(self) -> None:
        self.done: list[int] = []

    async def piece(self, after: Keyset | None) -> Keyset | None:
        first = after.at + 1 if after else 0
        rows = range(first, min(first + 3, 10))
        self.done += rows
        return Keyset(rows[-1], "row") if len(rows) == 3 else None


async def test_an_effect_is_done_once_however_often_it_comes(progress: Progress) -> None:
    effect, rows = ids.new("evt"), Rows()
    for _ in range(3):
        await Turn(progress).work(effect, rows.piece)
    assert rows.done == list(range(10))


async def test_a_turn_that_is_over_leaves_the_rest_to_the_next(progress: Progress) -> None:
    effect, rows = ids.new("evt"), Rows()
    for done in (3, 6, 9):
        with pytest.raises(Unavailable):
            await Turn(progress, budget_s=0).work(effect, rows.piece)
        assert rows.done == list(range(done))
    await Turn(progress, budget_s=0).work(effect, rows.piece)
    assert rows.done == list(range(10))


async def test_a_batch_of_many_events_ends_after_some_turns(progress: Progress) -> None:
    effects = [ids.new("evt") for _ in range(3)]
    done: list[str] = []

    async def handle(turn: Turn) -> None:
        for effect in effects:

            async def piece(_after: Keyset | None, effect: str = effect) -> None:
                done.append(effect)

            await turn.work(effect, piece)

    for _ in effects[1:]:
        with pytest.raises(Unavailable):
            await handle(Turn(progress, budget_s=0))
    await handle(Turn(progress, budget_s=0))
    assert done == effects
