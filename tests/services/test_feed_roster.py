"""Who is pulled, as a process knows it: nothing is said before a look has ended, and nobody ends it for others."""

import asyncio

import pytest

from app.cards import viewer
from app.core.errors import Unavailable
from app.ports.graph import Circle
from app.ports.reactions import RecentReactions
from app.ports.tiers import Standing
from app.services.feed import roster
from app.services.feed.roster import BELIEVED_MS, Roster

WEEK_MS = 7 * 86_400_000
STAR, OTHER = (f"usr_{letter * 26}" for letter in "SO")
NONE = RecentReactions(frozenset(), "")
FAN = viewer.pack(Circle(frozenset({STAR}), frozenset(), frozenset(), frozenset()), NONE, NONE)
STRANGER = viewer.pack(Circle(frozenset({OTHER}), frozenset(), frozenset(), frozenset()), NONE, NONE)


class World:
    """`app.ports.tiers.Tiers`, as far as it is looked at, and a clock."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.store_is_ahead_ms = 0
        self.rows = [Standing(STAR, "pull", 1, changed_at=self.now_ms - 5)]
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.looks = 0
        self.roster = self.restarted()

    def restarted(self) -> Roster:
        return Roster(self, lambda: self.now_ms)  # type: ignore[arg-type]

    async def changed_since(self, since_ms: int, after_id: str, limit: int) -> tuple[list[Standing], int]:
        self.looks += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        rows = sorted(self.rows, key=lambda row: (row.changed_at, row.user_id))
        found = [row for row in rows if (row.changed_at, row.user_id) > (since_ms, after_id)][:limit]
        return found, self.now_ms + self.store_is_ahead_ms

    def cross(self, user_id: str) -> None:
        self.rows.append(Standing(user_id, "pull", 1, changed_at=self.now_ms + self.store_is_ahead_ms))

    def may_pull(self, blob: bytes = FAN) -> bool:
        return self.roster.may_pull("usr_reader", blob)

    async def known(self) -> list[str]:
        return [standing.user_id for standing in await self.roster.of({OTHER[4:], STAR[4:]})]


@pytest.fixture
async def world() -> World:
    return World()


async def test_whoever_comes_while_the_first_look_is_under_way_may_pull(world: World) -> None:
    world.open.clear()
    looking = asyncio.create_task(world.known())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert world.looks == 1
    assert world.may_pull()
    assert world.may_pull(STRANGER)

    world.open.set()
    assert await looking == [STAR]
    assert world.may_pull()
    assert not world.may_pull(STRANGER)


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("odd")])
async def test_while_no_look_has_succeeded_nobody_is_told_that_nobody_is_pulled(world: World, error: Exception) -> None:
    world.error = error
    for _ in range(3):
        with pytest.raises(type(error)):
            await world.known()
        assert world.may_pull(STRANGER)
        world.now_ms += BELIEVED_MS // 2
    assert world.looks == 3  # a failure is not believed

    world.error = None
    assert await world.known() == [STAR]
    assert not world.may_pull(STRANGER)


async def test_a_table_read_in_part_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "PAGE", 2)
    monkeypatch.setattr(roster, "PAGES", 2)
    world.rows += [Standing(f"usr_{n:026}", "pull", 1, changed_at=2 * n * roster.OVERLAP_MS) for n in range(1, 6)]
    with pytest.raises(Unavailable):
        await world.known()
    assert world.may_pull(STRANGER)
    assert await world.known() == [STAR]  # goes on where the first one left off


async def test_what_was_known_goes_on_holding_while_a_look_fails(world: World) -> None:
    assert await world.known() == [STAR]
    world.error = Unavailable("away")
    world.now_ms += BELIEVED_MS
    assert world.may_pull(STRANGER)
    assert await world.known() == [STAR]
    assert not world.may_pull(STRANGER)
    assert world.looks == 2

    world.error = None
    world.cross(OTHER)
    world.now_ms += BELIEVED_MS
    assert await world.known() == [OTHER, STAR]
    assert world.may_pull(STRANGER)


async def test_who_gives_up_ends_the_look_for_nobody(world: World) -> None:
    world.open.clear()
    impatient, patient = (asyncio.create_task(world.known()) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert world.may_pull(STRANGER)

    world.open.set()
    assert await patient == [STAR]
    assert world.looks == 1


async def test_a_look_that_its_only_asker_left_is_there_for_the_next(world: World) -> None:
    world.open.clear()
    asking = asyncio.create_task(world.known())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    world.open.set()
    assert await world.known() == [STAR]
    assert world.looks == 1


async def test_a_clock_that_was_set_back_is_not_believed(world: World) -> None:
    assert await world.known() == [STAR]
    world.now_ms -= WEEK_MS
    world.store_is_ahead_ms = WEEK_MS  # which is not set back with ours
    assert world.may_pull(STRANGER)
    await world.known()
    assert world.looks == 2


async def test_who_crosses_after_the_stores_clock_was_set_right_is_heard_of(world: World) -> None:
    world.rows.clear()
    world.store_is_ahead_ms = WEEK_MS
    world.cross(STAR)
    assert await world.known() == [STAR]

    world.store_is_ahead_ms = 0
    world.now_ms += 60_000
    world.cross(OTHER)
    world.now_ms += 60_000
    assert await world.known() == [OTHER, STAR]


async def test_a_stamp_of_a_clock_that_was_ahead_hides_no_later_one_from_a_process_that_starts(world: World) -> None:
    world.rows[0] = Standing(STAR, "pull", 1, changed_at=world.now_ms + WEEK_MS)
    for _ in range(2):
        assert await world.known() == [STAR]
        world.now_ms += 60_000
    world.cross(OTHER)
    world.now_ms += BELIEVED_MS
    assert await world.known() == [OTHER, STAR]
