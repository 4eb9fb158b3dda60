import asyncio
from collections.abc import Callable

import pytest

from app.core import ids
from app.core.cursors import Keyset
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.events import event
from app.ports.accounts import Accounts
from app.ports.graph import Circle, Edge, FollowCounts, Graph, Relation, Toggled
from tests.contract.evidence import Evidence
from tests.contract.people import NOW, join


async def everyone(accounts: Accounts, count: int) -> list[str]:
    return [(await join(accounts)).user_id for _ in range(count)]


async def test_a_follow_is_seen_from_both_sides(graph: Graph, accounts: Accounts, social: Evidence) -> None:
    ada, bob = await everyone(accounts, 2)
    told = event("user.followed", ada, NOW, user_id=ada, other_id=bob)

    toggled = await graph.toggle("follow", ada, bob, True, op_seq=None, now_ms=NOW, events=[told])

    assert toggled == Toggled(changed=True, count=1)
    assert await graph.following(ada, None, 10) == [Keyset(NOW, bob)]
    assert await graph.followers(bob, None, 10) == [Keyset(NOW, ada)]
    assert await graph.counts([ada, bob]) == {ada: FollowCounts(0, 1), bob: FollowCounts(1, 0)}
    assert await graph.relations(ada, [bob]) == {bob: Relation(following=True)}
    assert await graph.relations(bob, [ada]) == {ada: Relation(followed_by=True)}
    assert await social.events(ada) == [told]


async def test_an_unfollow_is_seen_from_both_sides(graph: Graph, accounts: Accounts, social: Evidence) -> None:
    ada, bob = await everyone(accounts, 2)
    await graph.toggle("follow", ada, bob, True, op_seq=None, now_ms=NOW)
    told = event("user.unfollowed", ada, NOW, user_id=ada, other_id=bob)

    toggled = await graph.toggle("follow", ada, bob, False, op_seq=None, now_ms=NOW + 1, events=[told])

    assert toggled == Toggled(changed=True, count=0)
    assert await graph.following(ada, None, 10) == []
    assert await graph.followers(bob, None, 10) == []
    assert await graph.follower_batch(bob, "", 10) == []
    assert await graph.counts([ada, bob]) == {ada: FollowCounts(), bob: FollowCounts()}
    assert await graph.relations(ada, [bob]) == {bob: Relation()}
    assert await social.events(ada) == [told]


@pytest.mark.parametrize("edge", ["follow", "block", "mute"])
async def test_a_repeat_changes_nothing_and_tells_nobody(
    graph: Graph, accounts: Accounts, social: Evidence, edge: Edge
) -> None:
    ada, bob = await everyone(accounts, 2)
    told = event("user.muted", ada, NOW)
    again = event("user.muted", ada, NOW)

    outcomes = [
        await graph.toggle(edge, ada, bob, on, op_seq=None, now_ms=NOW, events=events)
        for on, events in ((False, [again]), (True, [told]), (True, [again]), (False, []), (False, [again]))
    ]

    assert [(outcome.changed, outcome.count) for outcome in outcomes] == [
        (False, 0),
        (True, 1),
        (False, 1),
        (True, 0),
        (False, 0),
    ]
    assert await social.events(ada) == [told]


@pytest.mark.parametrize("edge", ["follow", "block", "mute"])
async def test_an_older_or_equal_op_seq_changes_nothing(graph: Graph, accounts: Accounts, edge: Edge) -> None:
    ada, bob = await everyone(accounts, 2)
    wishes = [(True, 5), (False, 4), (False, 5), (False, 6), (True, 6), (True, 3), (True, None), (False, 6), (False, 7)]

    outcomes = [(await graph.toggle(edge, ada, bob, on, op_seq=op_seq, now_ms=NOW)).count for on, op_seq in wishes]

    assert outcomes == [1, 1, 1, 0, 0, 0, 1, 1, 0]


async def test_a_later_off_that_arrives_first_wins(graph: Graph, accounts: Accounts) -> None:
    ada, bob = await everyone(accounts, 2)

    assert await graph.toggle("follow", ada, bob, False, op_seq=2, now_ms=NOW) == Toggled(False, 0)
    assert await graph.toggle("follow", ada, bob, True, op_seq=1, now_ms=NOW) == Toggled(False, 0)
    assert await graph.toggle("follow", ada, bob, True, op_seq=3, now_ms=NOW) == Toggled(True, 1)


async def test_a_repeat_with_a_newer_op_seq_outnumbers_what_is_still_to_come(graph: Graph, accounts: Accounts) -> None:
    ada, bob = await everyone(accounts, 2)
    await graph.toggle("follow", ada, bob, True, op_seq=1, now_ms=NOW)
    await graph.toggle("follow", ada, bob, True, op_seq=3, now_ms=NOW)

    assert await graph.toggle("follow", ada, bob, False, op_seq=2, now_ms=NOW) == Toggled(False, 1)


