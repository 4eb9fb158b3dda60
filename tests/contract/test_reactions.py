import asyncio

import pytest

from app.core import ids
from app.core.cursors import Keyset
from app.core.errors import Unavailable
from app.core.events import cause, event
from app.ports.graph import Toggled
from app.ports.reactions import Reaction, ReactionCounts, Reactions, RecentReactions
from tests.contract.evidence import Evidence
from tests.contract.people import NOW


async def test_a_like_is_counted_and_told(reactions: Reactions, social: Evidence) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    told = event("video.liked", video, NOW, video_id=video, user_id=ada)

    toggled = await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW, events=[told])

    assert toggled == Toggled(changed=True, count=1)
    assert await reactions.counts([video]) == {video: ReactionCounts(likes=1, version=1)}
    assert await reactions.mine("like", ada, None, 10) == [Keyset(NOW, video)]
    assert await reactions.reacted("like", ada, [video, ids.new("vid")]) == {video}
    assert await social.events(video) == [told]


async def test_likes_and_saves_are_two_things(reactions: Reactions) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW)
    await reactions.toggle("save", ada, video, True, op_seq=None, now_ms=NOW)

    assert await reactions.toggle("like", ada, video, False, op_seq=None, now_ms=NOW) == Toggled(True, 0)

    assert await reactions.counts([video]) == {video: ReactionCounts(saves=1, version=3)}
    assert await reactions.mine("like", ada, None, 10) == []
    assert await reactions.mine("save", ada, None, 10) == [Keyset(NOW, video)]
    assert await reactions.reacted("like", ada, [video]) == frozenset()


@pytest.mark.parametrize("reaction", ["like", "save"])
async def test_a_repeat_changes_nothing_and_tells_nobody(
    reactions: Reactions, social: Evidence, reaction: Reaction
) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    told, again = event("video.liked", video, NOW), event("video.liked", video, NOW)

    outcomes = [
        await reactions.toggle(reaction, ada, video, on, op_seq=None, now_ms=NOW + at, events=events)
        for at, (on, events) in enumerate([(False, [again]), (True, [told]), (True, [again]), (False, [])])
    ]

    assert outcomes == [Toggled(False, 0), Toggled(True, 1), Toggled(False, 1), Toggled(True, 0)]
    assert await social.events(video) == [told]


async def test_a_repeated_like_keeps_its_place_and_a_new_one_takes_the_top(reactions: Reactions) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW)

    await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW + 1)
    assert await reactions.mine("like", ada, None, 10) == [Keyset(NOW, video)]

    await reactions.toggle("like", ada, video, False, op_seq=None, now_ms=NOW + 2)
    await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW + 3)
    assert await reactions.mine("like", ada, None, 10) == [Keyset(NOW + 3, video)]


async def test_the_latest_wish_wins_in_whatever_order_wishes_arrive(reactions: Reactions) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    wishes = [(False, 2), (True, 1), (True, 3), (False, 3), (True, 5), (False, 4), (True, 5), (False, None), (True, 5)]

    counts = [
        (await reactions.toggle("like", ada, video, on, op_seq=op_seq, now_ms=NOW)).count for on, op_seq in wishes
    ]

    assert counts == [0, 0, 1, 1, 1, 1, 1, 0, 0]


async def test_wishes_in_parallel_end_as_the_latest(reactions: Reactions, social: Evidence) -> None:
    ada, video = ids.new("usr"), ids.new("vid")

    await asyncio.gather(
        *(
            reactions.toggle(
                "like",
                ada,
                video,
                op_seq % 2 == 1,
                op_seq=op_seq,
                now_ms=NOW,
                events=[event("video.liked", video, NOW)],
            )
            for op_seq in range(1, 52)
        )
    )

    assert await reactions.reacted("like", ada, [video]) == {video}
    counts = (await reactions.counts([video]))[video]
    assert counts.likes == 1
    assert len(await social.events(video)) == counts.version  # an event a change


