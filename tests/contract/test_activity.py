"""Views, the counts that follow from them, and watch history. See `app.ports.activity`."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from app.core import ids
from app.core.clock import DAY_MS, system_ms
from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.core.events import Event, event
from app.ports.activity import COUNT_AGAIN_AFTER_MS, Activity, Recorded, View, Watched
from tests.contract.evidence import Evidence


def a_view(**fields: Any) -> View:
    now = system_ms()
    viewer = fields.get("user_id", ids.new("usr"))
    given: dict[str, Any] = {
        "event_id": ids.new("evt"),
        "video_id": ids.new("vid"),
        "viewer": viewer,
        "user_id": viewer,
        "author_id": ids.new("usr"),
        "type": "engaged",
        "watched_ms": 3_000,
        "position_ms": 3_000,
        "playback_at": now - 3_000,
        "at": now,
        "region": "CH",
        "own": False,
    }
    return View(**given | fields)


def viewed(view: View) -> Event:
    known = {"video_id": view.video_id, "user_id": view.user_id, "author_id": view.author_id}
    return event("video.viewed", view.video_id, view.at, **known, watched_ms=view.watched_ms, region=view.region)


async def counted(activity: Activity, video_id: str) -> int:
    return (await activity.view_counts([video_id])).get(video_id, (0, 0))[0]


async def test_a_fact_is_stored_with_its_event(activity: Activity, activity_store: Evidence) -> None:
    view = a_view()
    of = viewed(view)
    assert await activity.record_view(view, of) == Recorded(fresh=True, counted=True)
    (stored,) = await activity_store.events(view.video_id)
    assert stored == msgspec.structs.replace(of, data=of.data | {"kind": "engaged", "own": False, "counted": True})
    assert await counted(activity, view.video_id) == 1


async def test_an_event_id_counts_once_per_viewer(activity: Activity, activity_store: Evidence) -> None:
    view = a_view()
    of_another = a_view(event_id=view.event_id, video_id=view.video_id)
    assert (await activity.record_view(view, viewed(view))).fresh
    later = msgspec.structs.replace(view, at=view.at + 2 * COUNT_AGAIN_AFTER_MS)
    assert await activity.record_view(later, viewed(later)) == Recorded(fresh=False, counted=False)
    assert await activity.record_view(of_another, viewed(of_another)) == Recorded(fresh=True, counted=True)
    assert len(await activity_store.events(view.video_id)) == 2
    assert await counted(activity, view.video_id) == 2


async def test_a_fact_delivered_in_parallel_is_stored_once(activity: Activity, activity_store: Evidence) -> None:
    view = a_view()
    results = await asyncio.gather(*(activity.record_view(view, viewed(view)) for _ in range(8)))
    assert sorted(result.fresh for result in results) == [False] * 7 + [True]
    assert len(await activity_store.events(view.video_id)) == 1
    assert await counted(activity, view.video_id) == 1


@pytest.mark.parametrize(("later_ms", "counts"), [(COUNT_AGAIN_AFTER_MS - 1, False), (COUNT_AGAIN_AFTER_MS, True)])
async def test_a_viewer_counts_again_after_thirty_minutes(activity: Activity, later_ms: int, counts: bool) -> None:
    first = a_view()
    again = msgspec.structs.replace(first, event_id=ids.new("evt"), at=first.at + later_ms)
    assert (await activity.record_view(first, viewed(first))).counted
    assert await activity.record_view(again, viewed(again)) == Recorded(fresh=True, counted=counts)
    assert await counted(activity, first.video_id) == 1 + counts


async def test_an_uncounted_view_does_not_start_the_thirty_minutes_anew(activity: Activity) -> None:
    first = a_view()
    answers = []
    for later_ms in (0, COUNT_AGAIN_AFTER_MS - 1, COUNT_AGAIN_AFTER_MS):
        view = msgspec.structs.replace(first, event_id=ids.new("evt"), at=first.at + later_ms)
        answers.append((await activity.record_view(view, viewed(view))).counted)
    assert answers == [True, False, True]


async def test_a_viewer_counts_once_for_each_video(activity: Activity) -> None:
    user = ids.new("usr")
    first, other = a_view(user_id=user), a_view(user_id=user)
    assert (await activity.record_view(first, viewed(first))).counted
    assert (await activity.record_view(other, viewed(other))).counted


@pytest.mark.parametrize(
    "fields", [{"type": "start"}, {"type": "complete"}, {"type": "loop"}, {"own": True}], ids=lambda fields: str(fields)
)
async def test_only_engaged_views_of_others_count(
    activity: Activity, activity_store: Evidence, fields: dict[str, object]
) -> None:
    view = a_view(**fields)
    assert await activity.record_view(view, viewed(view)) == Recorded(fresh=True, counted=False)
    (stored,) = await activity_store.events(view.video_id)
    assert (stored.data["kind"], stored.data["own"], stored.data["counted"]) == (view.type, view.own, False)
    assert await activity.view_counts([view.video_id]) == {}
    engaged = msgspec.structs.replace(view, event_id=ids.new("evt"), type="engaged", own=False)
    assert (await activity.record_view(engaged, viewed(engaged))).counted


async def test_of_parallel_facts_of_one_viewer_one_counts(activity: Activity, activity_store: Evidence) -> None:
    view = a_view()
    several = [msgspec.structs.replace(view, event_id=ids.new("evt"), at=view.at + n) for n in range(16)]
    results = await asyncio.gather(*(activity.record_view(each, viewed(each)) for each in several))
    assert all(result.fresh for result in results)
    assert sum(result.counted for result in results) == 1
    assert await counted(activity, view.video_id) == 1
    assert sum(stored.data["counted"] for stored in await activity_store.events(view.video_id)) == 1


async def test_many_viewers_at_once_are_all_counted(activity: Activity) -> None:
    video = ids.new("vid")
    several = [a_view(video_id=video) for _ in range(60)]
    before = await activity.view_counts([video])
    await asyncio.gather(*(activity.record_view(view, viewed(view)) for view in several[:40]))
    halfway = await activity.view_counts([video, ids.new("vid")])
    await asyncio.gather(*(activity.record_view(view, viewed(view)) for view in several[40:]))
    after = await activity.view_counts([video])
    assert before == {}
    assert (halfway[video][0], after[video][0]) == (40, 60)
    assert halfway[video][1] < after[video][1]  # the larger version is the newer count
    assert halfway.keys() == {video}


async def test_an_anonymous_view_counts_and_leaves_no_history(activity: Activity) -> None:
    view = a_view(viewer="hash of a visitor", user_id=None)
    assert (await activity.record_view(view, viewed(view))).counted
    assert await activity.history("hash of a visitor", None, 10) == []


async def test_a_playback_is_one_row_of_history_with_the_most_that_was_watched(activity: Activity) -> None:
    start = a_view(type="start", watched_ms=0)
    assert start.user_id is not None
    seen = []
    for kind, watched_ms in (("start", 0), ("complete", 9_000), ("engaged", 2_000), ("loop", 15_000)):
        view = msgspec.structs.replace(start, event_id=ids.new("evt"), type=kind, watched_ms=watched_ms)
        await activity.record_view(view, viewed(view))
        (row,) = await activity.history(start.user_id, None, 10)
        seen.append((row.watched_ms, row.completed))
    assert seen == [(0, False), (9_000, True), (9_000, True), (15_000, True)]


async def test_history_is_newest_first_and_pages_without_gap_or_repeat(activity: Activity) -> None:
    user, now = ids.new("usr"), system_ms()
    several = [a_view(user_id=user, playback_at=now + n // 3) for n in range(10)]  # three share each time
    again = msgspec.structs.replace(several[0], event_id=ids.new("evt"), playback_at=now + 100)
    for view in [*several, again, a_view()]:
        await activity.record_view(view, viewed(view))
    places = [(view.playback_at, view.video_id) for view in [*several, again]]
    expected = [Watched(at, video_id, 3_000, completed=False) for at, video_id in sorted(places, reverse=True)]
    assert await activity.history(user, None, 50) == expected
    walked: list[Watched] = []
    after = None
    while page := await activity.history(user, after, 4):
        walked += page
        after = Keyset(page[-1].watched_at, page[-1].video_id)
    assert walked == expected


@pytest.mark.parametrize("table", ["applied", "last_counted", "view_counts", "watch_history", "views", "outbox"])
async def test_a_view_killed_anywhere_leaves_nothing(activity: Activity, activity_store: Evidence, table: str) -> None:
    view = a_view()
    assert view.user_id is not None
    row = {
        "applied": {"cause": f"view/{view.viewer}/{view.event_id}"},
        "watch_history": {"user_id": view.user_id},
        "outbox": {"key": view.video_id},
    }.get(table, {"video_id": view.video_id})
    async with activity_store.dies_at(table, **row):
        with pytest.raises(Unavailable):
            await activity.record_view(view, viewed(view))
    assert await activity.view_counts([view.video_id]) == {}
    assert await activity.history(view.user_id, None, 10) == []
    assert await activity_store.events(view.video_id) == []
    assert await activity.record_view(view, viewed(view)) == Recorded(fresh=True, counted=True)
    assert len(await activity_store.events(view.video_id)) == 1


def day(year: int, month: int, day_of_month: int) -> int:
    return int(datetime(year, month, day_of_month, tzinfo=UTC).timestamp()) * 1000


@pytest.fixture
async def owner(migrator_database_url: str) -> asyncpg.Connection:
    """A transaction of the schema's owner; what is done in it is undone."""
    connection = await asyncpg.connect(migrator_database_url, timeout=5, command_timeout=10)
    try:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()
    finally:
        await connection.close()


