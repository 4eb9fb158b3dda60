"""Comments and their replies: reading, writing, taking back."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from app.cards.access import Access
from app.cards.people import People
from app.cards.present import brief
from app.cards.schemas import UserBrief
from app.cards.viewer import ViewerState
from app.core import buckets, events, ids, text
from app.core.clock import DAY_MS, Clock
from app.core.cursors import Cursors, Keyset
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.events import Event, Receipt
from app.core.paging import fill
from app.http.viewer import Viewer
from app.ports.comments import Comment, Comments
from app.ports.graph import Toggled
from app.ports.videos import VideoAndCounts
from app.services.social.schemas import CommentCard, CommentItems, CommentRequest

LONGEST = 1000

Seal = Callable[[msgspec.Struct], Receipt | None]
Source = Callable[[Keyset | None, int], Awaitable[list[Comment]]]


def words(content: str) -> str:
    """1–1,000 characters, line breaks kept."""
    return text.clean(content, "/content", longest=LONGEST, shortest=1, lines=True)


class CommentActions:
    """The writes."""

    def __init__(self, access: Access, comments: Comments, people: People, clock: Clock) -> None:
        self._access = access
        self._comments = comments
        self._people = people
        self._clock = clock

    async def create(self, viewer: Viewer, video_id: str, wish: CommentRequest, seal: Seal) -> CommentCard:
        """A comment or reply on a video the viewer may see."""
        record, state = await self._access.visible(viewer.user_id, video_id)
        self._may_comment(record, viewer)
        if wish.parent_comment_id is not None:
            await self._check_parent(wish.parent_comment_id, video_id, state)
        author = await self._people.find(viewer.user_id)
        now_ms = self._clock()
        comment = Comment(
            comment_id=buckets.new_comment_id(video_id, now_ms),
            video_id=video_id,
            user_id=viewer.user_id,
            parent_comment_id=wish.parent_comment_id,
            content=words(wish.content),
            created_at=now_ms,
            updated_at=now_ms,
        )
        card = _card(comment, brief(author), liked=False)
        fact = _fact("comment.created", comment, record.video.user_id, viewer.user_id, now_ms)
        try:
            await self._comments.create(comment, events=[fact], receipt=seal(card))
        except NotFound:
            raise _bad_parent() from None
        return card

    async def edit(self, viewer: Viewer, comment_id: str, content: str) -> CommentCard:
        """New words for one's own comment."""
        comment, _ = await self._own(viewer, comment_id)
        edited = await self._comments.edit(comment.comment_id, words(content), self._clock())
        if edited is None:
            raise NotFound("There is no such comment.")
        author = await self._people.find(viewer.user_id)
        liked = comment_id in await self._comments.liked(viewer.user_id, [comment_id])
        return _card(edited, brief(author), liked)

    async def delete(self, viewer: Viewer, comment_id: str) -> None:
        """Takes away one's own comment, wherever it stands, or anybody's on one's own video."""
        comment = await self._find(comment_id)
        author_id = await self._access.author_of(comment.video_id)
        if viewer.user_id not in {comment.user_id, author_id}:
            raise NotFound("There is no such comment.")
        now_ms = self._clock()
        fact = _fact("comment.deleted", comment, author_id, viewer.user_id, now_ms)
        await self._comments.delete(comment_id, now_ms, events=[fact])

    async def like(self, viewer: Viewer, comment_id: str, on: bool, op_seq: int | None) -> Toggled:
        """Sets or clears a like of a comment the viewer may see."""
        comment = await self._find(comment_id)
        _, state = await self._access.visible(viewer.user_id, comment.video_id)
        toggled = None
        if _may_read(comment, state):
            toggled = await self._comments.like(viewer.user_id, comment_id, on, op_seq=op_seq, now_ms=self._clock())
        if toggled is None:
            raise NotFound("There is no such comment.")
        return toggled

    async def _own(self, viewer: Viewer, comment_id: str) -> tuple[Comment, VideoAndCounts]:
        comment = await self._find(comment_id)
        record, _ = await self._access.visible(viewer.user_id, comment.video_id)
        if comment.user_id != viewer.user_id:
            raise NotFound("There is no such comment.")
        return comment, record

    async def _find(self, comment_id: str) -> Comment:
        comment = await self._comments.get(comment_id) if _well_formed(comment_id) else None
        if comment is None or comment.deleted_at is not None:
            raise NotFound("There is no such comment.")
        return comment

    async def _check_parent(self, parent_id: str, video_id: str, state: ViewerState | None) -> None:
        parent = await self._comments.get(parent_id) if _well_formed(parent_id) else None
        if (
            parent is None
            or parent.deleted_at is not None
            or parent.video_id != video_id
            or parent.parent_comment_id is not None
            or not _may_read(parent, state)
        ):
            raise _bad_parent()

    def _may_comment(self, record: VideoAndCounts, viewer: Viewer) -> None:
        if not record.video.allow_comments and viewer.user_id != record.video.user_id:
            raise Forbidden("Comments are switched off for this video.", code="comments_disabled")