async def test_a_follower_who_does_not_exist_is_refused(graph: Graph, accounts: Accounts) -> None:
    [bob] = await everyone(accounts, 1)

    with pytest.raises(NotFound):
        await graph.toggle("follow", ids.new("usr"), bob, True, op_seq=None, now_ms=NOW)

    assert await graph.counts([bob]) == {}


async def test_nobody_follows_more_than_the_limit_in_parallel_either(
    make_graph: Callable[[int], Graph], accounts: Accounts
) -> None:
    graph = make_graph(3)
    ada, *others = await everyone(accounts, 7)

    outcomes = await asyncio.gather(
        *(graph.toggle("follow", ada, other, True, op_seq=None, now_ms=NOW) for other in others),
        return_exceptions=True,
    )

    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)]
    assert refused == ["follow_limit"] * 3
    following = [row.id for row in await graph.following(ada, None, 10)]
    assert len(following) == 3
    assert (await graph.counts([ada]))[ada] == FollowCounts(0, 3)
    # Whoever is at the limit may repeat a follow, and follow anew after an unfollow.
    assert not (await graph.toggle("follow", ada, following[0], True, op_seq=None, now_ms=NOW)).changed
    await graph.toggle("follow", ada, following[0], False, op_seq=None, now_ms=NOW)
    assert (await graph.toggle("follow", ada, following[0], True, op_seq=None, now_ms=NOW)).changed


@pytest.mark.parametrize("edge", ["block", "mute"])
async def test_nobody_blocks_or_mutes_more_than_the_limit_in_parallel_either(
    make_graph: Callable[[int], Graph], accounts: Accounts, edge: Edge
) -> None:
    graph = make_graph(3)
    ada, *others = await everyone(accounts, 7)

    outcomes = await asyncio.gather(
        *(graph.toggle(edge, ada, other, True, op_seq=None, now_ms=NOW) for other in others), return_exceptions=True
    )

    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)]
    assert refused == [f"{edge}_limit"] * 3
    circle = await graph.circle(ada)
    shut_out = circle.blocked if edge == "block" else circle.muted
    assert len(shut_out) == 3
    first, stranger = min(shut_out), next(other for other in others if other not in shut_out)
    assert await graph.relations(stranger, [ada]) == {ada: Relation()}
    assert not (await graph.toggle(edge, ada, first, True, op_seq=None, now_ms=NOW)).changed
    assert (await graph.toggle(edge, ada, first, False, op_seq=None, now_ms=NOW)).count == 2
    assert (await graph.toggle(edge, ada, stranger, True, op_seq=None, now_ms=NOW)).count == 3


async def test_a_block_ends_follows_in_both_directions_with_an_event_each(
    graph: Graph, accounts: Accounts, social: Evidence
) -> None:
    ada, bob = await everyone(accounts, 2)
    await graph.toggle("follow", ada, bob, True, op_seq=None, now_ms=NOW)
    await graph.toggle("follow", bob, ada, True, op_seq=None, now_ms=NOW)
    told = event("user.blocked", ada, NOW, user_id=ada, other_id=bob)

    toggled = await graph.toggle("block", ada, bob, True, op_seq=None, now_ms=NOW + 1, events=[told])

    assert toggled == Toggled(changed=True, count=1)
    assert await graph.relations(ada, [bob]) == {bob: Relation(blocked=True)}
    assert await graph.relations(bob, [ada]) == {ada: Relation(blocked_by=True)}
    assert await graph.counts([ada, bob]) == {ada: FollowCounts(), bob: FollowCounts()}
    assert await graph.followers(ada, None, 10) == await graph.followers(bob, None, 10) == []
    by_ada, by_bob = await social.events(ada), await social.events(bob)
    assert [(fact.type, fact.data) for fact in by_ada] == [
        ("user.blocked", {"user_id": ada, "other_id": bob}),
        ("user.unfollowed", {"user_id": ada, "other_id": bob}),
    ]
    assert [(fact.type, fact.data) for fact in by_bob] == [("user.unfollowed", {"user_id": bob, "other_id": ada})]


