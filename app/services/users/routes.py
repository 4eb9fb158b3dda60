"""/api/v1/users: oneself, others, and their videos."""

from typing import Any

from litestar import Request, Router, delete, get, patch, put
from litestar.params import JSONBody

from app.cards.people import People
from app.cards.schemas import Me, Profile, VideoItems
from app.core.errors import UnsupportedMedia
from app.http.paging import Cursor, Id, Limit
from app.http.viewer import CurrentViewer, Visitor
from app.services.users.actions import PICTURE_LIMIT_BYTES, UserActions
from app.services.users.reads import UserReads
from app.services.users.schemas import ProfileChange, UserVideos

PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})


def routes(actions: UserActions, reads: UserReads, people: People) -> Router:
    """The router."""

    @get("/me")
    async def me(viewer: CurrentViewer) -> Me:
        """One's own page."""
        return await people.me(viewer.user_id)

    @patch("/me")
    async def change(viewer: CurrentViewer, data: JSONBody[ProfileChange]) -> Me:
        """Changes one's own page."""
        return await actions.patch(viewer, data)

    @put("/me/avatar", opt={"body": "raw"}, request_max_body_size=PICTURE_LIMIT_BYTES)
    async def set_avatar(request: Request[Any, Any, Any], viewer: CurrentViewer) -> Me:
        """Sets one's picture: a JPEG, PNG or WebP of at most 5 MiB as the body."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in PICTURES:
            raise UnsupportedMedia("Send the picture as image/jpeg, image/png or image/webp.")
        return await actions.set_picture(viewer, request.stream())

    @delete("/me/avatar", status_code=200)
    async def remove_avatar(viewer: CurrentViewer) -> Me:
        """Removes one's picture."""
        return await actions.remove_picture(viewer)

    @get("/me/likes")
    async def likes(viewer: CurrentViewer, cursor: Cursor = None, limit: Limit = 20) -> VideoItems:
        """Videos one liked."""
        return await reads.reacted("like", viewer, cursor, limit)

    @get("/me/saves")
    async def saves(viewer: CurrentViewer, cursor: Cursor = None, limit: Limit = 20) -> VideoItems:
        """Videos one saved."""
        return await reads.reacted("save", viewer, cursor, limit)

    @get("/me/history")
    async def history(viewer: CurrentViewer, cursor: Cursor = None, limit: Limit = 20) -> VideoItems:
        """Videos one watched."""
        return await reads.history(viewer, cursor, limit)

    @get("/{user_id:str}")
    async def profile(visitor: Visitor, user_id: Id) -> Profile:
        """Somebody's page, by id or by `@name`."""
        return await reads.profile(visitor, user_id)

    @get("/{user_id:str}/videos")
    async def videos(visitor: Visitor, user_id: Id, cursor: Cursor = None, limit: Limit = 20) -> UserVideos:
        """Somebody's videos, newest first."""
        return await reads.videos(visitor, user_id, cursor, limit)

    handlers = [me, change, set_avatar, remove_avatar, likes, saves, history, profile, videos]
    return Router("/api/v1/users", route_handlers=handlers, tags=["users"])
