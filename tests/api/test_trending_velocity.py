"""Trending by `velocity`: whom it trusts, and what a burst of strangers comes to."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest

from app import commands
from app.core import ids
from app.core.clock import DAY_MS, HOUR_MS, system_ms
from app.core.config import Settings
from app.core.events import Event, event
from app.features import Features
from app.services.feed.board import Board
from app.services.feed.handlers import CountTrending
from app.services.feed.rule import Velocity
from app.stores import Stores
from tests.api.test_feed_trending import fresh_category
from tests.factories import make_video, sign_up


class Crowd:
    """Accounts of any age, what they do to videos, and the list that comes of it."""

    def __init__(self, stores: Stores, built: Features) -> None:
        self.category = fresh_category()
        self._stores = stores
        self._count = CountTrending(stores.ledger, stores.videos, DAY_MS, system_ms)
        self.board = Board(Velocity(stores.ledger), stores.ledger, stores.trending, built.pages, system_ms)

    async def video(self, author_id: str) -> str:
        return (await make_video(self._stores, author_id, category=self.category)).video_id

    def accounts(self, count: int, age_ms: int) -> list[str]:
        return [ids.new("usr", system_ms() - age_ms) for _ in range(count)]

    async def do(self, kind: str, actors: Sequence[str], video_id: str, ago_ms: int = 0, **data: Any) -> None:
        now_ms = system_ms() - ago_ms
        facts: list[Event] = [event(kind, actor, now_ms, video_id=video_id, **data) for actor in actors]
        for first in range(0, len(facts), 100):
            await self._count(facts[first : first + 100])
        await self._stores.ledger.fold()

    async def listed(self) -> list[str]:
        return [video_id for video_id, _ in await self.board.make(self.category)]


@pytest.fixture
def crowd(stores: Stores, built: Features) -> Crowd:
    return Crowd(stores, built)


async def test_a_burst_of_new_accounts_and_strangers_does_not_trend(client: httpx.AsyncClient, crowd: Crowd) -> None:
    author = await sign_up(client)
    pushed, honest = await crowd.video(author.user_id), await crowd.video(author.user_id)
    new = crowd.accounts(300, HOUR_MS)
    for kind in ("video.liked", "video.shared"):
        await crowd.do(kind, new, pushed)
    strangers = [f"anon_{number:024x}" for number in range(300)]
    await crowd.do("video.viewed", new + strangers, pushed, counted=True)
    await crowd.do("video.viewed", crowd.accounts(3, 2 * DAY_MS), honest, counted=True)
    assert await crowd.listed() == [honest]


async def test_one_actor_is_one_actor_however_busy(client: httpx.AsyncClient, crowd: Crowd) -> None:
    author = await sign_up(client)
    pushed, honest = await crowd.video(author.user_id), await crowd.video(author.user_id)
    (busy,) = crowd.accounts(1, 9 * DAY_MS)
    for kind in ("video.viewed", "video.shared", "video.liked"):
        await crowd.do(kind, [busy] * 200, pushed, counted=True)
    await crowd.do("video.viewed", crowd.accounts(7, 2 * DAY_MS), honest, counted=True)
    assert await crowd.listed() == [honest, pushed]  # seven against one view, one like and one share


async def test_authors_and_events_from_the_future_gain_nothing(client: httpx.AsyncClient, crowd: Crowd) -> None:
    author = await sign_up(client)
    own, future, present = [await crowd.video(author.user_id) for _ in range(3)]
    for kind in ("video.viewed", "video.liked", "video.shared"):
        await crowd.do(kind, [author.user_id], own, author_id=author.user_id, counted=True)
    old, new = crowd.accounts(4, 2 * DAY_MS), crowd.accounts(50, HOUR_MS)
    await crowd.do("video.shared", old[:1], future, ago_ms=-90 * DAY_MS)
    await crowd.do("video.shared", new, future, ago_ms=-90 * DAY_MS)
    await crowd.do("video.shared", old[1:3], present)
    assert await crowd.listed() == [present, future]


async def test_what_grows_stands_above_what_goes_on(client: httpx.AsyncClient, crowd: Crowd) -> None:
    author = await sign_up(client)
    steady, rising = await crowd.video(author.user_id), await crowd.video(author.user_id)
    for hours in range(48):
        await crowd.do("video.viewed", crowd.accounts(4, 9 * DAY_MS), steady, hours * HOUR_MS, counted=True)
    await crowd.do("video.viewed", crowd.accounts(8, 9 * DAY_MS), rising, counted=True)
    assert await crowd.listed() == [rising, steady]


async def test_a_velocity_score_is_explained_and_a_bots_part_taken_out(
    client: httpx.AsyncClient,
    stores: Stores,
    crowd: Crowd,
    api_settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_velocity = msgspec.structs.replace(api_settings, trending_rule="velocity")
    author = await sign_up(client)
    video_id, bot = await crowd.video(author.user_id), crowd.accounts(1, 2 * DAY_MS)[0]
    await crowd.do("video.viewed", crowd.accounts(3, 2 * DAY_MS), video_id, counted=True)
    await crowd.do("video.shared", [bot], video_id)
    await crowd.listed()

    async def explained() -> tuple[str, dict[str, str], list[str]]:
        assert (
            await commands.trending(by_velocity, Namespace(action="explain", video=video_id, scope=crowd.category)) == 0
        )
        first, *lines = [line for line in capsys.readouterr().out.splitlines() if "HTTP/1.1" not in line]
        return first, {line.split()[0]: line.split()[1] for line in lines[:5]}, lines[6:]

    first, terms, events = await explained()
    assert first == f"{video_id} in {crowd.category}, rule velocity-1, 1 in the list"
    assert float(terms["heat"]) == pytest.approx(6, abs=0.01)
    assert float(terms["growth"]) == pytest.approx(12, abs=0.02)
    assert int(terms["score"]) == pytest.approx(7200, abs=30)
    assert [line.split()[2] for line in events if "weight +3" in line] == [bot]

    await commands.trending(by_velocity, Namespace(action="retract", actor=bot))
    _, terms, events = await explained()
    assert float(terms["heat"]) == pytest.approx(3, abs=0.01)
    assert [line.split()[2] for line in events if line.endswith("retracted")] == [bot]
    ((listed, score),) = await crowd.board.read(crowd.category)
    assert listed == video_id
    assert score == pytest.approx(3600, abs=30)
