"""Fan-out in three tiers: whatever happens in between, everybody's Following is what the model says.

The limits are 5 and 20 followers, so that a crowd of two dozen crosses them in both directions.
"""

from collections.abc import Callable

import pytest

from app import features
from app.core.clock import system_ms
from app.core.config import Settings
from app.ports.feeds import Kind
from app.services.feed.fanout import FanOut
from app.stores import Stores
from tests.api.crowd import PAGE, Crowd
from tests.api.happenings import Happenings

STEPS = 30
UPPER = 2**52


@pytest.fixture
def make_crowd(api_settings: Settings, stores: Stores, happenings: Happenings) -> Callable[[int], Crowd]:
    return lambda seed: Crowd(api_settings, stores, happenings, seed)


async def compare(crowd: Crowd) -> None:
    for person in crowd.people:
        assert await crowd.read(person.user_id, crowd.draw.choice([1, 3, 20])) == crowd.expected(person.user_id)


async def step(crowd: Crowd, creators: list[str]) -> None:
    """One thing that somebody does."""
    draw, creator, person = crowd.draw, crowd.draw.choice(creators), crowd.name()
    shown = sorted(crowd.shown)
    match draw.randrange(10):
        case 0 | 1 | 2:
            await crowd.publish(creator)
        case 3 | 4:
            await crowd.have_followers(creator, draw.choice([0, 3, 4, 5, 6, 15, 17, 18, 21, 23]))
        case 5:
            await crowd.toggle(draw.choice(["mute", "block"]), person, creator, draw.random() < 0.5)
        case 6 if shown:
            await crowd.delete(draw.choice(shown))
        case 7 if shown:
            await crowd.show(draw.choice(shown), "private")
        case 8 if crowd.hidden:
            await crowd.show(draw.choice(sorted(crowd.hidden)), "public")
        case _:
            await crowd.choose_active(draw.sample(crowd.people, draw.randrange(len(crowd.people))))


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 20))])
async def test_following_is_the_models_for_everybody(make_crowd: Callable[[int], Crowd], seed: int) -> None:
    crowd = make_crowd(seed)
    await crowd.gather(25)
    creators = [person.user_id for person in crowd.people[:3]]
    for creator, followers in zip(creators, (3, 12, 22), strict=True):
        await crowd.have_followers(creator, followers)
    for number in range(STEPS):
        await step(crowd, creators)
        if crowd.draw.random() < 0.3:
            await crowd.read(crowd.name(), 5)  # builds a feed, however far its events have come
        if crowd.draw.random() < 0.4:
            crossing = crowd.draw.choice(creators), crowd.draw.choice([2, 6, 17, 22])

            async def cross(creator: str = crossing[0], count: int = crossing[1]) -> None:
                await crowd.have_followers(creator, count)

            crowd.graph.then = cross
            await crowd.settle()
        if number % 10 == 9:
            await crowd.settle()
            await crowd.settle()  # a crossing may have come in the middle of the first
            await compare(crowd)


@pytest.mark.parametrize(("before", "after"), [(4, 6), (6, 4), (19, 21), (21, 16), (3, 22), (22, 3)])
async def test_a_video_survives_a_crossing_in_the_middle_of_its_fan_out(
    make_crowd: Callable[[int], Crowd], before: int, after: int
) -> None:
    crowd = make_crowd(before)
    await crowd.gather(25)
    creator = crowd.people[0].user_id
    await crowd.choose_active(crowd.people[::2])
    await crowd.have_followers(creator, before)
    await crowd.publish(creator)
    await crowd.settle()
    await compare(crowd)  # builds everybody's feed
    epoch = (await crowd.stores.tiers.standing(creator)).epoch

    async def cross() -> None:
        await crowd.have_followers(creator, after)
        await crowd.deliver(await crowd.news())

    await crowd.publish(creator)
    crowd.graph.then = cross
    await crowd.settle()
    if crowd.graph.then is not None:  # nothing was pushed, so nothing came between
        await cross()
    await crowd.publish(creator)
    await crowd.settle()
    assert (await crowd.stores.tiers.standing(creator)).epoch == epoch + 1
    await compare(crowd)


