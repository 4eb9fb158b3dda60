"""What following, unfollowing, muting and blocking do to a feed that is built, and that they build none."""

from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.ports.feeds import Kind
from app.stores import Stores
from tests.api.crowd import Crowd
from tests.api.happenings import Happenings

UPPER = 2**52


@pytest.fixture
def make_crowd(api_settings: Settings, stores: Stores, happenings: Happenings) -> Callable[[int], Crowd]:
    return lambda seed: Crowd(api_settings, stores, happenings, seed)


async def held(crowd: Crowd, user_id: str, kind: Kind = "following") -> list[str] | None:
    """What a built feed holds, whatever a page would show of it."""
    found = await crowd.stores.feeds.read(kind, user_id, upper=UPPER, after=None, limit=1000)
    return None if found is None else [video_id for _, video_id in found.entries]


async def test_a_follow_fills_in_and_an_unfollow_takes_out(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(1)
    await crowd.gather(3)
    reader, one, other = (person.user_id for person in crowd.people)
    old, kept, new = [await crowd.publish(author) for author in (one, other, one)]
    await crowd.toggle("follow", reader, other, True)
    await crowd.deliver(await crowd.news())
    assert await held(crowd, reader) is None  # a follow builds nothing
    await crowd.read(reader, 5)

    await crowd.toggle("follow", reader, one, True)
    followed = await crowd.news()
    await crowd.deliver(followed)
    assert await held(crowd, reader) == [new, kept, old]
    await crowd.deliver(followed)
    assert await held(crowd, reader) == [new, kept, old]

    await crowd.toggle("follow", reader, one, False)
    unfollowed = await crowd.news()
    await crowd.deliver(unfollowed)
    assert await held(crowd, reader) == [kept]
    await crowd.deliver(followed)  # comes late: the edge is asked, not the event
    assert await held(crowd, reader) == [kept]


@pytest.mark.parametrize("edge", ["mute", "block"])
async def test_barriers_take_out_of_both_feeds_and_an_unmute_brings_back(
    make_crowd: Callable[[int], Crowd], edge: str
) -> None:
    crowd = make_crowd(2)
    await crowd.gather(2)
    reader, author = (person.user_id for person in crowd.people)
    await crowd.toggle("follow", reader, author, True)
    video = await crowd.publish(author)
    await crowd.deliver(await crowd.news())
    await crowd.read(reader, 5)
    await crowd.stores.feeds.build("feed", reader, "g1", [(1, video)])

    await crowd.toggle(edge, reader, author, True)  # type: ignore[arg-type]
    await crowd.deliver(await crowd.news())
    assert await held(crowd, reader) == []
    assert await held(crowd, reader, "feed") is None  # made anew, without the author, when it is next read

    await crowd.toggle(edge, reader, author, False)  # type: ignore[arg-type]
    await crowd.deliver(await crowd.news())
    assert await held(crowd, reader) == ([video] if edge == "mute" else [])  # a block has ended the follow


async def test_who_is_blocked_loses_the_blockers_videos_too(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(3)
    await crowd.gather(2)
    reader, author = (person.user_id for person in crowd.people)
    await crowd.toggle("follow", reader, author, True)
    await crowd.publish(author)
    await crowd.read(reader, 5)
    await crowd.toggle("block", author, reader, True)
    await crowd.deliver(await crowd.news())
    assert await held(crowd, reader) == []


async def test_what_is_hidden_or_deleted_leaves_the_feeds_it_was_pushed_to(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(4)
    await crowd.gather(3)
    author, *readers = (person.user_id for person in crowd.people)
    await crowd.have_followers(author, 2)
    for reader in readers:
        await crowd.read(reader, 5)
    hidden, gone, kept = [await crowd.publish(author) for _ in range(3)]
    published = await crowd.news()
    await crowd.deliver(published)
    assert [await held(crowd, reader) for reader in readers] == [[kept, gone, hidden]] * 2

    await crowd.show(hidden, "private")
    await crowd.delete(gone)
    await crowd.deliver(await crowd.news())
    await crowd.deliver(published)  # once more, too late
    assert [await held(crowd, reader) for reader in readers] == [[kept]] * 2
    await crowd.show(hidden, "public")
    await crowd.deliver(await crowd.news())
    assert [await held(crowd, reader) for reader in readers] == [[kept, hidden]] * 2


async def test_a_cut_feed_is_filled_down_to_its_end_and_read_on_below_it(make_crowd: Callable[[int], Crowd]) -> None:
    crowd = make_crowd(5)
    await crowd.gather(3)
    reader, one, other = (person.user_id for person in crowd.people)
    await crowd.toggle("follow", reader, one, True)
    below = await crowd.publish(other)
    videos = [await crowd.publish(one) for _ in range(4)]
    above = await crowd.publish(other)
    await crowd.deliver(await crowd.news())
    places = sorted(((crowd.shown[video][1], video) for video in videos), reverse=True)
    await crowd.stores.feeds.build("following", reader, "g1", places[:2], whole=False)  # as one that was full

    await crowd.toggle("follow", reader, other, True)
    await crowd.deliver(await crowd.news())
    assert await held(crowd, reader) == [above, *(video for _, video in places[:2])]
    assert await crowd.read(reader, 2) == [above, *(video for _, video in places), below]
