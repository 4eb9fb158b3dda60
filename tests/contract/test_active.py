"""The bitmap of active users, and the facts it is counted from. See `app.ports.active`."""

from collections.abc import AsyncIterator

import pytest

from app.adapters.redis.active import RedisActiveUsers
from app.adapters.redis.client import RedisClient
from app.core import ids
from app.core.clock import DAY_MS
from app.ports.accounts import Accounts
from app.ports.active import ActiveUsers
from app.ports.activity import Activity, Interaction
from tests.contract.people import NOW, join
from tests.contract.test_activity import a_view, viewed

NOON = DAY_MS // 2


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url, timeout_s=5.0)
    await client.call("DEL", "active_arrivals")
    yield client
    await client.aclose()


@pytest.fixture(params=["redis"])
def active(request: pytest.FixtureRequest, client: RedisClient) -> ActiveUsers:
    return {"redis": RedisActiveUsers}[request.param](client)


async def settled(active: ActiveUsers, user_nos: list[int], now_ms: int) -> str:
    run = ids.new("evt")
    await active.stage(run, user_nos, "usr_1")
    return await active.settle(run, now_ms)


def bits(bitmap: bytes) -> list[int]:
    return [n for n in range(8 * len(bitmap)) if bitmap[n >> 3] & (0x80 >> (n & 7))]


async def test_nobody_is_active_where_nothing_was_counted(active: ActiveUsers) -> None:
    long_ago = NOON - 1000 * DAY_MS
    assert await active.bitmap(long_ago) == b""
    assert not await active.is_active(3, long_ago)


async def test_todays_bitmap_counts_else_yesterdays_and_no_older_one(active: ActiveUsers) -> None:
    day = NOON + 100 * DAY_MS
    await active.welcome(await settled(active, [1, 9, 300], day))
    for later_ms in (0, DAY_MS // 2 + 1, DAY_MS):  # past midnight too
        assert bits(await active.bitmap(day + later_ms)) == [1, 9, 300]
        assert [await active.is_active(n, day + later_ms) for n in (1, 2, 300, 5000)] == [True, False, True, False]
    assert await active.bitmap(day + 2 * DAY_MS) == b""
    await active.welcome(await settled(active, [], day + DAY_MS))
    assert bits(await active.bitmap(day + DAY_MS)) == []
    assert bits(await active.bitmap(day)) == [1, 9, 300]


async def test_a_changed_bitmap_is_seen_at_once(active: ActiveUsers, client: RedisClient) -> None:
    day, another = NOON + 200 * DAY_MS, RedisActiveUsers(client)
    await settled(active, [1], day)
    assert bits(await another.bitmap(day)) == [1]
    await settled(active, [2], day)
    assert bits(await another.bitmap(day)) == [2]


async def test_who_arrives_is_not_active_before_being_welcomed(active: ActiveUsers) -> None:
    day = NOON + 300 * DAY_MS
    await active.welcome(await settled(active, [1, 70], day))
    first = await settled(active, [1, 2, 900], day + 1)
    assert await active.arrivals() == [2, 900]
    assert bits(await active.bitmap(day)) == [1, 2, 900]  # pushed to
    assert [await active.is_active(n, day) for n in (1, 2, 900)] == [True, False, False]  # and pulling
    second = await settled(active, [1, 2, 3], day + DAY_MS)  # compared with yesterday's; who was left before stays
    assert await active.arrivals() == [2, 3, 900]
    await active.welcome(first)
    assert await active.arrivals() == [2, 3, 900]
    await active.welcome(second)
    assert await active.arrivals() == []
    assert await active.is_active(3, day + DAY_MS)


async def test_a_run_goes_on_where_it_was_and_starts_anew_once_settled(active: ActiveUsers) -> None:
    run, day = ids.new("evt"), NOON + 400 * DAY_MS
    assert await active.staged(run) == ""
    await active.stage(run, [5], "usr_5")
    await active.stage(run, [], "usr_7")
    assert await active.staged(run) == "usr_7"
    assert await active.bitmap(day) == b""
    await active.settle(run, day)
    assert bits(await active.bitmap(day)) == [5]
    assert await active.staged(run) == ""


async def test_interactions_count_once_a_thing_at_the_latest_time(activity: Activity) -> None:
    user_id, other = ids.new("usr"), ids.new("usr")
    liked = ids.new("vid")
    done = [
        Interaction(user_id, "like", liked, NOW),
        Interaction(user_id, "like", liked, NOW + 50),
        Interaction(user_id, "comment", ids.new("cmt"), NOW + 10),
        Interaction(user_id, "share", liked, NOW - 10),
        Interaction(other, "like", liked, NOW),
    ]
    await activity.record_interactions([])
    for _ in range(2):
        await activity.record_interactions(done)
    await activity.record_interactions(done[:1])
    assert await activity.engagement([user_id, other, ids.new("usr")], NOW - 10) == {user_id: 3, other: 1}
    assert await activity.engagement([user_id, other], NOW + 10) == {user_id: 2}
    with pytest.raises(ValueError, match="more than 500"):
        await activity.record_interactions(done * 101)


async def test_watchers_come_in_pages_by_id(activity: Activity) -> None:
    users = sorted(ids.new("usr") for _ in range(5))
    for user_id in users:
        for _ in range(2):
            view = a_view(user_id=user_id, viewer=user_id)
            await activity.record_view(view, viewed(view))
    since_ms = view.playback_at - 60_000
    before = users[0][:-1]
    assert [each for each in await activity.watchers(since_ms, before, 100) if each in users] == users
    assert await activity.watchers(since_ms, users[1], 2) == users[2:4]
    assert not set(await activity.watchers(view.playback_at + 60_000, before, 100)) & set(users)


async def test_using_a_session_is_opening_the_app(accounts: Accounts) -> None:
    used, idle = await join(accounts), await join(accounts)
    (session,) = await accounts.sessions(used.user_id, None, 5, NOW)
    await accounts.seen(session.session_id, NOW + 500)
    await accounts.seen(session.session_id, NOW + 400)
    asked = [used.user_id, idle.user_id, ids.new("usr")]
    assert await accounts.opened_since(asked, NOW) == {used.user_id: used.user_no, idle.user_id: idle.user_no}
    assert await accounts.opened_since(asked, NOW + 500) == {used.user_id: used.user_no}
    assert await accounts.opened_since(asked, NOW + 501) == {}
    await accounts.revoke(used.user_id, session.session_id, NOW + 600)
    assert await accounts.opened_since(asked, NOW + 500) == {used.user_id: used.user_no}
    assert sorted(await accounts.by_numbers([used.user_no, idle.user_no])) == sorted([used.user_id, idle.user_id])