async def test_nobody_follows_while_either_blocks_the_other(graph: Graph, accounts: Accounts) -> None:
    ada, bob = await everyone(accounts, 2)
    await graph.toggle("block", ada, bob, True, op_seq=None, now_ms=NOW)

    for follower, followed in ((ada, bob), (bob, ada)):
        with pytest.raises(Conflict) as refusal:
            await graph.toggle("follow", follower, followed, True, op_seq=None, now_ms=NOW)
        assert refusal.value.code == "blocked"

    assert await graph.toggle("block", ada, bob, False, op_seq=None, now_ms=NOW) == Toggled(True, 0)
    assert await graph.relations(bob, [ada]) == {ada: Relation()}
    assert await graph.toggle("follow", bob, ada, True, op_seq=None, now_ms=NOW) == Toggled(True, 1)


async def test_two_who_block_each_other_stay_blocked_until_both_unblock(graph: Graph, accounts: Accounts) -> None:
    ada, bob = await everyone(accounts, 2)
    await graph.toggle("block", ada, bob, True, op_seq=None, now_ms=NOW)
    await graph.toggle("block", bob, ada, True, op_seq=None, now_ms=NOW)
    await graph.toggle("block", ada, bob, False, op_seq=None, now_ms=NOW)

    assert await graph.relations(ada, [bob]) == {bob: Relation(blocked_by=True)}
    assert await graph.relations(bob, [ada]) == {ada: Relation(blocked=True)}


async def test_lists_come_newest_first_in_pages_without_gap_or_repeat(graph: Graph, accounts: Accounts) -> None:
    star, *fans = await everyone(accounts, 6)
    for at, fan in zip((0, 1, 1, 1, 2), fans, strict=True):  # three of one millisecond
        await graph.toggle("follow", fan, star, True, op_seq=None, now_ms=NOW + at)
        await graph.toggle("follow", star, fan, True, op_seq=None, now_ms=NOW + at)

    for read in (graph.followers, graph.following):
        pages, after = [], None
        for _ in range(4):
            page = await read(star, after, 2)
            after = page[-1] if page else after
            pages.append(page)
        seen = [row for page in pages for row in page]
        assert [len(page) for page in pages] == [2, 2, 1, 0]
        assert seen == sorted(seen, key=lambda row: (row.at, row.id), reverse=True)
        assert {row.id for row in seen} == set(fans)


async def test_fan_out_reads_followers_by_id_with_their_numbers(graph: Graph, accounts: Accounts) -> None:
    star, *fans = [await join(accounts) for _ in range(6)]
    for fan in fans:
        await graph.toggle("follow", fan.user_id, star.user_id, True, op_seq=None, now_ms=NOW)

    first = await graph.follower_batch(star.user_id, "", 3)
    rest = await graph.follower_batch(star.user_id, first[-1][0], 3)

    assert first + rest == sorted((fan.user_id, fan.user_no) for fan in fans)
    assert await graph.follower_batch(star.user_id, rest[-1][0], 3) == []


async def test_the_circle_is_whole(graph: Graph, accounts: Accounts) -> None:
    ada, friend, idol, fan, blocked, blocker, muted, ex = await everyone(accounts, 8)
    edges: list[tuple[Edge, str, str]] = [
        ("follow", ada, friend),
        ("follow", friend, ada),
        ("follow", ada, idol),
        ("follow", fan, ada),
        ("block", ada, blocked),
        ("block", blocker, ada),
        ("mute", ada, muted),
        ("follow", ada, ex),
        ("follow", ex, ada),
    ]
    for edge, one, other in edges:
        await graph.toggle(edge, one, other, True, op_seq=None, now_ms=NOW)
    await graph.toggle("follow", ada, ex, False, op_seq=None, now_ms=NOW)

    assert await graph.circle(ada) == Circle(
        following=frozenset({friend, idol}),
        friends=frozenset({friend}),
        blocked=frozenset({blocked, blocker}),
        muted=frozenset({muted}),
    )
    assert await graph.circle(ids.new("usr")) == Circle(frozenset(), frozenset(), frozenset(), frozenset())
    assert await graph.relations(ada, [friend, fan, muted, ids.ID_BYTES * "x"]) == {
        friend: Relation(following=True, followed_by=True),
        fan: Relation(followed_by=True),
        muted: Relation(muted=True),
        ids.ID_BYTES * "x": Relation(),
    }


async def test_200_parallel_identical_follows_make_one(graph: Graph, accounts: Accounts, social: Evidence) -> None:
    ada, bob = await everyone(accounts, 2)

    outcomes = await asyncio.gather(
        *(
            graph.toggle("follow", ada, bob, True, op_seq=None, now_ms=NOW, events=[event("user.followed", ada, NOW)])
            for _ in range(200)
        )
    )

    assert sorted(outcome.changed for outcome in outcomes) == [False] * 199 + [True]
    assert {outcome.count for outcome in outcomes} == {1}
    assert await graph.counts([ada, bob]) == {ada: FollowCounts(0, 1), bob: FollowCounts(1, 0)}
    assert len(await social.events(ada)) == 1


