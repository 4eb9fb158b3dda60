"""What is the same for all is asked for once a second, and a store that is down is asked again at once."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.ports.trending import TrendingLists
from app.ports.videos import Videos
from app.services.feed.common import BELIEVED_MS, LISTS_KEPT, Common


class Stores:
    """Videos and trending lists in one; what was asked, whether it can be answered, and when it is."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False
        self.open = asyncio.Event()
        self.open.set()

    async def fresh(self, after: Keyset | None, limit: int, category: str | None = None) -> list[tuple[int, str]]:
        await self._ask(f"fresh {category} {limit}")
        return [(2, "new"), (1, "old")]

    async def best(self, scopes: Sequence[str]) -> list[list[str]]:
        await self._ask(f"best {','.join(scopes)}")
        return [[f"{scope}-1", f"{scope}-2"] for scope in scopes]

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        await self.open.wait()
        if self.down:
            raise Unavailable("not now")


class World:
    def __init__(self) -> None:
        self.now_ms = 0
        self.stores = Stores()
        stores = cast("Any", self.stores)
        self.common = Common(cast("Videos", stores), cast("TrendingLists", stores), lambda: self.now_ms)


@pytest.fixture
async def world() -> World:
    return World()


async def test_a_list_is_asked_for_once_a_second(world: World) -> None:
    for _ in range(3):
        assert await world.common.fresh() == ["new", "old"]
    world.now_ms += BELIEVED_MS - 1
    await world.common.fresh()
    assert world.stores.asked == ["fresh None 200"]

    world.now_ms += 1
    await world.common.fresh()
    assert world.stores.asked == ["fresh None 200"] * 2

    world.now_ms -= 5 * BELIEVED_MS  # a clock that was set back
    await world.common.fresh()
    assert world.stores.asked == ["fresh None 200"] * 3


async def test_what_trends_and_what_is_new_in_a_category_come_by_turns(world: World) -> None:
    assert await world.common.category("dance") == ["new", "dance-1", "old", "dance-2"]
    assert await world.common.trending("DE") == ["DE-1", "DE-2"]
    assert world.stores.asked == ["best dance", "fresh dance 40", "best DE"]


async def test_who_gives_up_does_not_end_it_for_others(world: World) -> None:
    world.stores.open.clear()
    impatient, patient = world.common.fresh(), world.common.fresh()
    await asyncio.sleep(0)
    impatient.cancel()
    world.now_ms += 10 * BELIEVED_MS  # whoever comes while it is under way waits for it too
    late = world.common.fresh()
    world.stores.open.set()

    assert [await patient, await late] == [["new", "old"]] * 2
    assert len(world.stores.asked) == 1


async def test_a_failure_is_not_believed(world: World) -> None:
    world.stores.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await world.common.category("dance")
    world.stores.down = False

    assert len(await world.common.category("dance")) == 4
    assert world.stores.asked.count("fresh dance 40") == 3


async def test_no_more_lists_are_kept_than_fit(world: World) -> None:
    for number in range(LISTS_KEPT + 1):
        await world.common.trending(str(number))
    await world.common.trending("0")

    assert world.stores.asked[-1] == "best 0"
    assert len(world.stores.asked) == LISTS_KEPT + 2
