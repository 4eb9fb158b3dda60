import random
from array import array

import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.feeds import BUILDING_TTL_S, RedisFeeds
from app.core.ids import new
from app.ports.feeds import BUILT_DIGITS, KEEP, ORDER_SIZE, TTL_S, Feeds, FeedSlice, Kind

LATEST = 2**52


@pytest.fixture(params=["redis"])
def feeds(request: pytest.FixtureRequest, client: RedisClient) -> Feeds:
    return {"redis": RedisFeeds}[request.param](client)


@pytest.fixture(params=["feed", "following", "creator"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param  # type: ignore[no-any-return]


async def test_an_empty_built_feed_differs_from_an_absent_one(feeds: Feeds, kind: Kind) -> None:
    user = new("usr")
    assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) is None
    await feeds.build(kind, user, "g1", [])
    assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) == FeedSlice("g1", [])
    other: Kind = "following" if kind == "feed" else "feed"
    assert await feeds.read(other, user, upper=LATEST, after=None, limit=10) is None


@pytest.mark.parametrize("page", [1, 2, 7, 100])
async def test_pages_follow_score_then_id_without_repeat_or_gap(feeds: Feeds, page: int) -> None:
    user = new("usr")
    draw = random.Random(page)
    entries = [(draw.randrange(12), new("vid")) for _ in range(150)]  # many of one score
    await feeds.build("feed", user, "g1", entries)
    assert await paged(feeds, user, page) == sorted(entries, reverse=True)


async def test_a_page_goes_on_exactly_where_a_removed_video_was(feeds: Feeds) -> None:
    user = new("usr")
    entries = sorted(((1_000, new("vid")) for _ in range(9)), reverse=True)
    await feeds.build("feed", user, "g1", entries)
    await feeds.remove("feed", user, [entries[2][1], entries[3][1]])
    read = await feeds.read("feed", user, upper=LATEST, after=entries[2], limit=3)
    assert read == FeedSlice("g1", entries[4:7])
    await feeds.remove("feed", user, [])


async def test_videos_pushed_later_stay_above_the_upper_bound(feeds: Feeds, kind: Kind) -> None:
    user, old, fresh = new("usr"), new("vid"), new("vid")
    await feeds.build(kind, user, "g1", [(1_000, old)])
    assert await feeds.push(kind, user.encode(), [7], fresh, 2_000) == 1
    assert await feeds.read(kind, user, upper=1_999, after=None, limit=10) == FeedSlice("g1", [(1_000, old)])
    assert await feeds.read(kind, user, upper=1_999, after=(2_000, fresh), limit=10) == FeedSlice("g1", [(1_000, old)])
    both = [(2_000, fresh), (1_000, old)]
    assert await feeds.read(kind, user, upper=2_000, after=None, limit=10) == FeedSlice("g1", both)


async def test_a_push_reaches_built_feeds_only_and_once(feeds: Feeds, client: RedisClient, kind: Kind) -> None:
    followers = [new("usr") for _ in range(1_203)]
    built = followers[::10]
    video = new("vid")
    for user in built:
        await feeds.build(kind, user, "g1", [])
    joined, numbers = "".join(followers).encode(), array("I", range(len(followers)))
    await client.call("SCRIPT", "FLUSH")  # as after a restart
    assert await feeds.push(kind, joined, numbers, video, 5_000) == len(built)
    assert await feeds.push(kind, joined, numbers, video, 6_000) == 0
    for user in followers[:20]:
        expected = FeedSlice("g1", [(5_000, video)]) if user in built else None
        assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) == expected
    assert await feeds.push(kind, b"", [], video, 5_000) == 0


async def test_a_push_keeps_the_newest_and_the_marker(feeds: Feeds, kind: Kind) -> None:
    user, keep = new("usr"), KEEP[kind]
    entries = [(1_000 + number, new("vid")) for number in range(keep)]
    await feeds.build(kind, user, "g1", entries)
    newest, oldest = new("vid"), new("vid")
    assert await feeds.push(kind, user.encode(), [1], newest, 9_000) == 1
    assert await feeds.push(kind, user.encode(), [1], oldest, 1) == 0  # below all that is kept
    read = await feeds.read(kind, user, upper=LATEST, after=None, limit=2 * keep)
    assert read == FeedSlice("g1", [(9_000, newest), *sorted(entries[1:], reverse=True)], whole=False)