async def months_kept(owner: asyncpg.Connection, parent: str) -> list[str]:
    rows = await owner.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass",
        f"activity.{parent}",
    )
    return sorted(row["name"].rpartition("_")[2] for row in rows)


@pytest.mark.parametrize(
    ("now_ms", "months"),
    [
        # 90 days before the first of March lie in the December before, of the last of May in March
        (day(2031, 3, 1), ["203012", "203101", "203102", "203103", "203104", "203105"]),
        (day(2031, 6, 1) - 1, ["203103", "203104", "203105", "203106", "203107"]),
        (day(2032, 1, 1) - 1, ["203110", "203111", "203112", "203201", "203202"]),
        (day(2032, 1, 1), ["203110", "203111", "203112", "203201", "203202", "203203"]),
        # a month goes when its last millisecond is 90 days old, and not before
        (day(2031, 4, 1) + 90 * DAY_MS - 1, ["203103", "203104", "203105", "203106", "203107", "203108"]),
        (day(2031, 4, 1) + 90 * DAY_MS, ["203104", "203105", "203106", "203107", "203108"]),
    ],
)
async def test_maintain_keeps_ninety_days_and_makes_room_for_two_months(
    owner: asyncpg.Connection, now_ms: int, months: list[str]
) -> None:
    await owner.execute("SELECT activity.maintain($1)", day(2030, 12, 31))
    for _ in range(2):
        await owner.execute("SELECT activity.maintain($1)", now_ms)
        assert await months_kept(owner, "views") == months
        assert await months_kept(owner, "watch_history") == months


