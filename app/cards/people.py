"""People as pages show them: briefs beside what they made, and whole profiles with their counts."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from app.cards.present import brief
from app.cards.schemas import Me, Profile, Standing, UserBrief
from app.core import ids, names
from app.core.errors import Invalid, NotFound
from app.ports.accounts import Accounts
from app.ports.graph import Graph, Relation
from app.ports.reactions import Reactions
from app.ports.users import User, Users
from app.ports.videos import Videos


class People:
    """Reads users with what the other stores count of them."""

    def __init__(self, users: Users, accounts: Accounts, graph: Graph, reactions: Reactions, videos: Videos) -> None:
        self._users = users
        self._accounts = accounts
        self._graph = graph
        self._reactions = reactions
        self._videos = videos

    async def find(self, reference: str) -> User:
        """The user of `usr_…` or `@name`; NotFound if there is none."""
        user: User | None = None
        if reference.startswith("@"):
            try:
                name = names.username(reference[1:])
            except Invalid:
                raise NotFound("There is no such person.") from None
            user = await self._users.by_username(names.username_key(name))
            user = user if user and user.username == name else None
        elif ids.is_id(reference, "usr"):
            user = await self._users.get(reference)
        if user is None:
            raise NotFound("There is no such person.")
        return user

    async def relation(self, viewer_id: str | None, other_id: str) -> Relation:
        """How a viewer stands to somebody; no relation for anonymous visitors and to oneself."""
        if viewer_id is None or viewer_id == other_id:
            return Relation()
        return (await self._graph.relations(viewer_id, [other_id])).get(other_id, Relation())

    async def visible(self, reference: str, viewer_id: str | None) -> tuple[User, Relation]:
        """As `find`, but who is suspended is there for nobody, and who blocked the viewer not for them."""
        user = await self.find(reference)
        relation = await self.relation(viewer_id, user.user_id)
        if relation.blocked_by or user.suspended_at is not None:
            raise NotFound("There is no such person.")
        return user, relation

    async def briefs(self, user_ids: Sequence[str]) -> dict[str, UserBrief]:
        """Those that exist and are not suspended, in one trip."""
        found = await self._users.get_many(user_ids)
        return {user_id: brief(user) for user_id, user in found.items() if user.suspended_at is None}

    async def profile(self, user: User, viewer_id: str | None, relation: Relation) -> Profile:
        """The person's page for this viewer."""
        standing = None
        if viewer_id is not None and viewer_id != user.user_id:
            standing = Standing(relation.following, relation.followed_by, relation.blocked, relation.muted)
        return Profile(**await self._fields(user), viewer=standing)

    async def me(self, user_id: str) -> Me:
        """One's own page."""
        user, credentials = await asyncio.gather(self._users.get(user_id), self._accounts.credentials(user_id))
        if user is None or credentials is None:
            raise NotFound("There is no such person.")
        return Me(**await self._fields(user), viewer=None, email=credentials.email)

    def fresh_me(self, user: User, email: str) -> Me:
        """The page of somebody who registered this moment: nothing to count yet."""
        fields: dict[str, Any] = msgspec.structs.asdict(brief(user)) | {"bio": user.bio, "country": user.country}
        fields |= dict.fromkeys(("follower_count", "following_count", "video_count", "total_likes"), 0)
        return Me(**fields, created_at=user.created_at, viewer=None, email=email)

    async def _fields(self, user: User) -> dict[str, Any]:
        user_id = user.user_id
        follows, videos, likes = await asyncio.gather(
            self._graph.counts([user_id]),
            self._videos.authors_counts([user_id]),
            self._reactions.total_likes([user_id]),
        )
        counts = follows.get(user_id)
        return msgspec.structs.asdict(brief(user)) | {
            "bio": user.bio,
            "country": user.country,
            "created_at": user.created_at,
            "follower_count": counts.followers if counts else 0,
            "following_count": counts.following if counts else 0,
            "video_count": videos.get(user_id, 0),
            "total_likes": likes.get(user_id, 0),
        }
