import asyncio

import msgspec
import pytest

from app.core import ids
from app.core.buckets import new_comment_id
from app.core.cursors import Keyset
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.events import Receipt, event
from app.ports.accounts import Accounts
from app.ports.comments import Comment, Comments
from app.ports.graph import Toggled
from app.ports.reactions import Reactions
from tests.contract.evidence import Evidence
from tests.contract.people import NOW


def a_comment(video: str, *, to: Comment | None = None, at_ms: int = NOW) -> Comment:
    return Comment(
        comment_id=new_comment_id(video, at_ms),
        video_id=video,
        user_id=ids.new("usr"),
        parent_comment_id=to.comment_id if to else None,
        content="Lovely 🙂",
        created_at=at_ms,
        updated_at=at_ms,
    )


async def number_of_comments(reactions: Reactions, video: str) -> int:
    counts = (await reactions.counts([video])).get(video)
    return counts.comments if counts else 0


async def test_a_comment_is_stored_counted_and_told(comments: Comments, reactions: Reactions, social: Evidence) -> None:
    video = ids.new("vid")
    comment = a_comment(video)
    told = event("comment.created", video, NOW, comment_id=comment.comment_id)

    await comments.create(comment, events=[told])

    assert await comments.get(comment.comment_id) == comment
    assert await comments.of_video(video, None, 10) == [comment]
    assert await number_of_comments(reactions, video) == 1
    assert await social.events(video) == [told]


async def test_a_reply_is_counted_at_its_parent_too(comments: Comments, reactions: Reactions) -> None:
    video = ids.new("vid")
    parent = a_comment(video)
    reply = a_comment(video, to=parent, at_ms=NOW + 1)
    await comments.create(parent)

    await comments.create(reply)

    assert await comments.of_video(video, None, 10) == [msgspec.structs.replace(parent, reply_count=1)]
    assert await comments.replies(parent.comment_id, None, 10) == [reply]
    assert await number_of_comments(reactions, video) == 2


async def test_a_reply_needs_a_living_top_level_parent_of_the_same_video(
    comments: Comments, reactions: Reactions, social: Evidence
) -> None:
    video, elsewhere = ids.new("vid"), ids.new("vid")
    parent, deleted, foreign, absent = a_comment(video), a_comment(video), a_comment(elsewhere), a_comment(video)
    reply = a_comment(video, to=parent)
    for comment in (parent, deleted, foreign, reply):
        await comments.create(comment)
    await comments.delete(deleted.comment_id, NOW)
    receipt = Receipt(ids.new("usr"), "key", b"fingerprint", 201, b"{}")

    for wrong in (absent, deleted, foreign, reply):
        with pytest.raises(NotFound):
            await comments.create(
                a_comment(video, to=wrong), events=[event("comment.created", video, NOW)], receipt=receipt
            )

    assert await number_of_comments(reactions, video) == 2
    assert await comments.get(foreign.comment_id) == foreign
    assert await social.events(video) == []
    await comments.create(a_comment(video), receipt=receipt)  # the refusals did not use the receipt up


async def test_a_comment_is_stored_once_a_receipt(comments: Comments, accounts: Accounts, reactions: Reactions) -> None:
    video, ada = ids.new("vid"), ids.new("usr")
    receipt = Receipt(ada, "key", b"fingerprint", 201, b'{"comment_id":"..."}')

    outcomes = await asyncio.gather(
        *(comments.create(a_comment(video), receipt=receipt) for _ in range(20)), return_exceptions=True
    )

    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)]
    assert refused == ["receipt_exists"] * 19
    assert len(await comments.of_video(video, None, 50)) == await number_of_comments(reactions, video) == 1
    assert await accounts.find_receipt(ada, "key") == receipt


async def test_absent_comments_are_none(comments: Comments) -> None:
    absent = new_comment_id(ids.new("vid"), NOW)
    no_bucket = absent[:-2] + "ZZ"

    for comment_id in (absent, no_bucket):
        assert await comments.get(comment_id) is None
        assert await comments.edit(comment_id, "words", NOW) is None
        assert not await comments.delete(comment_id, NOW)
        assert await comments.like(ids.new("usr"), comment_id, True, op_seq=None, now_ms=NOW) is None
        assert await comments.replies(comment_id, None, 10) == []
    assert await comments.of_video(ids.new("vid"), None, 10) == []


