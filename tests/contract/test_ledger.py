"""The trending ledger. See `app.ports.trending`."""

import asyncio
import random

import asyncpg
import msgspec
import pytest

from app.core import ids
from app.core.clock import system_ms
from app.core.errors import Unavailable
from app.ports.trending import Contribution, Delta, Ledger, LedgerColumns, Standing
from hotpath import trending
from tests.contract.evidence import Evidence

ALL = -(2**63)  # below every rank key


def a_scope() -> str:
    return f"s{random.randrange(2**60)}"


def a_delta(scope: str, video_id: str, published_at: int = 1_800_000_000_000, **counts: int) -> Delta:
    delta = Delta(ids.new("evt"), video_id, published_at, (scope,))
    return msgspec.structs.replace(delta, **counts)


async def leaders(ledger: Ledger, scope: str, rank_key_from: int, limit: int) -> LedgerColumns:
    await ledger.fold()
    return await ledger.leaders(scope, rank_key_from, limit)


async def scopes(ledger: Ledger, rank_key_from: int) -> list[str]:
    await ledger.fold()
    return await ledger.scopes(rank_key_from)


async def standing(ledger: Ledger, video_id: str, scope: str) -> Standing | None:
    await ledger.fold()
    return await ledger.standing(video_id, scope)


async def test_deltas_of_a_video_add_up_in_each_scope(ledger: Ledger) -> None:
    here, there, one, other = a_scope(), a_scope(), ids.new("vid"), ids.new("vid")
    both = Delta(ids.new("evt"), one, 7, (here, there), views=2)
    await ledger.add([both, a_delta(here, one, 7, likes=1), a_delta(here, other, 8, shares=1)], "trending")
    await ledger.add([a_delta(here, one, 7, views=1, likes=-3)], "trending")
    assert await leaders(ledger, there, ALL, 10) == LedgerColumns([one], [2000], [7])
    assert await leaders(ledger, here, ALL, 10) == LedgerColumns([other, one], [2000, 2000], [8, 7])


async def test_an_event_adds_once_for_a_group(ledger: Ledger) -> None:
    scope, video = a_scope(), ids.new("vid")
    delta, fresh = a_delta(scope, video, views=1), a_delta(scope, video, likes=1)
    await ledger.add([delta, delta], "trending")
    await ledger.add([delta, fresh], "trending")
    await ledger.add([fresh], "trending")
    assert (await leaders(ledger, scope, ALL, 10)).points == [1500]
    await ledger.add([delta], "another")
    assert (await leaders(ledger, scope, ALL, 10)).points == [2500]


async def test_batches_that_overlap_in_parallel_add_each_event_once(ledger: Ledger) -> None:
    scope, videos = a_scope(), [ids.new("vid") for _ in range(20)]
    deltas = [a_delta(scope, random.choice(videos), views=1) for _ in range(400)]
    batches = [random.sample(deltas, 300) for _ in range(6)] + [deltas[:200], deltas[200:]]
    await asyncio.gather(*(ledger.add(batch, "trending") for batch in batches))
    columns = await leaders(ledger, scope, ALL, 100)
    expected = {video: 1000 * sum(delta.video_id == video for delta in deltas) for video in videos}
    assert dict(zip(columns.video_ids, columns.points, strict=True)) == {v: n for v, n in expected.items() if n}


async def test_an_event_without_a_scope_adds_nothing(ledger: Ledger) -> None:
    await ledger.add([Delta(ids.new("evt"), ids.new("vid"), 7, (), views=1)], "trending")
    await ledger.add([], "trending")


async def test_more_than_five_hundred_deltas_are_refused(ledger: Ledger) -> None:
    scope = a_scope()
    deltas = [a_delta(scope, ids.new("vid"), views=1) for _ in range(501)]
    with pytest.raises(ValueError, match="501"):
        await ledger.add(deltas, "trending")
    assert (await leaders(ledger, scope, ALL, 10)).video_ids == []
    await ledger.add(deltas[:500], "trending")
    assert len((await leaders(ledger, scope, ALL, 1000)).video_ids) == 500


async def test_the_rank_key_is_the_kernel_s(ledger: Ledger, pool: asyncpg.Pool) -> None:
    scope = a_scope()
    edges = [0, 1, 299_999, 300_000, 300_001, 2**48 - 1]
    times = edges + [random.randrange(2**41) for _ in range(200)]
    deltas = [
        a_delta(
            scope,
            ids.new("vid"),
            at,
            views=random.randrange(-10, 10**10),
            likes=random.randrange(-10, 10**10),
            shares=random.randrange(-10, 10**9),
        )
        for at in times
    ]
    await ledger.add(deltas, "trending")
    more = [a_delta(scope, delta.video_id, delta.published_at, views=-3, likes=5, shares=1) for delta in deltas[:100]]
    await ledger.add(more, "trending")
    await ledger.fold()
    rows = await pool.fetch(
        "SELECT points, published_at, rank_key FROM activity.trending_ledger WHERE scope = $1", scope
    )
    assert [row["rank_key"] for row in rows] == [trending.rank_key(row["points"], row["published_at"]) for row in rows]
    assert sorted(row["published_at"] for row in rows) == sorted(times)


