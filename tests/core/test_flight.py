"""One making for all who ask meanwhile."""

import asyncio

import pytest

from app.core.flight import SingleFlight


async def test_all_who_ask_meanwhile_share_one_making_and_the_next_begins_another() -> None:
    flight: SingleFlight[str, int] = SingleFlight()
    made, finish = 0, asyncio.Event()

    async def make() -> int:
        nonlocal made
        made += 1
        await finish.wait()
        return made

    asking = [asyncio.create_task(flight.share("a", make)) for _ in range(5)]
    other = asyncio.create_task(flight.share("b", make))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    finish.set()

    assert await asyncio.gather(*asking) == [2] * 5
    assert await other == 2
    assert await flight.share("a", make) == 3


async def test_who_gives_up_ends_the_making_for_nobody() -> None:
    flight: SingleFlight[str, str] = SingleFlight()
    finish = asyncio.Event()

    async def make() -> str:
        await finish.wait()
        return "made"

    first, second = (asyncio.create_task(flight.share("a", make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    finish.set()

    assert await second == "made"


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    flight: SingleFlight[str, int] = SingleFlight()

    async def fail() -> int:
        raise ValueError("not this time")

    async def make() -> int:
        return 1

    outcomes = await asyncio.gather(flight.share("a", fail), flight.share("a", make), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]
    assert await flight.share("a", make) == 1
