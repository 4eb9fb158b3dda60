"""How a For You is made: of what was not seen, spread, with places for new videos, once a feed, whoever asks."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from prometheus_client import Counter as Counted

from app import features
from app.core import ids
from app.core.clock import system_ms
from app.core.errors import Unavailable
from app.core.events import event
from app.core.metrics import EXPLORED, FOR_YOU_BUILDS, FOR_YOU_TIMES, settle
from app.http.viewer import Viewer
from app.services.feed.candidates import BEGUN_MS, EXPLORE_PLACES
from app.services.feed.explore import AdmitNew
from app.services.feed.schemas import FeedPage
from app.services.feed.seen import NoteImpressions
from hotpath.pure.order import AUTHOR_WINDOW, TOPIC_MOST, TOPIC_WINDOW
from tests.api.asking import ids as ids_of
from tests.api.asking import walk
from tests.api.feeding import authors, feed, stock, stock_of, watch
from tests.api.island import Island
from tests.factories import Person, sign_up

URL = "/api/v1/feed/for-you"


def counted(counter: Counted) -> float:
    settle()
    value: float = counter._value.get()
    return value


def shown(page: FeedPage) -> list[str]:
    return ids_of(msgspec.json.decode(bytes(page.videos)))  # type: ignore[arg-type]  # bytes behind the type


def stranger() -> Viewer:
    return Viewer(ids.new("usr"), ids.new("ses"))


async def known(island: Island, user_id: str, videos: list[str]) -> list[bool]:
    found = await island.stores.seen.filter(user_id)
    assert found is not None
    return list(map(bool, found.known(videos)))


async def test_what_was_seen_is_left_out_until_there_is_nothing_else(island: Island) -> None:
    reader = await sign_up(island.client)
    videos = [video.video_id for video in await stock_of(island.stores, await authors(island.stores, 5), 8)]
    assert len((await feed(island.client, f"{URL}?limit=50", reader.headers))["videos"]) == 40
    first, second = ([video for n, video in enumerate(videos) if n % 8 in some] for some in ((0, 1), (4, 5)))

    for some in (first, second):
        await watch(island, reader, some)
        await island.happenings.take_effect(reader.user_id)
        await island.stores.feeds.drop("feed", reader.user_id)
    assert await known(island, reader.user_id, videos) == [video in {*first, *second} for video in videos]
    page = await feed(island.client, f"{URL}?limit=50", reader.headers)

    found = ids_of(page["videos"])
    assert set(found[:20]) == set(videos) - {*first, *second}
    assert sorted(found) == sorted(videos)
    # Then, as the pool is dry, what was seen; the longest ago first.
    assert set(found[20:30]) == set(first)
    assert set(found[30:]) == set(second)
    assert page["sources"] == ["fresh", "recommended", "recycled"]


async def test_a_lost_filter_comes_back_from_the_history(island: Island) -> None:
    reader = await sign_up(island.client)
    videos = [video.video_id for video in await stock_of(island.stores, await authors(island.stores, 5), 2)]
    await watch(island, reader, videos[:4])
    await island.forget()

    page = await feed(island.client, f"{URL}?limit=6", reader.headers)

    assert set(ids_of(page["videos"])) == set(videos[4:])
    assert await known(island, reader.user_id, videos) == [True] * 4 + [False] * 6


async def test_an_impression_on_its_way_counts_too(island: Island) -> None:
    reader = await sign_up(island.client)
    videos = [video.video_id for video in await stock_of(island.stores, await authors(island.stores, 5), 2)]
    await feed(island.client, URL, reader.headers)
    await watch(island, reader, videos[:4])  # and no event has arrived
    await island.stores.feeds.drop("feed", reader.user_id)

    page = await feed(island.client, f"{URL}?limit=6", reader.headers)

    assert set(ids_of(page["videos"])) == set(videos[4:])
    assert await known(island, reader.user_id, videos) == [True] * 4 + [False] * 6


async def test_sources_are_those_that_served(island: Island) -> None:
    people = await authors(island.stores, 6)
    older_ms = system_ms() - 86_400_000
    await stock_of(island.stores, people, 50)  # more than is looked at as fresh
    dances = await stock_of(island.stores, people, 2, until_ms=older_ms, category="dance")
    hits = await stock_of(island.stores, people, 1, until_ms=older_ms)
    abroad = await stock_of(island.stores, people, 1, until_ms=older_ms)
    followed = await stock_of(island.stores, people[:1], 1, until_ms=older_ms + 1000)

    async def sources(reader: Person) -> list[str]:
        await island.stores.feeds.drop("feed", reader.user_id)
        found: list[str] = (await feed(island.client, f"{URL}?limit=50", reader.headers))["sources"]
        return found

    reader = await sign_up(island.client)
    assert await sources(reader) == ["fresh"]
    await island.stores.trending.replace("global", [(video.video_id, 500) for video in hits], 60)
    assert await sources(reader) == ["fresh", "trending"]
    await island.client.post(f"/api/v1/users/{followed[0].user_id}/follow", headers=reader.headers)
    assert await sources(reader) == ["fresh", "following", "trending"]
    await watch(island, reader, [dances[0].video_id])
    assert await sources(reader) == ["fresh", "recommended", "following", "trending"]
    built = await island.stores.feeds.read("feed", reader.user_id, upper=2**53, after=None, limit=200)
    assert built is not None
    listed = {video_id for _, video_id in built.entries}
    assert {video.video_id for video in dances[1:]} <= listed  # the category that was watched
    assert not {video.video_id for video in abroad} & listed

    # Of a country, what trends there.
    await island.client.patch("/api/v1/users/me", headers=reader.headers, json={"country": "IS"})
    await island.stores.trending.replace("IS", [(video.video_id, 500) for video in abroad], 60)
    await sources(reader)
    built = await island.stores.feeds.read("feed", reader.user_id, upper=2**53, after=None, limit=200)
    assert built is not None
    assert {video.video_id for video in abroad} <= {video_id for _, video_id in built.entries}


async def test_on_an_empty_platform_there_is_an_end_and_no_source(island: Island) -> None:
    reader = await sign_up(island.client)
    page = await feed(island.client, URL, reader.headers)
    assert (page["videos"], page["has_more"], page["sources"]) == ([], False, [])


async def test_authors_and_topics_are_spread_over_the_edges_of_pages(island: Island) -> None:
    people = await authors(island.stores, 8)
    for one in people:  # in the store each author's, and each category's, stand in one row
        for category in ("dance", "food", "music", "travel"):
            await stock(island.stores, one, 4, category=category)
    reader = await sign_up(island.client)

    cards = (await walk(island.client, f"{URL}?limit=7", reader.headers, key="videos"))[:100]

    names = [card["user"]["user_id"] for card in cards]
    topics = [card["category"] for card in cards]
    for at in range(100 - TOPIC_WINDOW):
        assert len(set(names[at : at + AUTHOR_WINDOW])) == AUTHOR_WINDOW
        assert max(Counter(topics[at : at + TOPIC_WINDOW]).values()) <= TOPIC_MOST


async def test_every_new_video_is_given_its_places(island: Island) -> None:
    people = await authors(island.stores, 5)
    videos = await stock_of(island.stores, people, 60)
    new = [video.video_id for video in videos]
    facts = [
        event("video.published", video.video_id, system_ms(), video_id=video.video_id, visibility="public")
        for video in videos
    ]
    await AdmitNew(island.stores.exploration)([*facts, *facts[:50]])
    reads = island.another_process().feeds
    before = counted(EXPLORED.labels("placed"))

    places: Counter[str] = Counter()
    for _ in range(66):
        page = await reads.page("feed", stranger(), 0, None, 50)
        places.update(shown(page))

    # Ten places a list are exploration's: 660, of which each of 300 videos gets two. Without it a third of them is
    # older than what counts as fresh, and would be shown to nobody.
    assert min(places[video_id] for video_id in new) >= 2
    assert counted(EXPLORED.labels("placed")) - before == 660
    assert await island.stores.exploration.placed(new[:3]) == [3, 3, 3]


async def test_a_hidden_video_does_not_block_exploration(island: Island) -> None:
    (author,) = await authors(island.stores, 1)
    dead = await stock(island.stores, author, 45, visibility="private")
    alive = await stock(island.stores, author, 3)
    await island.stores.exploration.admit([video.video_id for video in dead])
    reads = island.another_process().feeds

    for _ in range(2):
        await reads.page("feed", stranger(), 0, None, 50)
    await island.stores.exploration.admit([video.video_id for video in alive])

    assert set(await island.stores.exploration.least(50, 40)) == {video.video_id for video in alive}


class Counting:
    """Exploration, and how often it was told of videos."""

    def __init__(self, exploration: Any) -> None:
        self.admitted = 0
        self._exploration = exploration

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exploration, name)

    async def admit(self, video_ids: Sequence[str]) -> None:
        self.admitted += 1
        await self._exploration.admit(video_ids)


async def test_where_all_had_their_places_only_what_is_new_or_a_second_tells_them_again(island: Island) -> None:
    people = await authors(island.stores, 3)
    old = [video.video_id for video in await stock_of(island.stores, people, 2)]
    await island.stores.exploration.admit(old)
    for _ in range(EXPLORE_PLACES):
        await island.stores.exploration.placed(old)
    counting, now_ms = Counting(island.stores.exploration), system_ms()
    reads = features.build(
        island.settings, msgspec.structs.replace(island.stores, exploration=counting), lambda: now_ms
    ).feeds

    async def told(builds: int) -> int:
        before = counting.admitted
        for _ in range(builds):
            await reads.page("feed", stranger(), 0, None, 20)
        return counting.admitted - before

    assert await told(3) == 1
    now_ms += BEGUN_MS
    assert await told(3) == 1
    (new,) = await stock_of(island.stores, people[:1], 1)
    assert await told(1) == 1
    assert await island.stores.exploration.least(EXPLORE_PLACES, 10) == [new.video_id]


async def test_a_feed_is_built_once_whoever_asks_and_in_how_many_processes(island: Island) -> None:
    await stock_of(island.stores, await authors(island.stores, 5), 10)
    processes = [island.another_process() for _ in range(3)]
    viewer = stranger()
    before = counted(FOR_YOU_BUILDS.labels("built"))
    timed = FOR_YOU_TIMES._sum.get()

    pages = await asyncio.gather(
        *(process.feeds.page("feed", viewer, 0, None, 20) for process in processes for _ in range(10))
    )

    assert counted(FOR_YOU_BUILDS.labels("built")) - before == 1
    assert FOR_YOU_TIMES._sum.get() > timed
    assert len({tuple(shown(page)) for page in pages}) == 1


async def test_who_holds_the_lease_and_is_dead_costs_nobody_more_than_the_budget(island: Island) -> None:
    videos = await stock_of(island.stores, await authors(island.stores, 5), 4)
    settings = msgspec.structs.replace(island.settings, for_you_budget_ms=300)
    reads = features.build(settings, island.stores, system_ms).feeds
    viewer = stranger()
    assert await island.stores.builds.claim(viewer.user_id, "dead", 60_000) == (True, None)

    async with asyncio.timeout(10):
        page = await reads.page("feed", viewer, 0, None, 50)

    assert set(shown(page)) == {video.video_id for video in videos}
    assert page.sources == ["fresh"]
    assert await island.stores.feeds.read("feed", viewer.user_id, upper=2**53, after=None, limit=1) is None
    await island.stores.builds.release(viewer.user_id, "dead")
    await island.another_process().feeds.page("feed", viewer, 0, None, 50)
    assert await island.stores.feeds.read("feed", viewer.user_id, upper=2**53, after=None, limit=1) is not None


class Hanging:
    """A store that never answers one question."""

    def __init__(self, store: Any, method: str) -> None:
        self._store = store
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return self._never if name == self._method else getattr(self._store, name)

    async def _never(self, *_asked: Any) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("store", "method"), [("trending", "best"), ("exploration", "least"), ("seen", "known"), ("activity", "history")]
)
async def test_a_source_that_hangs_is_done_without(island: Island, store: str, method: str) -> None:
    videos = await stock_of(island.stores, await authors(island.stores, 5), 4)
    settings = msgspec.structs.replace(island.settings, for_you_budget_ms=1500)
    hanging = Hanging(getattr(island.stores, store), method)
    reads = features.build(settings, msgspec.structs.replace(island.stores, **{store: hanging}), system_ms).feeds

    async with asyncio.timeout(15):
        page = await reads.page("feed", stranger(), 0, None, 50)

    assert set(shown(page)) == {video.video_id for video in videos}


class Down:
    """A store that can't answer one question, as long as `down`."""

    def __init__(self, store: Any, method: str) -> None:
        self.down = True
        self._store = store
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return self._refuse if name == self._method and self.down else getattr(self._store, name)

    async def _refuse(self, *_asked: Any) -> None:
        raise Unavailable("not now")


async def test_a_list_that_failed_empty_is_not_believed_for_half_an_hour(island: Island) -> None:
    videos = await stock_of(island.stores, await authors(island.stores, 5), 4)
    store, viewer = Down(island.stores.videos, "fresh"), stranger()
    reads = features.build(island.settings, msgspec.structs.replace(island.stores, videos=store), system_ms).feeds

    with pytest.raises(Unavailable):
        await reads.page("feed", viewer, 0, None, 50)
    store.down = False

    assert set(shown(await reads.page("feed", viewer, 0, None, 50))) == {video.video_id for video in videos}


async def test_only_views_of_somebody_signed_in_are_impressions(island: Island) -> None:
    one, video, other = ids.new("usr"), ids.new("vid"), ids.new("vid")
    await island.stores.seen.build(one, [], system_ms())
    facts = [
        event("video.viewed", one, system_ms(), video_id=video, user_id=one, kind="start"),
        event("video.viewed", "anon_1", system_ms(), video_id=other, user_id=None, kind="start"),
        event("video.liked", one, system_ms(), video_id=other, user_id=one),
    ]

    for _ in range(2):
        await NoteImpressions(island.stores.seen, system_ms)(facts)

    assert await known(island, one, [video, other]) == [True, False]
