"""Counts held to the truth. See `app.ports.counts`."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from app.adapters.postgres.reconcile_activity import PostgresViewCounts
from app.adapters.postgres.reconcile_social import PostgresCommentCounts, PostgresSocialCounts
from app.adapters.postgres.reconcile_video import PostgresVideoCounts
from app.core import ids
from app.core.buckets import new_comment_id
from app.core.clock import DAY_MS, system_ms
from app.core.events import Event, cause, event
from app.ports.accounts import Accounts
from app.ports.activity import Activity
from app.ports.comments import Comment, Comments
from app.ports.counts import Copy, Counts, Drift
from app.ports.graph import Graph
from app.ports.reactions import Reactions
from app.ports.videos import Videos
from tests.contract.people import NOW, join
from tests.contract.records import published
from tests.contract.test_activity import a_view, viewed

MOVE = """
    UPDATE social.counts SET n = n + $3 WHERE (subject, noun, slot) IN (
        SELECT subject, noun, slot FROM social.counts WHERE subject = $1 AND noun = $2 LIMIT 1)"""
MOVE_VIEWS = """
    UPDATE activity.view_counts SET n = n + $2 WHERE (video_id, slot) IN (
        SELECT video_id, slot FROM activity.view_counts WHERE video_id = $1 LIMIT 1)"""


@pytest.fixture
def keeper(pool: asyncpg.Pool) -> Callable[[str], Counts]:
    """Who keeps a kind."""
    keepers = [PostgresSocialCounts(pool), PostgresCommentCounts(pool), PostgresVideoCounts(pool)]
    return lambda kind: next(k for k in [*keepers, PostgresViewCounts(pool)] if kind in k.kinds)


async def drifts(keeper: Counts, kind: str, *subjects: str, repair: bool = False) -> list[Drift]:
    """What is found wrong with these; repairs reach everybody's."""
    found, after = [], ""
    while True:
        page = await keeper.reconcile(kind, after, 50, repair=repair)
        found += page.drifts
        if page.after is None:
            return [drift for drift in found if drift.subject in subjects]
        after = page.after


async def test_every_count_of_the_social_store_is_found_and_repaired(
    pool: asyncpg.Pool,
    keeper: Callable[[str], Counts],
    accounts: Accounts,
    graph: Graph,
    reactions: Reactions,
    comments: Comments,
) -> None:
    ada, bob, cem = [(await join(accounts)).user_id for _ in range(3)]
    video = ids.new("vid")
    await graph.toggle("follow", ada, bob, True, op_seq=None, now_ms=NOW)
    await graph.toggle("block", ada, cem, True, op_seq=None, now_ms=NOW)
    await graph.toggle("mute", ada, cem, True, op_seq=None, now_ms=NOW)
    await reactions.toggle("like", ada, video, True, op_seq=None, now_ms=NOW)
    await reactions.toggle("save", ada, video, True, op_seq=None, now_ms=NOW)
    await reactions.share(event("video.shared", video, NOW), ada, video, "link")
    await comments.create(a_comment(video, ada))
    wrong = {"likes": video, "saves": video, "shares": video, "comments": video, "followers": bob}
    wrong |= {"following": ada, "blocks": ada, "mutes": ada}
    for kind, subject in wrong.items():
        assert await drifts(keeper(kind), kind, subject) == []
        await pool.execute(MOVE, subject, kind, 5)

    for kind, subject in wrong.items():
        assert await drifts(keeper(kind), kind, subject) == [Drift(subject, 6, 1)]
        assert await drifts(keeper(kind), kind, subject, repair=True) == [Drift(subject, 6, 1)]
        assert await drifts(keeper(kind), kind, subject) == []
    assert (await reactions.counts([video]))[video].likes == 1


