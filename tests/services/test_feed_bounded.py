"""Sources under one deadline: what is late or down is missing, and nothing else is."""

import asyncio
import gc

import pytest

from app.core.errors import Unavailable
from app.services.feed.bounded import given, in_time


async def soon() -> str:
    await asyncio.sleep(0)
    return "here"


async def never() -> str:
    await asyncio.Event().wait()
    return "never"


async def down() -> str:
    raise Unavailable("not now")


async def wrong() -> str:
    raise KeyError("a mistake")


async def test_what_is_late_or_down_gives_nothing_and_the_others_are_there() -> None:
    here, late, refused = (asyncio.create_task(source()) for source in (soon, never, down))

    async with asyncio.timeout(5):
        await in_time(0.05, (here, late, refused))

    assert [given("test", source) for source in (here, late, refused)] == ["here", None, None]
    await asyncio.wait((late,))
    assert late.cancelled()


async def test_a_mistake_is_no_absence() -> None:
    source = asyncio.create_task(wrong())
    await in_time(5, (source,))
    with pytest.raises(KeyError):
        given("test", source)


async def test_a_failure_that_nobody_asks_for_is_not_logged_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    await in_time(5, (asyncio.create_task(down()), asyncio.create_task(soon())))
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_what_is_there_already_needs_no_waiting(caplog: pytest.LogCaptureFixture) -> None:
    here, refused = asyncio.create_task(soon()), asyncio.create_task(down())
    await asyncio.wait((here, refused))
    turned = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turned.set_result, None)

    await in_time(5, (here, refused))

    assert not turned.done()
    assert [given("test", source) for source in (here, refused)] == ["here", None]
    await in_time(5, (asyncio.create_task(soon()), refused := asyncio.create_task(down())))
    del refused
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_who_gives_up_ends_the_sources() -> None:
    late = asyncio.create_task(never())
    waiting = asyncio.create_task(in_time(60, (late,)))
    await asyncio.sleep(0)

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait((late,))
    assert late.cancelled()