async def test_200_parallel_identical_likes_make_one(reactions: Reactions, social: Evidence) -> None:
    ada, video = ids.new("usr"), ids.new("vid")

    outcomes = await asyncio.gather(
        *(
            reactions.toggle(
                "like", ada, video, True, op_seq=None, now_ms=NOW, events=[event("video.liked", video, NOW)]
            )
            for _ in range(200)
        )
    )

    assert sorted(outcome.changed for outcome in outcomes) == [False] * 199 + [True]
    assert {outcome.count for outcome in outcomes} == {1}
    assert await reactions.counts([video]) == {video: ReactionCounts(likes=1, version=1)}
    assert len(await social.events(video)) == 1


async def test_200_people_who_like_and_unlike_at_once_are_counted_exactly(
    reactions: Reactions, social: Evidence
) -> None:
    video, people = ids.new("vid"), [ids.new("usr") for _ in range(100)]

    await asyncio.gather(
        *(
            reactions.toggle(
                "like", one, video, on, op_seq=None, now_ms=NOW, events=[event("video.liked", video, NOW, on=on)]
            )
            for one in people
            for on in (True, False)
        )
    )

    liking = [one for one in people if await reactions.reacted("like", one, [video])]
    told = [1 if fact.data["on"] else -1 for fact in await social.events(video)]
    assert (await reactions.counts([video]))[video].likes == len(liking) == sum(told)


async def test_a_newer_count_has_the_larger_version(reactions: Reactions) -> None:
    video, seen = ids.new("vid"), []

    for one in (ids.new("usr"), ids.new("usr")):
        for reaction, on in (("like", True), ("save", True), ("like", False)):
            await reactions.toggle(reaction, one, video, on, op_seq=None, now_ms=NOW)  # type: ignore[arg-type]
            seen.append((await reactions.counts([video]))[video].version)
    await reactions.share(event("video.shared", video, NOW), ids.new("usr"), video, "link")
    seen.append((await reactions.counts([video]))[video].version)

    assert seen == sorted(set(seen))


async def test_counts_of_nothing_are_absent(reactions: Reactions) -> None:
    assert await reactions.counts([ids.new("vid")]) == {}
    assert await reactions.total_likes([ids.new("usr")]) == {}
    with pytest.raises(ValueError, match="at most 200"):
        await reactions.counts([ids.new("vid") for _ in range(201)])


async def test_a_share_is_stored_once_under_its_event(reactions: Reactions, social: Evidence) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    one, two = event("video.shared", video, NOW, channel="link"), event("video.shared", video, NOW, channel="mail")

    assert await reactions.share(one, ada, video, "link") == 1
    assert await reactions.share(one, ada, video, "link") == 1
    assert await reactions.share(two, ada, video, "mail") == 2

    assert (await reactions.counts([video]))[video].shares == 2
    assert await social.events(video) == [one, two]


async def test_my_likes_come_newest_first_in_pages(reactions: Reactions) -> None:
    ada, videos = ids.new("usr"), [ids.new("vid") for _ in range(5)]
    for at, video in zip((0, 1, 1, 1, 2), videos, strict=True):  # three of one millisecond
        await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW + at)

    pages: list[list[Keyset]] = []
    for _ in range(4):
        pages.append(await reactions.mine("like", ada, pages[-1][-1] if pages else None, 2))

    seen = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert seen == sorted(seen, key=lambda row: (row.at, row.id), reverse=True)
    assert {row.id for row in seen} == set(videos)