async def test_somebody_who_comes_back_misses_nothing(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(1)
    await crowd.gather(9)
    creator, person = crowd.people[0].user_id, crowd.people[1]
    await crowd.choose_active(crowd.people)
    await crowd.have_followers(creator, 8)
    await crowd.settle()
    assert (await crowd.stores.tiers.standing(creator)).tier == "selective"
    assert await crowd.read(person.user_id, 5) == []  # built
    await crowd.choose_active(crowd.people[2:])
    while_away = await crowd.publish(creator)
    await crowd.deliver(await crowd.news())  # no follow again, which would look for what is missing
    built = await crowd.stores.feeds.read("following", person.user_id, upper=UPPER, after=None, limit=5)
    assert built is not None
    assert built.entries == []  # not pushed to who is away
    assert await crowd.read(person.user_id, 5) == [while_away]
    await crowd.choose_active(crowd.people)
    assert await crowd.read(person.user_id, 5) == [while_away]


async def test_no_feed_comes_to_be_by_a_push_or_a_follow(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(2)
    await crowd.gather(23)
    await crowd.choose_active(crowd.people)
    creator = crowd.people[0].user_id
    for followers in (3, 10, 22):
        await crowd.have_followers(creator, followers)
        await crowd.publish(creator)
        await crowd.settle()
    for person in crowd.people:
        for kind in ("following", "feed", "creator"):
            assert await crowd.stores.feeds.read(kind, person.user_id, upper=UPPER, after=None, limit=1) is None


async def test_pages_go_on_through_pushes_pulls_and_deletes(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(3)
    await crowd.gather(23)
    small, big, reader = (person.user_id for person in crowd.people[:3])
    await crowd.have_followers(big, 22)
    await crowd.toggle("follow", reader, small, True)
    await crowd.choose_active([])
    for number in range(24):
        await crowd.publish(big if number % 2 else small)
    await crowd.settle()
    expected = crowd.expected(reader)
    gone: list[str] = []

    async def meanwhile() -> None:
        await crowd.publish(crowd.draw.choice([small, big]))
        victim = crowd.draw.choice(sorted(set(expected) & set(crowd.shown)))
        gone.append(victim)
        await crowd.delete(victim)
        await crowd.deliver(await crowd.news())

    found = await crowd.read(reader, 4, meanwhile)
    assert len(found) == len(set(found))
    assert found == [video_id for video_id in expected if video_id in found]
    assert set(expected) - set(found) <= set(gone)


async def test_a_shared_list_goes_on_below_what_it_keeps(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(4)
    await crowd.gather(22)
    big, reader = crowd.people[0].user_id, crowd.people[1].user_id
    await crowd.have_followers(big, 21)
    await crowd.settle()
    await crowd.read(reader, 5)  # built while there is nothing
    for _ in range(130):
        await crowd.publish(big)
    await crowd.settle()
    assert await crowd.read(reader, 30) == crowd.expected(reader)


async def holders(crowd: Crowd, video_id: str) -> int:
    """How many built feeds, of either kind, have the video."""
    kinds: tuple[Kind, ...] = ("following", "feed")
    built = [
        await crowd.stores.feeds.read(kind, person.user_id, upper=UPPER, after=None, limit=50)
        for kind in kinds
        for person in crowd.people
    ]
    return sum(video_id in {each for _, each in found.entries} for found in built if found is not None)


async def test_a_long_fan_out_holds_up_nobody_and_goes_on_beside_the_events(
    make_crowd: Callable[[int], Crowd], built: features.Features
) -> None:
    crowd = make_crowd(5)
    await crowd.gather(14)
    star, small = (person.user_id for person in crowd.people[:2])
    await crowd.have_followers(star, 12)
    await crowd.have_followers(small, 2)
    for person in crowd.people:
        for kind in ("following", "feed"):
            await crowd.stores.feeds.build(kind, person.user_id, "g", [])
    stores = crowd.stores
    ports = (stores.feeds, stores.graph, stores.videos, stores.tiers, built.tiering, stores.active)
    handler = FanOut(*ports, system_ms, page=PAGE, turn_s=0.0)
    later = FanOut(*ports, lambda: system_ms() + 60_000, page=PAGE, turn_s=0.0)

    for then, reached in ((None, 24), (crowd.delete, 4 * PAGE)):
        video_ids = [await crowd.publish(star), await crowd.publish(small)]
        facts = [fact for fact in await crowd.news() if fact.type == "video.published" and fact.key in video_ids]
        await handler(sorted(facts, key=lambda fact: video_ids.index(fact.key)))
        assert [await holders(crowd, video_id) for video_id in video_ids] == [2 * PAGE, 4]
        await handler(facts)  # delivered again: a further page
        assert await holders(crowd, video_ids[0]) == 4 * PAGE
        if then is not None:
            await then(video_ids[0])  # so nobody gets it any more; its event, which takes it away, is still to come
        await later.go_on()
        assert await holders(crowd, video_ids[0]) == reached
        assert (await stores.tiers.unfinished(system_ms() + 60_000, 1000)) == []