async def test_a_count_that_is_gone_and_one_of_nothing_are_found(
    pool: asyncpg.Pool, keeper: Callable[[str], Counts], reactions: Reactions
) -> None:
    gone, nothing = ids.new("vid"), ids.new("vid")
    await reactions.toggle("like", ids.new("usr"), gone, True, op_seq=None, now_ms=NOW)
    await pool.execute("DELETE FROM social.counts WHERE subject = $1", gone)
    await pool.execute("INSERT INTO social.counts (subject, noun, slot, n) VALUES ($1, 'likes', 3, 2)", nothing)

    found = await drifts(keeper("likes"), "likes", gone, nothing, repair=True)

    assert sorted(found, key=lambda drift: drift.stored) == [Drift(gone, 0, 1), Drift(nothing, 2, 0)]
    assert (await reactions.counts([gone]))[gone].likes == 1


async def test_a_repair_loses_no_like_made_meanwhile(
    pool: asyncpg.Pool, keeper: Callable[[str], Counts], reactions: Reactions
) -> None:
    video, people = ids.new("vid"), [ids.new("usr") for _ in range(120)]
    likes = keeper("likes")

    async def like(one: str) -> None:
        await reactions.toggle("like", one, video, True, op_seq=None, now_ms=NOW)
        if one[-1] < "A":
            await reactions.toggle("like", one, video, False, op_seq=None, now_ms=NOW)

    async def spoil_and_repair() -> None:
        for by in (7, -4, 11):
            await pool.execute(
                "INSERT INTO social.counts AS c (subject, noun, slot, n) VALUES ($1, 'likes', 9, $2) "
                "ON CONFLICT (subject, noun, slot) DO UPDATE SET n = c.n + $2",
                video,
                by,
            )
            await asyncio.gather(*(drifts(likes, "likes", video, repair=True) for _ in range(2)))

    await asyncio.gather(spoil_and_repair(), *(like(one) for one in people))

    liking = sum([bool(await reactions.reacted("like", one, [video])) for one in people])
    assert (await reactions.counts([video]))[video].likes == liking
    assert await drifts(likes, "likes", video) == []


async def test_counts_that_comments_carry_are_repaired_while_replies_come_and_go(
    pool: asyncpg.Pool, keeper: Callable[[str], Counts], comments: Comments
) -> None:
    video, author = ids.new("vid"), ids.new("usr")
    parent = a_comment(video, author)
    await comments.create(parent)
    await comments.like(author, parent.comment_id, True, op_seq=None, now_ms=NOW)
    await pool.execute(
        "UPDATE social.comments SET like_count = 9, reply_count = -3 WHERE comment_id = $1", parent.comment_id
    )
    replies = [a_comment(video, author, parent.comment_id) for _ in range(12)]

    async def come_and_go(reply: Comment) -> None:
        await comments.create(reply)
        await comments.like(author, reply.comment_id, True, op_seq=None, now_ms=NOW)
        if reply is replies[0]:
            await comments.delete(reply.comment_id, NOW + 1)

    repairs = [drifts(keeper(k), k, parent.comment_id, repair=True) for k in ("comment_likes", "replies")]
    (likes, counted), _ = await asyncio.gather(asyncio.gather(*repairs), asyncio.gather(*map(come_and_go, replies)))

    assert likes == [Drift(parent.comment_id, 9, 1)]
    assert [drift.truth - drift.stored for drift in counted] == [3]
    now = await comments.get(parent.comment_id)
    assert now is not None
    assert (now.like_count, now.reply_count) == (1, 11)


async def test_likes_received_differ_by_what_is_under_way_and_by_drift(
    pool: asyncpg.Pool, reactions: Reactions
) -> None:
    author, video, later = ids.new("usr"), ids.new("vid"), ids.new("vid")
    keeper = PostgresSocialCounts(pool)
    facts = [await like(reactions, author, video) for _ in range(3)]
    assert await keeper.reconcile_received({author: [video]}, repair=True) == []

    await reactions.add_total_likes(author, 1, cause=cause(facts[0], "total-likes"))
    await reactions.add_total_likes(author, 4, cause=ids.new("evt"))

    assert await keeper.reconcile_received({author: [video]}, repair=True) == [Drift(author, 5, 1)]
    for fact in facts[1:]:
        await reactions.add_total_likes(author, 1, cause=cause(fact, "total-likes"))
    assert await reactions.total_likes([author]) == {author: 3}
    assert await keeper.reconcile_received({author: [video]}, repair=True) == []
    made_meanwhile = await like(reactions, author, later)
    await reactions.add_total_likes(author, 1, cause=cause(made_meanwhile, "total-likes"))
    assert await keeper.reconcile_received({author: [video]}, repair=True) == []
    assert await keeper.reconcile_received({author: [video, later]}, repair=True) == []
    assert await reactions.total_likes([author]) == {author: 4}