async def test_comments_come_newest_first_and_replies_oldest_first_in_pages(comments: Comments) -> None:
    video = ids.new("vid")
    top = [a_comment(video, at_ms=NOW + at) for at in (0, 1, 1, 1, 2)]  # three of one millisecond
    for comment in top:
        await comments.create(comment)
    replies = [a_comment(video, to=top[0], at_ms=NOW + at) for at in (0, 1, 1, 1, 2)]
    for reply in replies:
        await comments.create(reply)

    async def walk(replies_of: str | None) -> list[str]:
        seen: list[Comment] = []
        for expected in (2, 2, 1, 0):
            after = Keyset(seen[-1].created_at, seen[-1].comment_id) if seen else None
            page = await (comments.replies(replies_of, after, 2) if replies_of else comments.of_video(video, after, 2))
            assert len(page) == expected
            seen += page
        return [comment.comment_id for comment in seen]

    def order(some: list[Comment]) -> list[str]:
        return [comment.comment_id for comment in sorted(some, key=lambda one: (one.created_at, one.comment_id))]

    assert await walk(None) == order(top)[::-1]
    assert await walk(top[0].comment_id) == order(replies)


async def test_an_edit_changes_the_words_and_nothing_else(comments: Comments) -> None:
    comment = a_comment(ids.new("vid"))
    await comments.create(comment)

    edited = await comments.edit(comment.comment_id, "Better words", NOW + 5)

    assert edited == msgspec.structs.replace(comment, content="Better words", updated_at=NOW + 5)
    assert await comments.get(comment.comment_id) == edited
    await comments.delete(comment.comment_id, NOW + 6)
    assert await comments.edit(comment.comment_id, "Too late", NOW + 7) is None


async def test_a_deleted_comment_is_empty_uncounted_and_gone_once(
    comments: Comments, reactions: Reactions, social: Evidence
) -> None:
    video = ids.new("vid")
    comment = a_comment(video)
    await comments.create(comment)
    told = event("comment.deleted", video, NOW, comment_id=comment.comment_id)

    assert await comments.delete(comment.comment_id, NOW + 5, events=[told])
    assert not await comments.delete(comment.comment_id, NOW + 6, events=[told])

    assert await comments.get(comment.comment_id) == msgspec.structs.replace(
        comment, content="", updated_at=NOW + 5, deleted_at=NOW + 5
    )
    assert await comments.of_video(video, None, 10) == []
    assert await number_of_comments(reactions, video) == 0
    assert await social.events(video) == [told]


async def test_a_deleted_comment_stays_as_a_place_while_it_has_replies(
    comments: Comments, reactions: Reactions
) -> None:
    video = ids.new("vid")
    parent = a_comment(video)
    one, two = a_comment(video, to=parent), a_comment(video, to=parent)
    for comment in (parent, one, two):
        await comments.create(comment)

    await comments.delete(parent.comment_id, NOW)
    await comments.delete(one.comment_id, NOW)

    [place] = await comments.of_video(video, None, 10)
    assert (place.comment_id, place.content, place.reply_count) == (parent.comment_id, "", 1)
    assert await comments.replies(parent.comment_id, None, 10) == [two]
    assert await number_of_comments(reactions, video) == 1

    await comments.delete(two.comment_id, NOW)
    assert await comments.of_video(video, None, 10) == []


async def test_likes_of_a_comment_are_counted_and_known(comments: Comments) -> None:
    ada, bob, comment = ids.new("usr"), ids.new("usr"), a_comment(ids.new("vid"))
    await comments.create(comment)

    outcomes = [
        await comments.like(who, comment.comment_id, on, op_seq=None, now_ms=NOW)
        for who, on in ((ada, True), (ada, True), (bob, True), (bob, False), (bob, False))
    ]

    assert outcomes == [Toggled(True, 1), Toggled(False, 1), Toggled(True, 2), Toggled(True, 1), Toggled(False, 1)]
    stored = await comments.get(comment.comment_id)
    assert stored is not None
    assert stored.like_count == 1
    other = new_comment_id(comment.video_id, NOW)
    assert await comments.liked(ada, [comment.comment_id, other]) == {comment.comment_id}
    assert await comments.liked(bob, [comment.comment_id, other]) == frozenset()


async def test_a_late_older_like_of_a_comment_changes_nothing(comments: Comments) -> None:
    ada, comment = ids.new("usr"), a_comment(ids.new("vid"))
    await comments.create(comment)

    outcomes = [
        await comments.like(ada, comment.comment_id, on, op_seq=op_seq, now_ms=NOW)
        for on, op_seq in ((False, 2), (True, 1), (True, 3), (False, 3), (False, 4))
    ]

    assert outcomes == [Toggled(False, 0), Toggled(False, 0), Toggled(True, 1), Toggled(False, 1), Toggled(True, 0)]


async def test_a_deleted_comment_is_not_liked(comments: Comments) -> None:
    ada, comment = ids.new("usr"), a_comment(ids.new("vid"))
    await comments.create(comment)
    await comments.delete(comment.comment_id, NOW)

    assert await comments.like(ada, comment.comment_id, True, op_seq=None, now_ms=NOW) is None
    assert await comments.liked(ada, [comment.comment_id]) == frozenset()


async def test_200_parallel_identical_likes_of_a_comment_make_one(comments: Comments) -> None:
    ada, comment = ids.new("usr"), a_comment(ids.new("vid"))
    await comments.create(comment)

    outcomes = await asyncio.gather(
        *(comments.like(ada, comment.comment_id, True, op_seq=None, now_ms=NOW) for _ in range(200))
    )

    assert outcomes.count(Toggled(True, 1)) == 1
    assert outcomes.count(Toggled(False, 1)) == 199


