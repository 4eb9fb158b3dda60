"""Profiles and a person's lists of videos."""

import asyncio

from app.cards import rules
from app.cards.page import Pages, Rule, Skeleton
from app.cards.people import People
from app.cards.schemas import Profile, VideoItems
from app.core.clock import DAY_MS, Clock
from app.core.cursors import Cursors, Keyset
from app.http.viewer import Viewer
from app.ports.activity import Activity
from app.ports.reactions import Reaction, Reactions
from app.ports.videos import Videos
from app.services.users.schemas import UserVideos


class UserReads:
    """The reads about people."""

    def __init__(
        self,
        people: People,
        videos: Videos,
        reactions: Reactions,
        activity: Activity,
        pages: Pages,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._people = people
        self._videos = videos
        self._reactions = reactions
        self._activity = activity
        self._pages = pages
        self._cursors = cursors
        self._clock = clock

    async def profile(self, viewer: Viewer | None, reference: str) -> Profile:
        """Somebody's page."""
        viewer_id = viewer.user_id if viewer else None
        user, relation = await self._people.visible(reference, viewer_id)
        return await self._people.profile(user, viewer_id, relation)

    async def videos(self, viewer: Viewer | None, reference: str, cursor: str | None, limit: int) -> UserVideos:
        """Somebody's videos this viewer may see, newest first; one's own in every state."""
        user, _ = await self._people.visible(reference, viewer.user_id if viewer else None)
        kind = f"videos:{user.user_id}"
        if viewer is not None and viewer.user_id == user.user_id:
            return await self._own_videos(kind, viewer, cursor, limit)

        async def skeleton(after: Keyset | None, count: int) -> list[tuple[Keyset, str]]:
            rows = await self._videos.by_author(user.user_id, after, count)
            return [(Keyset(row.created_at, row.video_id), row.video_id) for row in rows]

        items = await self._list(kind, skeleton, viewer, cursor, limit)
        return UserVideos(items.items, items.next_cursor, items.has_more)

    async def _own_videos(self, kind: str, viewer: Viewer, cursor: str | None, limit: int) -> UserVideos:
        name, now_ms = viewer.user_id, self._clock()
        after = self._cursors.open(cursor, kind, name, now_ms, Keyset) if cursor is not None else None
        rows = await self._videos.by_author(name, after, limit + 1)
        page, more = rows[:limit], len(rows) > limit
        records = await self._videos.get_many([row.video_id for row in page])
        state, made = await asyncio.gather(
            self._pages.hydrator.viewer(name), self._pages.hydrator.of_author([*records.values()])
        )
        cards = [made[row.video_id] for row in page if row.video_id in made]
        next_cursor = None
        if more:
            last = Keyset(page[-1].created_at, page[-1].video_id)
            next_cursor = self._cursors.seal(kind, name, now_ms + DAY_MS, last)
        return UserVideos(await self._pages.render(cards, state), next_cursor, more)

    async def reacted(self, reaction: Reaction, viewer: Viewer, cursor: str | None, limit: int) -> VideoItems:
        """Videos one liked or saved and may still see, newest first."""

        async def skeleton(after: Keyset | None, count: int) -> list[tuple[Keyset, str]]:
            return [(row, row.id) for row in await self._reactions.mine(reaction, viewer.user_id, after, count)]

        return await self._list(f"my-{reaction}s", skeleton, viewer, cursor, limit)

    async def history(self, viewer: Viewer, cursor: str | None, limit: int) -> VideoItems:
        """Videos one watched and may still see, newest playback first."""

        async def skeleton(after: Keyset | None, count: int) -> list[tuple[Keyset, str]]:
            rows = await self._activity.history(viewer.user_id, after, count)
            return [(Keyset(row.watched_at, row.video_id), row.video_id) for row in rows]

        return await self._list("my-history", skeleton, viewer, cursor, limit)

    async def _list(
        self,
        kind: str,
        skeleton: Skeleton[Keyset],
        viewer: Viewer | None,
        cursor: str | None,
        limit: int,
        rule: Rule = rules.may_see,
    ) -> VideoItems:
        name, now_ms = viewer.user_id if viewer else "", self._clock()
        after = self._cursors.open(cursor, kind, name, now_ms, Keyset) if cursor is not None else None
        state = await self._pages.hydrator.viewer(name or None)
        filled = await self._pages.fill(state, skeleton, after, limit, rule)
        next_cursor = None
        if filled.more and filled.after is not None:
            next_cursor = self._cursors.seal(kind, name, now_ms + DAY_MS, filled.after)
        return VideoItems(await self._pages.render(filled.items, state), next_cursor, next_cursor is not None)