async def test_leaders_come_in_the_order_of_their_scores_and_stop_at_the_bound(ledger: Ledger) -> None:
    scope, now = a_scope(), system_ms()
    deltas = [
        a_delta(scope, ids.new("vid"), now - random.randrange(40 * 3_600_000), views=random.randrange(3))
        for _ in range(200)
    ]
    await ledger.add(deltas, "trending")

    def score(delta: Delta) -> int:
        return int(trending.score(delta.views, delta.likes, delta.shares, delta.published_at, now))

    best_first = sorted(deltas, key=lambda d: trending.rank_key(1000 * d.views, d.published_at), reverse=True)
    on_the_list = [delta.video_id for delta in best_first if score(delta) >= 100]
    assert (await leaders(ledger, scope, trending.threshold(now), 1000)).video_ids == on_the_list
    assert 0 < len(on_the_list) < len(deltas)
    assert (await leaders(ledger, scope, trending.threshold(now), 5)).video_ids == on_the_list[:5]


async def test_a_row_at_the_bound_is_a_leader(ledger: Ledger) -> None:
    scope, video, published_at = a_scope(), ids.new("vid"), 1_800_000_000_000
    await ledger.add([a_delta(scope, video, published_at, views=1)], "trending")
    bound = trending.rank_key(1000, published_at)
    assert (await leaders(ledger, scope, bound, 10)).video_ids == [video]
    assert (await leaders(ledger, scope, bound + 1, 10)).video_ids == []


async def test_scopes_are_those_with_a_row_at_or_above_the_bound(ledger: Ledger) -> None:
    risen, fallen, published_at = a_scope(), a_scope(), 1_800_000_000_000
    await ledger.add([a_delta(risen, ids.new("vid"), published_at, views=views) for views in (1, 2)], "trending")
    await ledger.add([a_delta(fallen, ids.new("vid"), published_at, views=1)], "trending")
    bound = trending.rank_key(2000, published_at)
    assert {risen, fallen} & set(await scopes(ledger, bound)) == {risen}
    assert {risen, fallen} & set(await scopes(ledger, bound + 1)) == set()
    assert {risen, fallen} <= set(await scopes(ledger, trending.rank_key(1000, published_at)))


@pytest.mark.parametrize("table", ["applied", "trending_contributions", "trending_pending"])
async def test_a_batch_killed_anywhere_leaves_nothing(ledger: Ledger, activity_store: Evidence, table: str) -> None:
    scope = a_scope()
    first, last = a_delta(scope, ids.new("vid"), views=1), a_delta(scope, ids.new("vid"), views=1)
    row = {"applied": {"cause": f"{last.event_id}/trending"}}.get(table, {"video_id": last.video_id})
    async with activity_store.dies_at(table, **row):
        with pytest.raises(Unavailable):
            await ledger.add([first, last], "trending")
    assert (await leaders(ledger, scope, ALL, 10)).video_ids == []
    assert not await activity_store.marked(f"{first.event_id}/trending")
    for _ in range(2):
        await ledger.add([first, last], "trending")
    assert (await leaders(ledger, scope, ALL, 10)).points == [1000, 1000]


async def test_contributions_are_kept_with_what_they_moved_and_tell_a_videos_standing(ledger: Ledger) -> None:
    here, there, one, best = a_scope(), a_scope(), ids.new("vid"), ids.new("vid")
    liked = Delta(ids.new("evt"), one, 7, (here, there), likes=1, actor="ada", at=1000)
    shared = Delta(ids.new("evt"), one, 7, (here,), shares=1, actor="bob", at=2000)
    await ledger.add([liked, a_delta(here, best, 8, shares=9), shared, liked], "trending")
    await ledger.add([liked], "trending")

    assert await standing(ledger, one, here) == Standing(views=0, likes=1, shares=1, published_at=7, above=1)
    assert await standing(ledger, best, here) == Standing(views=0, likes=0, shares=9, published_at=8, above=0)
    assert await standing(ledger, best, there) is None
    of_ada = Contribution(f"{liked.event_id}/trending", "ada", 0, 1, 0, (here, there), 1000, False, weighed_at=1000)
    of_bob = Contribution(f"{shared.event_id}/trending", "bob", 0, 0, 1, (here,), 2000, False, weighed_at=2000)
    assert await ledger.contributions(one, here, 10) == [of_bob, of_ada]
    assert await ledger.contributions(one, here, 1) == [of_bob]
    assert await ledger.contributions(one, there, 10) == [of_ada]


