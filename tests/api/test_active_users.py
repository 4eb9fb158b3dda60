"""Who is active, from what people really do; and what `kinora tier` says."""

import msgspec
import pytest

from app.core import ids
from app.core.clock import DAY_MS, HOUR_MS, system_ms
from app.core.config import Settings
from app.core.events import Event, event
from app.ports.activity import View
from app.ports.users import User
from app.services.feed.active import CountActive, NoteInteractions
from app.services.feed.tier_report import TierReport
from app.services.feed.tiers import Limits
from app.stores import Stores
from tests.api.crowd import Crowd
from tests.api.happenings import Happenings
from tests.contract.people import new_account, new_session


async def somebody(stores: Stores, *, opened_at: int, watched_at: int | None, likes: int, shares: int = 0) -> User:
    """A person who signed in, watched and engaged at those times, likes and shares having been made yesterday."""
    user_id = ids.new("usr")
    session = new_session(user_id, at_ms=opened_at)
    user = await stores.accounts.register(new_account(user_id), session, ids.new("tok").encode())
    if watched_at is not None:
        view = View(
            event_id=ids.new("evt"),
            video_id=ids.new("vid"),
            viewer=user_id,
            user_id=user_id,
            author_id=ids.new("usr"),
            type="start",
            watched_ms=0,
            position_ms=0,
            playback_at=watched_at,
            at=watched_at,
            region=None,
            own=False,
        )
        await stores.activity.record_view(view, event("video.viewed", user_id, watched_at, video_id=view.video_id))
    yesterday = system_ms() - DAY_MS
    facts = [fact("video.liked", user_id, yesterday) for _ in range(likes)]
    facts += [fact("video.shared", user_id, yesterday) for _ in range(shares)]
    note = NoteInteractions(stores.activity)
    for _ in range(2):  # events come more than once
        await note(facts)
    return user


def fact(type_: str, user_id: str, at_ms: int) -> Event:
    return event(type_, user_id, at_ms, user_id=user_id, video_id=ids.new("vid"))


async def test_active_is_who_opened_watched_and_engaged_of_late(stores: Stores) -> None:
    now_ms = system_ms()
    lately, soon = now_ms - HOUR_MS, now_ms + DAY_MS
    yes = await somebody(stores, opened_at=lately, watched_at=lately, likes=4, shares=2)
    away = await somebody(stores, opened_at=now_ms - 8 * DAY_MS, watched_at=lately, likes=9)
    asleep = await somebody(stores, opened_at=lately, watched_at=now_ms - 4 * DAY_MS, likes=9)
    never = await somebody(stores, opened_at=lately, watched_at=None, likes=9)
    quiet = await somebody(stores, opened_at=lately, watched_at=lately, likes=5)
    count = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, system_ms)

    for _ in range(2):  # once more changes nothing
        await count()
        active = [await stores.active.is_active(user.user_no, now_ms) for user in (yes, away, asleep, never, quiet)]
        assert active == [True, False, False, False, False]
    assert await stores.active.is_active(yes.user_no, soon)  # past midnight, yesterday's counts

    later = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, lambda: now_ms + 9 * DAY_MS)
    await later()  # hours and days were missed meanwhile
    assert not await stores.active.is_active(yes.user_no, now_ms + 9 * DAY_MS)


async def test_a_count_that_was_cut_short_goes_on_where_it_was(stores: Stores) -> None:
    now_ms = system_ms()
    users = [await somebody(stores, opened_at=now_ms, watched_at=now_ms, likes=6) for _ in range(2)]
    first, second = sorted(users, key=lambda user: user.user_id)
    in_an_hour = now_ms + HOUR_MS
    # A process noted whom it had looked at and died; whom it had passed over is not looked at again in that hour.
    await stores.active.stage(str(in_an_hour // HOUR_MS), [], first.user_id)
    count = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, lambda: in_an_hour)
    await count()
    active = [await stores.active.is_active(user.user_no, in_an_hour) for user in (first, second)]
    assert active == [False, True]
    await count()  # it was finished: the next one begins at the beginning
    assert await stores.active.is_active(first.user_no, in_an_hour)


async def test_using_a_session_is_noted(stores: Stores) -> None:
    user = await somebody(stores, opened_at=system_ms() - 9 * DAY_MS, watched_at=None, likes=0)
    (session,) = await stores.accounts.sessions(user.user_id, None, 5, system_ms() - 9 * DAY_MS)
    assert await stores.accounts.opened_since([user.user_id], system_ms() - 7 * DAY_MS) == {}
    await stores.accounts.seen(session.session_id, system_ms())
    assert user.user_id in await stores.accounts.opened_since([user.user_id], system_ms() - 7 * DAY_MS)


@pytest.mark.parametrize(("followers", "tier"), [(3, "push"), (8, "selective"), (21, "pull")])
async def test_a_report_says_the_tier_and_why(
    api_settings: Settings, stores: Stores, happenings: Happenings, followers: int, tier: str
) -> None:
    crowd = Crowd(api_settings, stores, happenings, followers)
    await crowd.gather(22)
    creator = crowd.people[0]
    await crowd.choose_active(crowd.people[:3])
    await crowd.have_followers(creator.user_id, followers)
    await crowd.settle()
    low = msgspec.structs.replace(api_settings, tier_selective_at=5, tier_pull_at=20)
    report = TierReport(stores.tiers, stores.graph, stores.active, Limits.of(low))
    lines = await report.lines(creator, system_ms())
    assert lines[0].split()[1].rstrip(",") == tier
    assert f"followers         {followers}" in lines
    assert lines[4] == f"active followers  {min(2, followers)}"
    await crowd.have_followers(creator.user_id, 2)
    if tier != "push":
        assert "moves             to push with the next follow or video" in await report.lines(creator, system_ms())
        await crowd.settle()
        assert any(line.startswith("still pulled") for line in await report.lines(creator, system_ms()))
