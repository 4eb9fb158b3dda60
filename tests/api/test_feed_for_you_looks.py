"""How many candidates a build of For You looks at: the best first, the rest only where too few of those are new."""

from collections.abc import Sequence

import pytest

from app.adapters.redis.seen import RedisSeen
from app.core.clock import system_ms
from tests.api.feeding import authors, feed, stock, stock_of, watch
from tests.api.island import Island
from tests.factories import sign_up

URL = "/api/v1/feed/for-you"


@pytest.mark.parametrize("seen_of_followed", [0, 110])
async def test_where_the_best_were_seen_the_rest_is_looked_at(island: Island, seen_of_followed: int) -> None:
    older_ms = system_ms() - 86_400_000
    others = [video.video_id for video in await stock_of(island.stores, await authors(island.stores, 9), 10, older_ms)]
    (star,) = await authors(island.stores, 1)
    followed = [video.video_id for video in await stock(island.stores, star, 110)]  # half of what is fresh, and newer
    reader = await sign_up(island.client)
    await island.client.post(f"/api/v1/users/{star}/follow", headers=reader.headers)
    await island.stores.seen.build(reader.user_id, followed[:seen_of_followed], system_ms())

    await feed(island.client, URL, reader.headers)

    built = await island.stores.feeds.read("feed", reader.user_id, upper=2**53, after=None, limit=200)
    assert built is not None
    listed = [video_id for _, video_id in built.entries]
    assert len(listed) == 100
    if seen_of_followed:
        assert set(listed[:90]) == set(others)
        assert set(listed[90:]) < set(followed)
    else:
        assert set(listed) == set(followed[:100])  # the best hundred of either: nothing more was looked at


async def test_a_filter_made_anew_is_not_made_again_for_the_rest(
    island: Island, monkeypatch: pytest.MonkeyPatch
) -> None:
    older_ms = system_ms() - 86_400_000
    others = [video.video_id for video in await stock_of(island.stores, await authors(island.stores, 9), 10, older_ms)]
    (star,) = await authors(island.stores, 1)
    followed = [video.video_id for video in await stock(island.stores, star, 110)]
    reader = await sign_up(island.client)
    await island.client.post(f"/api/v1/users/{star}/follow", headers=reader.headers)
    await watch(island, reader, followed)
    await island.forget()
    made: list[str] = []
    build = RedisSeen.build

    async def counting(seen: RedisSeen, user_id: str, video_ids: Sequence[str], now_ms: int) -> None:
        made.append(user_id)
        await build(seen, user_id, video_ids, now_ms)

    monkeypatch.setattr(RedisSeen, "build", counting)

    await feed(island.client, URL, reader.headers)

    built = await island.stores.feeds.read("feed", reader.user_id, upper=2**53, after=None, limit=200)
    assert built is not None
    assert {video_id for _, video_id in built.entries[:90]} == set(others)
    assert made == [reader.user_id]
