"""Heat and base in the trending ledger: what weighs, how it fades, and how it is taken out. See `app.core.velocity`."""

import random

import asyncpg
import pytest

from app.core import ids, velocity
from app.core.clock import HOUR_MS, system_ms
from app.ports.trending import Delta, HeatColumns, Ledger
from tests.contract.test_ledger import a_scope

EVER = -1e9  # below every heat


async def hottest(ledger: Ledger, scope: str, heat_from: float = EVER) -> HeatColumns:
    await ledger.fold()
    return await ledger.hottest(scope, heat_from, 100)


def done(scope: str, video: str, actor: str, at: int, weight: int = velocity.VIEW, **counts: int) -> Delta:
    return Delta(ids.new("evt"), video, 7, (scope,), actor=actor, at=at, weight=weight, **(counts or {"views": 1}))


async def heats(ledger: Ledger, scope: str, now_ms: int) -> dict[str, tuple[float, float]]:
    rows = await hottest(ledger, scope)
    return {
        video_id: (velocity.at(heat, now_ms), velocity.at(base, now_ms, velocity.BASE_HALF_LIFE_MS))
        for video_id, heat, base in zip(rows.video_ids, rows.heats, rows.bases, strict=True)
    }


async def test_heat_halves_in_two_hours_and_base_in_a_day(ledger: Ledger) -> None:
    scope, video, now_ms = a_scope(), ids.new("vid"), system_ms()
    fans = [ids.new("usr") for _ in range(200)]
    times = [now_ms - random.randrange(72 * HOUR_MS) for _ in fans]
    deltas = [done(scope, video, fan, at) for fan, at in zip(fans, times, strict=True)]
    for first in range(0, 200, 40):
        await ledger.add(deltas[first : first + 40], "trending")
        await ledger.fold()
    found = (await heats(ledger, scope, now_ms))[video]
    assert found[0] == pytest.approx(sum(0.5 ** ((now_ms - at) / (2 * HOUR_MS)) for at in times), rel=1e-9)
    assert found[1] == pytest.approx(sum(0.5 ** ((now_ms - at) / (24 * HOUR_MS)) for at in times), rel=1e-9)


async def test_an_actor_weighs_once_for_each_kind_on_a_video(ledger: Ledger) -> None:
    scope, fan, now_ms = a_scope(), ids.new("usr"), system_ms()
    video, other = ids.new("vid"), ids.new("vid")
    views = [done(scope, video, fan, now_ms) for _ in range(30)]
    await ledger.add(views[:20], "trending")
    await ledger.add(views[15:], "trending")
    shares = [done(scope, video, fan, now_ms, velocity.SHARE, shares=1) for _ in range(5)]
    await ledger.add([*shares, done(scope, other, fan, now_ms)], "trending")
    found = await heats(ledger, scope, now_ms)
    assert found[video][0] == pytest.approx(velocity.VIEW + velocity.SHARE)
    assert found[other][0] == pytest.approx(velocity.VIEW)
    standing = await ledger.standing(video, scope)
    assert standing is not None
    assert (standing.views, standing.shares) == (30, 5)


async def test_what_weighs_nothing_gives_no_heat(ledger: Ledger) -> None:
    scope, video, now_ms = a_scope(), ids.new("vid"), system_ms()
    await ledger.add([done(scope, video, ids.new("usr"), now_ms, 0) for _ in range(500)], "trending")
    assert (await hottest(ledger, scope)).video_ids == []
    standing = await ledger.standing(video, scope)
    assert standing is not None
    assert (standing.views, standing.heat, standing.base) == (500, None, None)


async def test_an_unlike_takes_its_likes_heat_out_however_late(ledger: Ledger) -> None:
    scope, fan, video, now_ms = a_scope(), ids.new("usr"), ids.new("vid"), system_ms()
    await ledger.add([done(scope, video, ids.new("usr"), now_ms)], "trending")
    for hours in (9, 6, 3):  # on and off again: only the last like is in force
        liked_ms = now_ms - hours * HOUR_MS
        await ledger.add([done(scope, video, fan, liked_ms, velocity.LIKE, likes=1)], "trending")
        assert (await heats(ledger, scope, now_ms))[video][0] == pytest.approx(1 + 2 * 0.5 ** (hours / 2))
        await ledger.add([done(scope, video, fan, liked_ms + 1000, 0, likes=-1)], "trending")
        assert (await heats(ledger, scope, now_ms))[video][0] == pytest.approx(1)


async def test_a_bots_heat_is_taken_out_in_any_order_and_what_it_does_later_counts_again(ledger: Ledger) -> None:
    scope, bot, video, now_ms = a_scope(), ids.new("usr"), ids.new("vid"), system_ms()
    honest = [done(scope, video, ids.new("usr"), now_ms - n * HOUR_MS) for n in range(10)]
    pushed = [
        done(scope, video, bot, now_ms, velocity.SHARE, shares=1),
        done(scope, video, bot, now_ms, velocity.LIKE, likes=1),
        done(scope, video, bot, now_ms + 1, 0, likes=-1),
    ]
    await ledger.add(honest, "trending")
    before = (await heats(ledger, scope, now_ms))[video]
    await ledger.add(pushed, "trending")
    assert (await heats(ledger, scope, now_ms))[video][0] == pytest.approx(before[0] + velocity.SHARE)
    assert (await ledger.retract(bot, 500))[0] == 3
    assert (await heats(ledger, scope, now_ms))[video] == pytest.approx(before)
    await ledger.add([done(scope, video, bot, now_ms)], "trending")
    assert (await heats(ledger, scope, now_ms))[video][0] == pytest.approx(before[0] + velocity.VIEW)


async def test_a_video_that_only_bots_pushed_has_no_heat_left(ledger: Ledger) -> None:
    scope, bots, video, now_ms = a_scope(), [ids.new("usr") for _ in range(50)], ids.new("vid"), system_ms()
    await ledger.add([done(scope, video, bot, now_ms - n * 60_000) for n, bot in enumerate(bots)], "trending")
    assert (await hottest(ledger, scope)).video_ids == [video]
    for bot in bots:
        await ledger.retract(bot, 500)
    assert (await hottest(ledger, scope)).video_ids == []


async def test_the_hottest_come_first_and_stop_at_the_bound(ledger: Ledger, pool: asyncpg.Pool) -> None:
    scope, now_ms = a_scope(), system_ms()
    videos = [ids.new("vid") for _ in range(40)]
    deltas = [done(scope, video, ids.new("usr"), now_ms - n * 20 * 60_000) for n, video in enumerate(videos)]
    await ledger.add(deltas, "trending")
    bound = velocity.log2_heat(0.5, now_ms)
    rows = await hottest(ledger, scope, bound)
    assert rows.video_ids == videos[:7]  # a view is worth half after two hours
    assert scope in await ledger.hot_scopes(bound)
    assert scope not in await ledger.hot_scopes(velocity.log2_heat(2, now_ms))
    plan = await pool.fetch(
        "EXPLAIN SELECT video_id, heat, base FROM activity.trending_ledger "
        "WHERE scope = 'global' AND heat >= 0 ORDER BY heat DESC, video_id LIMIT 1000"
    )
    assert "trending_ledger_hottest" in "\n".join(row[0] for row in plan)