async def test_parallel_opposite_toggles_neither_deadlock_nor_drift(
    graph: Graph, accounts: Accounts, social: Evidence
) -> None:
    people = await everyone(accounts, 3)
    pairs = [(one, other) for one in people for other in people if one != other]
    turns: list[tuple[Edge, bool, str]] = [
        ("follow", True, "user.followed"),
        ("block", True, "user.blocked"),
        ("follow", False, "user.unfollowed"),
        ("block", False, "user.unblocked"),
    ]

    outcomes = await asyncio.gather(
        *(
            graph.toggle(edge, one, other, on, op_seq=None, now_ms=NOW, events=[event(told, one, NOW)])
            for _ in range(6)
            for one, other in pairs
            for edge, on, told in turns
        ),
        return_exceptions=True,
    )

    refusals = {refusal.code for refusal in outcomes if isinstance(refusal, Conflict)}
    assert refusals <= {"blocked"}
    assert all(isinstance(outcome, Toggled | Conflict) for outcome in outcomes)
    counts = await graph.counts(people)
    for one in people:
        following, followers = await graph.following(one, None, 9), await graph.followers(one, None, 9)
        assert counts.get(one, FollowCounts()) == FollowCounts(len(followers), len(following))
        assert (await graph.circle(one)).following == {row.id for row in following}
        types = [fact.type for fact in await social.events(one)]
        # Every change told once, so what was begun and not ended is what there is.
        assert types.count("user.followed") - types.count("user.unfollowed") == len(following)


async def test_a_follow_and_a_block_at_once_never_leave_both(graph: Graph, accounts: Accounts) -> None:
    for _ in range(10):
        ada, bob = await everyone(accounts, 2)

        await asyncio.gather(
            graph.toggle("follow", ada, bob, True, op_seq=None, now_ms=NOW),
            graph.toggle("block", bob, ada, True, op_seq=None, now_ms=NOW),
            return_exceptions=True,
        )

        assert await graph.relations(ada, [bob]) == {bob: Relation(blocked_by=True)}
        assert await graph.counts([bob]) in ({}, {bob: FollowCounts()})


@pytest.mark.parametrize(
    ("table", "column"),
    [("follows", "user_id"), ("followers", "follower_id"), ("counts", "subject"), ("outbox", "key")],
)
async def test_a_killed_follow_leaves_nothing(
    graph: Graph, accounts: Accounts, social: Evidence, table: str, column: str
) -> None:
    ada, bob = await everyone(accounts, 2)
    told = event("user.followed", ada, NOW, user_id=ada, other_id=bob)

    async with social.dies_at(table, **{column: ada}):
        with pytest.raises(Unavailable):
            await graph.toggle("follow", ada, bob, True, op_seq=1, now_ms=NOW, events=[told])

    assert await graph.following(ada, None, 10) == []
    assert await graph.followers(bob, None, 10) == []
    assert await graph.counts([ada, bob]) == {}
    assert await social.events(ada) == []

    for changed in (True, False):  # the retry, and one more
        toggled = await graph.toggle("follow", ada, bob, True, op_seq=1, now_ms=NOW, events=[told])
        assert toggled == Toggled(changed, 1)
    assert await social.events(ada) == [told]


@pytest.mark.parametrize(
    ("table", "column"), [("barriers", "other_id"), ("follows", "user_id"), ("counts", "subject"), ("outbox", "key")]
)
async def test_a_killed_block_leaves_the_follow(
    graph: Graph, accounts: Accounts, social: Evidence, table: str, column: str
) -> None:
    ada, bob = await everyone(accounts, 2)
    await graph.toggle("follow", bob, ada, True, op_seq=None, now_ms=NOW)

    async with social.dies_at(table, **{column: bob}):
        with pytest.raises(Unavailable):
            await graph.toggle("block", ada, bob, True, op_seq=1, now_ms=NOW, events=[event("user.blocked", ada, NOW)])

    assert await graph.relations(ada, [bob]) == {bob: Relation(followed_by=True)}
    assert await graph.counts([ada, bob]) == {ada: FollowCounts(1, 0), bob: FollowCounts(0, 1)}
    assert await social.events(ada) == await social.events(bob) == []

    await graph.toggle("block", ada, bob, True, op_seq=1, now_ms=NOW, events=[event("user.blocked", ada, NOW)])

    assert await graph.relations(ada, [bob]) == {bob: Relation(blocked=True)}
    assert await graph.counts([ada, bob]) == {ada: FollowCounts(), bob: FollowCounts()}
    assert [fact.type for fact in await social.events(ada)] == ["user.blocked"]
    assert [fact.type for fact in await social.events(bob)] == ["user.unfollowed"]
