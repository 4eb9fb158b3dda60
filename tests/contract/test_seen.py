import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.seen import MOST_APPENDED, TTL_S, RedisSeen
from app.core.ids import new
from app.ports.seen import SEEN_ITEMS, SEEN_MS, Seen
from hotpath import seen as kernel

NOW_MS = 1_790_000_000_000


@pytest.fixture(params=["redis"])
def seen(request: pytest.FixtureRequest, client: RedisClient) -> Seen:
    return {"redis": RedisSeen}[request.param](client)


def _videos(count: int) -> list[str]:
    return [new("vid", NOW_MS) for _ in range(count)]


async def known(seen: Seen, user: str, videos: list[str]) -> list[bool] | None:
    found = await seen.filter(user)
    return None if found is None else list(map(bool, found.known(videos)))


async def test_no_filter_differs_from_an_empty_one(seen: Seen) -> None:
    user, videos = new("usr"), _videos(2)
    assert await known(seen, user, videos) is None
    await seen.build(user, [], NOW_MS)
    assert await known(seen, user, videos) == [False, False]
    assert await known(seen, user, []) == []


async def test_what_is_added_is_known_and_is_its_users_own(seen: Seen) -> None:
    one, other, videos = new("usr"), new("usr"), _videos(4)
    for user in (one, other):
        await seen.build(user, [], NOW_MS)

    await seen.add({one: videos[:2], other: videos[2:3]}, NOW_MS)
    await seen.add({one: videos[:2]}, NOW_MS)

    assert await known(seen, one, videos) == [True, True, False, False]
    assert await known(seen, other, videos) == [False, False, True, False]
    await seen.add({}, NOW_MS)


async def test_nothing_is_added_where_no_filter_is(seen: Seen) -> None:
    there, absent, videos = new("usr"), new("usr"), _videos(1)
    await seen.build(there, [], NOW_MS)

    await seen.add({absent: videos, there: videos}, NOW_MS)

    assert await known(seen, absent, videos) is None
    assert await known(seen, there, videos) == [True]


async def test_a_rebuilt_filter_takes_the_place_of_the_old(seen: Seen) -> None:
    user, old, new_ = new("usr"), _videos(3), _videos(3)
    await seen.build(user, old, NOW_MS)
    await seen.build(user, new_, NOW_MS)
    assert await known(seen, user, [*old, *new_]) == [False] * 3 + [True] * 3


async def test_what_was_seen_a_week_ago_is_known_for_another(seen: Seen) -> None:
    user, first, second = new("usr"), _videos(MOST_APPENDED), _videos(MOST_APPENDED)
    await seen.build(user, [], NOW_MS)
    await seen.add({user: first}, NOW_MS + 1)

    await seen.add({user: second}, NOW_MS + SEEN_MS)
    assert await known(seen, user, [*first, *second]) == [True] * 2 * MOST_APPENDED
    await seen.add({user: second}, NOW_MS + 3 * SEEN_MS)
    await seen.add({user: second}, NOW_MS + 5 * SEEN_MS)
    assert await known(seen, user, first) == [False] * MOST_APPENDED


async def test_ten_thousand_are_known_whatever_comes_after_them(seen: Seen) -> None:
    user, first, second = new("usr"), _videos(SEEN_ITEMS), _videos(SEEN_ITEMS - 100)
    await seen.build(user, first, NOW_MS)

    for start in range(0, len(second), 500):
        await seen.add({user: second[start : start + 500]}, NOW_MS)

    assert await known(seen, user, first[-1000:]) == [True] * 1000
    assert await known(seen, user, second) == [True] * len(second)


async def test_additions_are_worked_in_and_live_two_weeks(seen: Seen, client: RedisClient) -> None:
    user = new("usr")
    await seen.build(user, [], NOW_MS)
    for _ in range(3 * MOST_APPENDED):
        await seen.add({user: _videos(1)}, NOW_MS)

    kept: bytes = await client.call("GET", f"seen:{user}")

    worked_in, _, appended = kernel.sizes(kept)
    assert worked_in + appended == 3 * MOST_APPENDED
    assert appended < MOST_APPENDED
    assert TTL_S - 5 <= await client.call("TTL", f"seen:{user}") <= TTL_S


async def test_too_many_users_at_once_are_refused(seen: Seen) -> None:
    with pytest.raises(ValueError, match="501 users"):
        await seen.add({new("usr"): [] for _ in range(501)}, NOW_MS)
