"""How long a process believes that a session lives."""

from typing import Any, cast

import pytest

from app.core.errors import Unauthenticated
from app.core.tokens import Claims
from app.http.viewer import BELIEVED_MS, Doorkeeper


class World:
    """One session, whose token is always good, and a clock."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.liveness = "alive"
        self.asked = 0
        everything = cast("Any", self)
        self.doorkeeper = Doorkeeper(everything, everything, everything, lambda: self.now_ms)

    def verify(self, _token: str, now_ms: int) -> Claims:
        return Claims("usr", "ses", now_ms // 1000 + 900)

    async def get(self, _session_id: str) -> str:
        self.asked += 1
        return self.liveness

    async def seen(self, _session_id: str, _now_ms: int) -> None:
        return

    async def is_admitted(self) -> bool:
        try:
            return await self.doorkeeper.admit("Bearer x") is not None
        except Unauthenticated:
            return False


@pytest.fixture
def world() -> World:
    return World()


async def test_who_was_found_alive_is_believed_for_a_second(world: World) -> None:
    assert await world.is_admitted()
    world.liveness = "revoked"
    world.now_ms += BELIEVED_MS - 1
    assert await world.is_admitted()
    assert world.asked == 1

    world.now_ms += 1
    assert not await world.is_admitted()


@pytest.mark.parametrize("step_ms", [1, 3_600_000])
async def test_a_clock_set_back_lengthens_no_belief(world: World, step_ms: int) -> None:
    assert await world.is_admitted()
    world.liveness = "revoked"
    world.now_ms -= step_ms
    assert not await world.is_admitted()