@pytest.mark.parametrize("late_ms", [0, 1, ORDER_SIZE - 1])
async def test_what_is_pushed_late_into_a_for_you_has_no_built_score(feeds: Feeds, late_ms: int) -> None:
    user, built_ms = new("usr"), 1_790_000_000_000
    entries = [(built_ms - rank, new("vid")) for rank in range(ORDER_SIZE)]
    generation, late, older, newer = f"{built_ms:0{BUILT_DIGITS}x}0000fr", new("vid"), new("vid"), new("vid")
    await feeds.build("feed", user, generation, entries)
    for video, score in ((late, built_ms - late_ms), (older, built_ms - ORDER_SIZE - 1), (newer, built_ms + 1)):
        assert await feeds.push("feed", user.encode(), [1], video, score) == 1

    read = await feeds.read("feed", user, upper=LATEST, after=None, limit=2 * ORDER_SIZE)

    below = [(built_ms - ORDER_SIZE, late), (built_ms - ORDER_SIZE - 1, older)]
    assert read == FeedSlice(generation, [(built_ms + 1, newer), *entries, *below])


async def test_only_building_sets_the_time_to_live(feeds: Feeds, client: RedisClient, kind: Kind) -> None:
    user = new("usr")
    key = f"{kind}:{user}"
    await feeds.build(kind, user, "g1", [(1_000, new("vid"))])
    assert TTL_S[kind] - 5 <= await client.call("TTL", key) <= TTL_S[kind]
    await client.call("EXPIRE", key, 100)
    await feeds.push(kind, user.encode(), [1], new("vid"), 2_000)
    await feeds.remove(kind, user, [new("vid")])
    assert await client.call("TTL", key) <= 100
    await feeds.build(kind, user, "g2", [])
    assert await client.call("TTL", key) > 100


async def test_building_replaces_and_cuts(feeds: Feeds, kind: Kind) -> None:
    user = new("usr")
    await feeds.build(kind, user, "g1", [(1, new("vid"))])
    entries = [(1_000 + number, new("vid")) for number in range(KEEP[kind] + 30)]
    await feeds.build(kind, user, "g2", entries)
    read = await feeds.read(kind, user, upper=LATEST, after=None, limit=1_000)
    assert read == FeedSlice("g2", sorted(entries, reverse=True)[: KEEP[kind]], whole=False)


async def test_a_dropped_feed_is_absent(feeds: Feeds, kind: Kind) -> None:
    user = new("usr")
    await feeds.build(kind, user, "g1", [])
    await feeds.drop(kind, user)
    await feeds.drop(kind, user)
    assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) is None
    assert await feeds.push(kind, user.encode(), [1], new("vid"), 1) == 0


async def test_paging_state_is_kept_per_kind_and_session(feeds: Feeds, client: RedisClient) -> None:
    session = new("ses")
    await feeds.remember("feed", session, b"\x00state", 60)
    assert await feeds.recall("feed", session) == b"\x00state"
    assert await feeds.recall("following", session) is None
    assert await feeds.recall("feed", new("ses")) is None
    assert 55 <= await client.call("TTL", f"page:feed:{session}") <= 60


async def test_a_feed_under_construction_reads_as_absent_and_loses_no_push(feeds: Feeds, kind: Kind) -> None:
    user, found, pushed = new("usr"), new("vid"), new("vid")
    await feeds.begin(kind, user, "g1")
    assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) is None
    assert await feeds.push(kind, user.encode(), [1], pushed, 2_000) == 1
    assert await feeds.finish(kind, user, "g1", [(1_000, found), (2_000, pushed)], whole=True)
    both = FeedSlice("g1", [(2_000, pushed), (1_000, found)])
    assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) == both
    assert not await feeds.finish(kind, user, "g1", [(3_000, new("vid"))], whole=True)
    assert await feeds.read(kind, user, upper=LATEST, after=None, limit=10) == both