class CommentReads:
    """The lists."""

    def __init__(self, access: Access, comments: Comments, people: People, cursors: Cursors, clock: Clock) -> None:
        self._access = access
        self._comments = comments
        self._people = people
        self._cursors = cursors
        self._clock = clock

    async def of_video(self, viewer: Viewer | None, video_id: str, cursor: str | None, limit: int) -> CommentItems:
        """Top-level comments of a video the viewer may see, newest first."""
        _, state = await self._access.visible(viewer.user_id if viewer else None, video_id)

        async def source(after: Keyset | None, count: int) -> list[Comment]:
            return await self._comments.of_video(video_id, after, count)

        return await self._page(f"comments:{video_id}", source, viewer, state, cursor, limit)

    async def replies(self, viewer: Viewer | None, comment_id: str, cursor: str | None, limit: int) -> CommentItems:
        """Replies to a comment, oldest first."""
        parent = await self._comments.get(comment_id) if _well_formed(comment_id) else None
        if parent is None:
            raise NotFound("There is no such comment.")
        _, state = await self._access.visible(viewer.user_id if viewer else None, parent.video_id)
        if not _may_read(parent, state) or not await self._people.briefs([parent.user_id]):
            raise NotFound("There is no such comment.")

        async def source(after: Keyset | None, count: int) -> list[Comment]:
            return await self._comments.replies(comment_id, after, count)

        return await self._page(f"replies:{comment_id}", source, viewer, state, cursor, limit)

    async def _page(
        self,
        kind: str,
        source: Source,
        viewer: Viewer | None,
        state: ViewerState | None,
        cursor: str | None,
        limit: int,
    ) -> CommentItems:
        """A page without those of people suspended, or blocked either way."""
        name, now_ms = viewer.user_id if viewer else "", self._clock()
        after = self._cursors.open(cursor, kind, name, now_ms, Keyset) if cursor is not None else None

        async def rows(position: Keyset | None, count: int) -> list[tuple[Keyset, Comment]]:
            found = await source(position, count)
            return [(Keyset(row.created_at, row.comment_id), row) for row in found]

        authors: dict[str, UserBrief] = {}

        async def choose(found: Sequence[Comment]) -> list[Comment | None]:
            authors.update(await self._people.briefs(sorted({row.user_id for row in found} - authors.keys())))
            return [row if row.user_id in authors and _may_read(row, state) else None for row in found]

        page = await fill(rows, choose, after, limit)
        next_cursor = None
        if page.more and page.after is not None:
            next_cursor = self._cursors.seal(kind, name, now_ms + DAY_MS, page.after)
        return CommentItems(await self._cards(page.items, authors, viewer), next_cursor, next_cursor is not None)

    async def _cards(
        self, comments: Sequence[Comment], authors: dict[str, UserBrief], viewer: Viewer | None
    ) -> list[CommentCard]:
        comment_ids = [comment.comment_id for comment in comments]
        liked = await self._comments.liked(viewer.user_id, comment_ids) if viewer and comment_ids else frozenset()
        return [_card(comment, authors[comment.user_id], comment.comment_id in liked) for comment in comments]


def _card(comment: Comment, author: UserBrief, liked: bool) -> CommentCard:
    return CommentCard(
        comment.comment_id,
        comment.video_id,
        comment.content,
        author,
        comment.parent_comment_id,
        comment.created_at,
        comment.updated_at,
        comment.like_count,
        comment.reply_count,
        liked,
        comment.deleted_at is not None,
    )


def _fact(type_: str, comment: Comment, author_id: str, actor_id: str, now_ms: int) -> Event:
    return events.event(
        type_,
        actor_id,
        now_ms,
        comment_id=comment.comment_id,
        video_id=comment.video_id,
        user_id=comment.user_id,
        author_id=author_id,
        parent_comment_id=comment.parent_comment_id,
    )


def _may_read(comment: Comment, state: ViewerState | None) -> bool:
    return state is None or comment.user_id[4:] not in state.blocked


def _well_formed(comment_id: str) -> bool:
    return ids.is_id(comment_id, "cmt") and buckets.of_comment(comment_id) is not None


def _bad_parent() -> Invalid:
    return Invalid("/parent_comment_id", "bad_parent", "There is no such comment to reply to on this video.")
