"""/api/v1: likes, saves, shares, comments, follows, blocks, mutes."""

from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import JSONBody, QueryParameter

from app.cards.schemas import UserItems
from app.http.countries import Countries
from app.http.idempotency import once
from app.http.paging import Cursor, Id, Limit
from app.http.viewer import CurrentViewer, Visitor
from app.ports.accounts import Accounts
from app.services.social.comments import CommentActions, CommentReads, Seal
from app.services.social.graph import GraphActions, GraphReads
from app.services.social.reactions import ReactionActions
from app.services.social.schemas import (
    Blocked,
    CommentCard,
    CommentChange,
    CommentItems,
    CommentRequest,
    Followed,
    Liked,
    Muted,
    Saved,
    Shared,
    ShareRequest,
)

OpSeq = Annotated[
    int | None,
    QueryParameter(
        ge=0, le=2**53, description="Numbers a client's toggles: an older one that comes late changes nothing."
    ),
]


def reaction_routes(actions: ReactionActions, countries: Countries) -> Router:
    """Likes, saves and shares of videos."""

    @post("/like", status_code=200, opt={"limit": "like"})
    async def like(request: Request[Any, Any, Any], viewer: CurrentViewer, video_id: Id, op_seq: OpSeq = None) -> Liked:
        """Likes a video."""
        seen_in = countries.of(request)
        return Liked(True, (await actions.toggle("like", viewer, video_id, True, op_seq, seen_in)).count)

    @delete("/like", status_code=200, opt={"limit": "like"})
    async def unlike(viewer: CurrentViewer, video_id: Id, op_seq: OpSeq = None) -> Liked:
        """Takes a like back."""
        return Liked(True, (await actions.toggle("like", viewer, video_id, False, op_seq)).count)

    @post("/save", status_code=200)
    async def save(viewer: CurrentViewer, video_id: Id, op_seq: OpSeq = None) -> Saved:
        """Saves a video."""
        return Saved(True, (await actions.toggle("save", viewer, video_id, True, op_seq)).count)

    @delete("/save", status_code=200)
    async def unsave(viewer: CurrentViewer, video_id: Id, op_seq: OpSeq = None) -> Saved:
        """Forgets a saved video."""
        return Saved(True, (await actions.toggle("save", viewer, video_id, False, op_seq)).count)

    @post("/share", status_code=200)
    async def share(
        request: Request[Any, Any, Any], viewer: CurrentViewer, video_id: Id, data: JSONBody[ShareRequest]
    ) -> Shared:
        """Counts a share and gives the address to pass on."""
        return await actions.share(viewer, video_id, data.channel, countries.of(request))

    return Router("/api/v1/videos/{video_id:str}", route_handlers=[like, unlike, save, unsave, share], tags=["social"])


