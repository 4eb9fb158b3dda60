"""How events get into the trending ledger: noted in rows of their own, and folded in. See `app.ports.trending`."""

import asyncio
import random

import pytest

from app.core import ids
from app.core.errors import Unavailable
from app.ports.trending import Delta, Ledger
from tests.contract.evidence import Evidence
from tests.contract.test_ledger import ALL, a_delta, a_scope, leaders


async def test_ten_thousand_views_of_one_video_change_its_row_once_a_fold(
    ledger: Ledger, activity_store: Evidence
) -> None:
    scope, video = a_scope(), ids.new("vid")
    views = [Delta(ids.new("evt"), video, 7, (scope,), views=1, actor=ids.new("usr"), at=8) for _ in range(10_000)]
    batches = [views[first : first + 100] for first in range(0, len(views), 100)]
    async with activity_store.changes_of("trending_ledger", "video_id", video) as changes:

        async def partition(number: int) -> None:
            for batch in batches[number::4]:
                await ledger.add(batch, "trending")

        await asyncio.gather(*(partition(number) for number in range(4)))
        assert await changes() == 0
        await ledger.fold()
        assert await changes() == 1
        await ledger.fold()
        assert await changes() == 1

        folds = 0
        done = asyncio.Event()

        async def folding() -> None:
            nonlocal folds
            while not done.is_set():
                await ledger.fold()
                folds += 1

        again = asyncio.create_task(folding())
        await asyncio.gather(*(partition(number) for number in range(4)))  # delivered once more: nothing is new
        done.set()
        await again
        assert await changes() == 1
        assert folds > 0
    assert (await leaders(ledger, scope, ALL, 10)).points == [10_000_000]
    assert len(await ledger.contributions(video, scope, 10_001)) == 10_000


async def test_folds_and_additions_at_once_lose_nothing(ledger: Ledger) -> None:
    scope, videos = a_scope(), [ids.new("vid") for _ in range(5)]
    deltas = [a_delta(scope, random.choice(videos), views=1) for _ in range(1000)]
    work = [ledger.add(deltas[first : first + 50], "trending") for first in range(0, 1000, 50)]
    await asyncio.gather(*work, *(ledger.fold() for _ in range(20)))
    assert sum((await leaders(ledger, scope, ALL, 10)).points) == 1_000_000


async def test_a_killed_fold_loses_nothing_and_doubles_nothing(ledger: Ledger, activity_store: Evidence) -> None:
    scope, video = a_scope(), ids.new("vid")
    await ledger.add([a_delta(scope, video, views=3)], "trending")
    async with activity_store.dies_at("trending_ledger", video_id=video):
        with pytest.raises(Unavailable):
            await ledger.fold()
    assert (await leaders(ledger, scope, ALL, 10)).points == [3000]
    assert (await leaders(ledger, scope, ALL, 10)).points == [3000]


async def test_an_unlike_takes_out_what_its_like_put_in_where_it_was_put(ledger: Ledger) -> None:
    before, after, fan, video = a_scope(), a_scope(), ids.new("usr"), ids.new("vid")

    def toggled(scope: str, likes: int, at: int) -> Delta:
        return Delta(ids.new("evt"), video, 7, ("global", scope), likes=likes, actor=fan, at=at)

    await ledger.add([toggled(before, 1, 10)], "trending")
    await ledger.add([toggled(after, -1, 20)], "trending")  # its category changed meanwhile
    assert (await leaders(ledger, before, ALL, 10)).points == [0]
    assert (await leaders(ledger, after, ALL, 10)).points == []

    await ledger.add([toggled(before, 1, 30), toggled(after, -1, 40), toggled(after, 1, 50)], "trending")
    assert (await leaders(ledger, before, ALL, 10)).points == [0]
    assert (await leaders(ledger, after, ALL, 10)).points == [500]
    await ledger.add([toggled(before, -1, 60)], "trending")
    assert (await leaders(ledger, after, ALL, 10)).points == [0]
    assert (await leaders(ledger, before, ALL, 10)).points == [0]