async def test_counts_by_author_are_found_and_repaired(
    pool: asyncpg.Pool, keeper: Callable[[str], Counts], videos: Videos
) -> None:
    author = ids.new("usr")
    for _ in range(3):
        await videos.create(published(author, NOW, reserved_bytes=100), quota_bytes=2**40)
    await pool.execute("UPDATE video.authors SET reserved_bytes = 7, visible_videos = 5 WHERE user_id = $1", author)

    for kind, drift in (("reserved_bytes", Drift(author, 7, 300)), ("visible_videos", Drift(author, 5, 3))):
        assert await drifts(keeper(kind), kind, author) == [drift]
        await drifts(keeper(kind), kind, author, repair=True)

    assert await videos.reserved_bytes(author) == 300
    assert await videos.authors_counts([author]) == {author: 3}
    assert len((await PostgresVideoCounts(pool).authors(author[:-1], 1))[author]) == 3


async def test_views_are_compared_as_far_as_facts_are_kept(
    pool: asyncpg.Pool, keeper: Callable[[str], Counts], activity: Activity
) -> None:
    fresh, old = ids.new("vid"), ids.new("vid", system_ms() - 91 * DAY_MS)
    for video in (fresh, old):
        for _ in range(2):
            view = a_view(video_id=video)
            await activity.record_view(view, viewed(view))
    await pool.execute(MOVE_VIEWS, fresh, 3)
    await pool.execute(MOVE_VIEWS, old, 3)

    assert await drifts(keeper("views"), "views", fresh, old, repair=True) == [Drift(fresh, 5, 2)]
    await pool.execute(MOVE_VIEWS, old, -4)
    assert await drifts(keeper("views"), "views", fresh, old, repair=True) == [Drift(old, 1, 2)]

    assert await activity.view_counts([fresh, old]) == {fresh: (2, 2), old: (2, 2)}


async def test_a_copy_is_replaced_only_if_it_is_still_the_one_seen(pool: asyncpg.Pool, videos: Videos) -> None:
    video, keeper = published(ids.new("usr"), NOW), PostgresVideoCounts(pool)
    await videos.create(video, quota_bytes=2**40)
    before = video.video_id[:-1]
    reactions, views = sorted((await keeper.copies(before, 1)), key=lambda copy: copy.group)
    assert (reactions, views) == (Copy(video.video_id, "reactions", -1, {}), Copy(video.video_id, "views", -1, {}))
    await videos.set_counts(video.video_id, "views", {"views": 9}, 9)

    right = Copy(video.video_id, "views", 3, {"views": 3})
    assert not await keeper.put_copy(right, -1)
    assert await keeper.put_copy(right, 9)

    assert right in await keeper.copies(before, 1)


async def like(reactions: Reactions, author: str, video: str) -> Event:
    now_ms, fan = system_ms(), ids.new("usr")
    fact = event("video.liked", fan, now_ms, video_id=video, user_id=fan, author_id=author)
    await reactions.toggle("like", fan, video, True, op_seq=None, now_ms=now_ms, events=[fact])
    return fact


def a_comment(video_id: str, user_id: str, parent: str | None = None) -> Comment:
    return Comment(
        comment_id=new_comment_id(video_id, NOW),
        video_id=video_id,
        user_id=user_id,
        parent_comment_id=parent,
        content="words",
        created_at=NOW,
        updated_at=NOW,
    )