async def test_replies_likes_and_deletions_at_once_neither_deadlock_nor_drift(
    comments: Comments, reactions: Reactions
) -> None:
    video, people = ids.new("vid"), [ids.new("usr") for _ in range(5)]
    parents = [a_comment(video), a_comment(video)]
    first = [a_comment(video, to=parent) for parent in parents for _ in range(5)]
    for comment in (*parents, *first):
        await comments.create(comment)

    outcomes = await asyncio.gather(
        *(comments.create(a_comment(video, to=parent)) for parent in parents for _ in range(10)),
        *(comments.delete(reply.comment_id, NOW) for reply in first for _ in range(2)),
        *(
            comments.like(one, comment.comment_id, on, op_seq=None, now_ms=NOW)
            for one in people
            for comment in (*parents, *first)
            for on in (True, False)
        ),
        comments.delete(parents[1].comment_id, NOW),
        return_exceptions=True,
    )

    unexpected = [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, NotFound)]
    assert unexpected == []
    listed = await comments.of_video(video, None, 10)
    for comment in listed:
        assert comment.reply_count == len(await comments.replies(comment.comment_id, None, 50))
        liking = [one for one in people if await comments.liked(one, [comment.comment_id])]
        assert comment.like_count == len(liking) or comment.deleted_at is not None
    living = sum(comment.deleted_at is None for comment in listed) + sum(comment.reply_count for comment in listed)
    assert await number_of_comments(reactions, video) == living


@pytest.mark.parametrize("table", ["receipts", "comments", "counts", "outbox"])
async def test_a_killed_comment_leaves_nothing(
    comments: Comments, reactions: Reactions, accounts: Accounts, social: Evidence, table: str
) -> None:
    video, ada = ids.new("vid"), ids.new("usr")
    parent = a_comment(video)
    reply = a_comment(video, to=parent)
    await comments.create(parent)
    told = event("comment.created", video, NOW, comment_id=reply.comment_id)
    receipt = Receipt(ada, "key", b"fingerprint", 201, b"{}")
    row = {"receipts": {"scope": ada}, "comments": {"comment_id": reply.comment_id}, "counts": {"subject": video}}

    async with social.dies_at(table, **row.get(table, {"key": video})):
        with pytest.raises(Unavailable):
            await comments.create(reply, events=[told], receipt=receipt)

    assert await comments.get(reply.comment_id) is None
    assert await comments.get(parent.comment_id) == parent
    assert await number_of_comments(reactions, video) == 1
    assert await accounts.find_receipt(ada, "key") is None
    assert await social.events(video) == []

    await comments.create(reply, events=[told], receipt=receipt)
    with pytest.raises(Conflict):
        await comments.create(reply, events=[told], receipt=receipt)

    assert await comments.replies(parent.comment_id, None, 10) == [reply]
    assert await number_of_comments(reactions, video) == 2
    assert await social.events(video) == [told]


@pytest.mark.parametrize("table", ["comments", "counts", "outbox"])
async def test_a_killed_deletion_leaves_the_comment(
    comments: Comments, reactions: Reactions, social: Evidence, table: str
) -> None:
    video = ids.new("vid")
    comment = a_comment(video)
    await comments.create(comment)
    told = event("comment.deleted", video, NOW, comment_id=comment.comment_id)
    row = {"comments": {"comment_id": comment.comment_id}, "counts": {"subject": video}, "outbox": {"key": video}}

    async with social.dies_at(table, **row[table]):
        with pytest.raises(Unavailable):
            await comments.delete(comment.comment_id, NOW, events=[told])

    assert await comments.get(comment.comment_id) == comment
    assert await number_of_comments(reactions, video) == 1
    assert await social.events(video) == []

    assert await comments.delete(comment.comment_id, NOW, events=[told])
    assert await number_of_comments(reactions, video) == 0
    assert await social.events(video) == [told]


@pytest.mark.parametrize(("table", "column"), [("comment_likes", "comment_id"), ("comments", "comment_id")])
async def test_a_killed_like_of_a_comment_leaves_nothing(
    comments: Comments, social: Evidence, table: str, column: str
) -> None:
    ada, comment = ids.new("usr"), a_comment(ids.new("vid"))
    await comments.create(comment)

    async with social.dies_at(table, **{column: comment.comment_id}):
        with pytest.raises(Unavailable):
            await comments.like(ada, comment.comment_id, True, op_seq=1, now_ms=NOW)

    assert await comments.get(comment.comment_id) == comment
    assert await comments.liked(ada, [comment.comment_id]) == frozenset()
    assert await comments.like(ada, comment.comment_id, True, op_seq=1, now_ms=NOW) == Toggled(True, 1)