async def test_recent_reactions_are_exact_above_the_bound_they_name(reactions: Reactions) -> None:
    ada, videos = ids.new("usr"), [ids.new("vid", NOW + at) for at in range(6)]
    liked = videos[:5]
    for video in reversed(liked):  # liked in another order than made
        await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW)
    await reactions.toggle("like", ada, videos[5], True, op_seq=None, now_ms=NOW)
    await reactions.toggle("like", ada, videos[5], False, op_seq=None, now_ms=NOW)

    some, whole = await reactions.recent("like", ada, 3), await reactions.recent("like", ada, 5)

    assert some == RecentReactions(frozenset(videos[2:5]), since_id=videos[1])
    assert whole == RecentReactions(frozenset(liked), since_id="")
    assert await reactions.recent("save", ada, 5) == RecentReactions(frozenset(), since_id="")


async def test_likes_received_move_once_a_cause(reactions: Reactions, social: Evidence) -> None:
    author, video = ids.new("usr"), ids.new("vid")
    one, two = (cause(event("video.liked", video, NOW), "author-totals") for _ in range(2))

    for each, delta in ((one, 1), (one, 1), (two, 1), (one, 1)):
        await reactions.add_total_likes(author, delta, cause=each)
    await reactions.add_total_likes(author, -1, cause=cause(event("video.unliked", video, NOW), "author-totals"))

    assert await reactions.total_likes([author, ids.new("usr")]) == {author: 1}
    assert await social.marked(one)


async def test_one_cause_in_parallel_has_one_effect(reactions: Reactions) -> None:
    author = ids.new("usr")
    each = cause(event("video.liked", ids.new("vid"), NOW), "author-totals")

    await asyncio.gather(*(reactions.add_total_likes(author, 1, cause=each) for _ in range(50)))

    assert await reactions.total_likes([author]) == {author: 1}


@pytest.mark.parametrize(("table", "column"), [("reactions", "video_id"), ("counts", "subject"), ("outbox", "key")])
async def test_a_killed_like_leaves_nothing(reactions: Reactions, social: Evidence, table: str, column: str) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    told = event("video.liked", video, NOW, video_id=video, user_id=ada)

    async with social.dies_at(table, **{column: video}):
        with pytest.raises(Unavailable):
            await reactions.toggle("like", ada, video, True, op_seq=1, now_ms=NOW, events=[told])

    assert await reactions.reacted("like", ada, [video]) == frozenset()
    assert await reactions.counts([video]) == {}
    assert await social.events(video) == []

    for changed in (True, False):  # the retry, and one more
        toggled = await reactions.toggle("like", ada, video, True, op_seq=1, now_ms=NOW, events=[told])
        assert toggled == Toggled(changed, 1)
    assert await social.events(video) == [told]


@pytest.mark.parametrize(("table", "column"), [("shares", "video_id"), ("counts", "subject"), ("outbox", "key")])
async def test_a_killed_share_leaves_nothing(reactions: Reactions, social: Evidence, table: str, column: str) -> None:
    ada, video = ids.new("usr"), ids.new("vid")
    told = event("video.shared", video, NOW, channel="link")

    async with social.dies_at(table, **{column: video}):
        with pytest.raises(Unavailable):
            await reactions.share(told, ada, video, "link")

    assert await reactions.counts([video]) == {}
    assert await social.events(video) == []

    for _ in range(2):
        assert await reactions.share(told, ada, video, "link") == 1
    assert await social.events(video) == [told]


@pytest.mark.parametrize(("table", "column"), [("applied", "cause"), ("counts", "subject")])
async def test_a_killed_effect_leaves_neither_mark_nor_count(
    reactions: Reactions, social: Evidence, table: str, column: str
) -> None:
    author = ids.new("usr")
    each = cause(event("video.liked", ids.new("vid"), NOW), "author-totals")

    async with social.dies_at(table, **{column: {"applied": each, "counts": author}[table]}):
        with pytest.raises(Unavailable):
            await reactions.add_total_likes(author, 1, cause=each)

    assert await reactions.total_likes([author]) == {}
    assert not await social.marked(each)

    for _ in range(2):
        await reactions.add_total_likes(author, 1, cause=each)
    assert await reactions.total_likes([author]) == {author: 1}