async def test_maintain_runs_as_the_application_which_may_drop_nothing_itself(
    activity: Activity, pool: asyncpg.Pool, migrator_database_url: str
) -> None:
    owner = await asyncpg.connect(migrator_database_url, timeout=5, command_timeout=10)
    try:
        await owner.execute("CREATE TABLE activity.views_200101 PARTITION OF activity.views FOR VALUES FROM (1) TO (2)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("DROP TABLE activity.views_200101")
        await activity.maintain(system_ms())
        assert "200101" not in await months_kept(owner, "views")
    finally:
        await owner.execute("DROP TABLE IF EXISTS activity.views_200101")
        await owner.close()


async def test_maintain_forgets_when_a_viewer_was_counted_once_it_decides_nothing(
    activity: Activity, pool: asyncpg.Pool
) -> None:
    now = system_ms()
    old, recent = a_view(at=now - 2 * DAY_MS), a_view(at=now - COUNT_AGAIN_AFTER_MS)
    for view in (old, recent):
        await activity.record_view(view, viewed(view))
    await activity.maintain(now)
    rows = await pool.fetch(
        "SELECT viewer FROM activity.last_counted WHERE viewer = ANY($1::text[])", [old.viewer, recent.viewer]
    )
    assert [row["viewer"] for row in rows] == [recent.viewer]