async def test_of_two_builds_the_later_one_stands(feeds: Feeds, client: RedisClient, kind: Kind) -> None:
    user, video = new("usr"), new("vid")
    await feeds.begin(kind, user, "g1")
    assert 0 < await client.call("TTL", f"{kind}:{user}") <= BUILDING_TTL_S
    await feeds.begin(kind, user, "g2")
    assert not await feeds.finish(kind, user, "g1", [], whole=True)
    assert await feeds.finish(kind, user, "g2", [(1, video)], whole=False)
    read = await feeds.read(kind, user, upper=LATEST, after=None, limit=10)
    assert read == FeedSlice("g2", [(1, video)], whole=False)
    assert await client.call("TTL", f"{kind}:{user}") > TTL_S[kind] - 5


async def test_nothing_is_added_below_the_end_of_a_cut_feed(feeds: Feeds) -> None:
    user, a, b, c = new("usr"), *sorted(new("vid") for _ in range(3))
    await feeds.build("following", user, "g1", [(1_000, b)], whole=False)
    assert await feeds.push("following", user.encode(), [1], new("vid"), 999) == 0
    assert await feeds.push("following", user.encode(), [1], a, 1_000) == 0
    assert await feeds.add("following", user, [(1_000, a), (1_000, c), (500, new("vid"))], whole=True) == 1
    read = await feeds.read("following", user, upper=LATEST, after=None, limit=10)
    assert read == FeedSlice("g1", [(1_000, c), (1_000, b)], whole=False)
    await feeds.remove("following", user, [b, c])
    assert await feeds.add("following", user, [(2_000, a)], whole=True) == 0  # where it ended is not known any more


async def test_entries_of_a_cut_source_cut_the_feed_where_they_end(feeds: Feeds) -> None:
    user, old, new_, source = new("usr"), new("vid"), new("vid"), new("vid")
    assert await feeds.add("following", user, [(1_000, source)], whole=False) == 0  # there is no such feed
    assert await feeds.read("following", user, upper=LATEST, after=None, limit=10) is None
    await feeds.build("following", user, "g1", [(2_000, new_), (500, old)])
    assert await feeds.add("following", user, [(1_000, source)], whole=False) == 1
    read = await feeds.read("following", user, upper=LATEST, after=None, limit=10)
    assert read == FeedSlice("g1", [(2_000, new_), (1_000, source)], whole=False)
    await feeds.begin("following", user, "g2")
    assert await feeds.add("following", user, [(1_000, source)], whole=True) == 0
    assert not await feeds.finish("following", user, "g2", [], whole=True)


async def test_a_push_to_the_active_spares_the_others(feeds: Feeds, kind: Kind) -> None:
    active, idle, video = new("usr"), new("usr"), new("vid")
    for user in (active, idle):
        await feeds.build(kind, user, "g1", [])
    assert await feeds.push(kind, (active + idle).encode(), [9, 10], video, 5, bytes([0, 0b0100_0000])) == 1
    read = await feeds.read_many(kind, [idle, active, new("usr")], upper=LATEST, after=None, limit=10)
    assert read == [FeedSlice("g1", []), FeedSlice("g1", [(5, video)]), None]
    await feeds.withdraw(kind, [active, idle, new("usr")], video)
    assert await feeds.read_many(kind, [active], upper=LATEST, after=(9, video), limit=3) == [FeedSlice("g1", [])]


async def paged(feeds: Feeds, user: str, limit: int) -> list[tuple[int, str]]:
    """The whole feed, page by page."""
    entries: list[tuple[int, str]] = []
    while True:
        after = entries[-1] if entries else None
        read = await feeds.read("feed", user, upper=LATEST, after=after, limit=limit)
        assert read is not None
        if not read.entries:
            return entries
        assert len(read.entries) <= limit
        entries += read.entries