async def test_an_event_of_the_future_counts_as_now(ledger: Ledger) -> None:
    scope, video = a_scope(), ids.new("vid")
    await ledger.add([Delta(ids.new("evt"), video, 7, (scope,), likes=1, actor="ada", at=2**47)], "trending")
    (kept,) = await ledger.contributions(video, scope, 10)
    assert kept.at <= system_ms()


async def test_an_actors_part_is_taken_out_of_every_scope_once(ledger: Ledger) -> None:
    here, there, bot, video = a_scope(), a_scope(), ids.new("usr"), ids.new("vid")
    before = [a_delta(here, video, 7, views=3), a_delta(there, video, 7, likes=2)]
    of_the_bot = [Delta(ids.new("evt"), video, 7, (here, there), shares=1, actor=bot, at=1) for _ in range(40)]
    await ledger.add([*before, *of_the_bot], "trending")

    results = await asyncio.gather(*(ledger.retract(bot, 15) for _ in range(5)))

    assert sum(count for count, _ in results) == 40
    assert frozenset().union(*(scopes for _, scopes in results)) == {here, there}
    assert await ledger.retract(bot, 15) == (0, frozenset())
    assert (await leaders(ledger, here, ALL, 10)).points == [3000]
    assert (await leaders(ledger, there, ALL, 10)).points == [1000]
    await ledger.add(of_the_bot, "trending")  # delivered once more
    assert (await leaders(ledger, here, ALL, 10)).points == [3000]
    assert {kept.retracted for kept in await ledger.contributions(video, there, 50) if kept.actor == bot} == {True}


async def test_an_unlike_takes_nothing_back_a_second_time(ledger: Ledger) -> None:
    scope, bot, video = a_scope(), ids.new("usr"), ids.new("vid")

    async def points_after(likes: int) -> int:
        delta = Delta(ids.new("evt"), video, 7, (scope,), likes=likes, actor=bot, at=1)
        await ledger.add([delta], "trending")
        return (await leaders(ledger, scope, ALL, 10)).points[0]

    await ledger.add([a_delta(scope, video, 7, views=1)], "trending")
    assert await points_after(1) == 1500
    assert (await ledger.retract(bot, 500))[0] == 1
    assert await points_after(-1) == 1000
    assert await points_after(1) == 1500
    assert await points_after(-1) == 1000


async def test_unlikes_and_a_retraction_at_once_leave_nothing_of_the_actor(ledger: Ledger) -> None:
    scope, bot, videos = a_scope(), ids.new("usr"), [ids.new("vid") for _ in range(30)]
    await ledger.add([a_delta(scope, video, 7, views=1) for video in videos], "trending")
    likes = [Delta(ids.new("evt"), video, 7, (scope,), likes=1, actor=bot, at=1) for video in videos]
    await ledger.add(likes, "trending")
    unlikes = [Delta(ids.new("evt"), video, 7, (scope,), likes=-1, actor=bot, at=2) for video in videos]

    await asyncio.gather(*(ledger.add([each], "trending") for each in unlikes), ledger.retract(bot, 20))
    for _ in range(10):
        await ledger.retract(bot, 20)

    assert (await leaders(ledger, scope, ALL, 100)).points == [1000] * 30


async def test_a_killed_retraction_takes_nothing(ledger: Ledger, activity_store: Evidence) -> None:
    scope, bot, video = a_scope(), ids.new("usr"), ids.new("vid")
    await ledger.add([Delta(ids.new("evt"), video, 7, (scope,), likes=1, actor=bot, at=1)], "trending")
    async with activity_store.dies_at("trending_pending", video_id=video):
        with pytest.raises(Unavailable):
            await ledger.retract(bot, 10)
    assert (await leaders(ledger, scope, ALL, 10)).points == [500]
    assert await ledger.retract(bot, 10) == (1, frozenset({scope}))


async def test_old_contributions_are_forgotten_and_their_sums_stay(ledger: Ledger) -> None:
    scope, video = a_scope(), ids.new("vid")
    old, young = (Delta(ids.new("evt"), video, 7, (scope,), likes=1, actor="ada", at=at) for at in (5, system_ms()))
    await ledger.add([old, young], "trending")
    await ledger.prune(6)
    assert [kept.cause for kept in await ledger.contributions(video, scope, 10)] == [f"{young.event_id}/trending"]
    assert (await leaders(ledger, scope, ALL, 10)).points == [1000]