def comment_routes(actions: CommentActions, reads: CommentReads, accounts: Accounts) -> Router:
    """Comments and replies."""

    @get("/videos/{video_id:str}/comments")
    async def comments(visitor: Visitor, video_id: Id, cursor: Cursor = None, limit: Limit = 20) -> CommentItems:
        """Comments of a video, newest first."""
        return await reads.of_video(visitor, video_id, cursor, limit)

    @post("/videos/{video_id:str}/comments", status_code=201, opt={"limit": "comment"})
    async def comment(
        request: Request[Any, Any, Any], viewer: CurrentViewer, video_id: Id, data: JSONBody[CommentRequest]
    ) -> Response[CommentCard]:
        """Comments a video, or replies to a comment."""

        async def create(seal: Seal) -> CommentCard:
            return await actions.create(viewer, video_id, data, seal)

        return await once(request, viewer.user_id, data, 201, accounts.find_receipt, create)

    @get("/comments/{comment_id:str}/replies")
    async def replies(visitor: Visitor, comment_id: Id, cursor: Cursor = None, limit: Limit = 20) -> CommentItems:
        """Replies to a comment, oldest first."""
        return await reads.replies(visitor, comment_id, cursor, limit)

    @patch("/comments/{comment_id:str}", opt={"limit": "comment"})
    async def edit(viewer: CurrentViewer, comment_id: Id, data: JSONBody[CommentChange]) -> CommentCard:
        """Changes one's own comment."""
        return await actions.edit(viewer, comment_id, data.content)

    @delete("/comments/{comment_id:str}", status_code=204)
    async def remove(viewer: CurrentViewer, comment_id: Id) -> None:
        """Deletes one's own comment, or one on one's own video."""
        await actions.delete(viewer, comment_id)

    @post("/comments/{comment_id:str}/like", status_code=200, opt={"limit": "like"})
    async def like(viewer: CurrentViewer, comment_id: Id, op_seq: OpSeq = None) -> Liked:
        """Likes a comment."""
        return Liked(True, (await actions.like(viewer, comment_id, True, op_seq)).count)

    @delete("/comments/{comment_id:str}/like", status_code=200, opt={"limit": "like"})
    async def unlike(viewer: CurrentViewer, comment_id: Id, op_seq: OpSeq = None) -> Liked:
        """Takes a like back."""
        return Liked(True, (await actions.like(viewer, comment_id, False, op_seq)).count)

    return Router("/api/v1", route_handlers=[comments, comment, replies, edit, remove, like, unlike], tags=["social"])


def graph_routes(actions: GraphActions, reads: GraphReads) -> Router:
    """Follows, blocks and mutes."""

    @post("/follow", status_code=200)
    async def follow(viewer: CurrentViewer, user_id: Id, op_seq: OpSeq = None) -> Followed:
        """Follows somebody."""
        return Followed(True, (await actions.toggle("follow", viewer, user_id, True, op_seq)).count)

    @delete("/follow", status_code=200)
    async def unfollow(viewer: CurrentViewer, user_id: Id, op_seq: OpSeq = None) -> Followed:
        """Follows somebody no more."""
        return Followed(True, (await actions.toggle("follow", viewer, user_id, False, op_seq)).count)

    @post("/block", status_code=200)
    async def block(viewer: CurrentViewer, user_id: Id, op_seq: OpSeq = None) -> Blocked:
        """Blocks somebody: neither sees the other any more, and follows between them end."""
        return Blocked(True, (await actions.toggle("block", viewer, user_id, True, op_seq)).count)

    @delete("/block", status_code=200)
    async def unblock(viewer: CurrentViewer, user_id: Id, op_seq: OpSeq = None) -> Blocked:
        """Lifts a block."""
        return Blocked(True, (await actions.toggle("block", viewer, user_id, False, op_seq)).count)

    @post("/mute", status_code=200)
    async def mute(viewer: CurrentViewer, user_id: Id, op_seq: OpSeq = None) -> Muted:
        """Keeps somebody's videos out of one's feeds."""
        return Muted(True, (await actions.toggle("mute", viewer, user_id, True, op_seq)).count)

    @delete("/mute", status_code=200)
    async def unmute(viewer: CurrentViewer, user_id: Id, op_seq: OpSeq = None) -> Muted:
        """Lets somebody's videos into one's feeds again."""
        return Muted(True, (await actions.toggle("mute", viewer, user_id, False, op_seq)).count)

    @get("/followers")
    async def followers(visitor: Visitor, user_id: Id, cursor: Cursor = None, limit: Limit = 20) -> UserItems:
        """Who follows somebody, newest first."""
        return await reads.page("followers", visitor, user_id, cursor, limit)

    @get("/following")
    async def following(visitor: Visitor, user_id: Id, cursor: Cursor = None, limit: Limit = 20) -> UserItems:
        """Whom somebody follows, newest first."""
        return await reads.page("following", visitor, user_id, cursor, limit)

    handlers = [follow, unfollow, block, unblock, mute, unmute, followers, following]
    return Router("/api/v1/users/{user_id:str}", route_handlers=handlers, tags=["social"])
