"""Follow, block and mute, and the lists of who follows whom."""

from collections.abc import Sequence

from app.cards.people import People
from app.cards.refresh import Refresh
from app.cards.schemas import UserBrief, UserItems
from app.core import events
from app.core.clock import DAY_MS, Clock
from app.core.cursors import Cursors, Keyset
from app.core.errors import Conflict, Invalid, NotFound
from app.core.paging import fill
from app.http.viewer import Viewer
from app.ports.graph import Edge, Graph, Toggled

_FACTS: dict[tuple[Edge, bool], str] = {
    ("follow", True): "user.followed",
    ("follow", False): "user.unfollowed",
    ("block", True): "user.blocked",
    ("block", False): "user.unblocked",
    ("mute", True): "user.muted",
    ("mute", False): "user.unmuted",
}


class GraphActions:
    """The writes between people."""

    def __init__(self, graph: Graph, people: People, refresh: Refresh, clock: Clock) -> None:
        self._graph = graph
        self._people = people
        self._refresh = refresh
        self._clock = clock

    async def toggle(self, edge: Edge, viewer: Viewer, reference: str, on: bool, op_seq: int | None) -> Toggled:
        """Sets or clears an edge to somebody else. Who blocked the viewer is not there for them."""
        if edge == "follow":
            other, _ = await self._people.visible(reference, viewer.user_id)
        else:
            other = await self._people.find(reference)
        if other.user_id == viewer.user_id:
            raise Invalid("", "oneself", f"Nobody can {edge} themselves.")
        now_ms = self._clock()
        fact = events.event(_FACTS[edge, on], viewer.user_id, now_ms, user_id=viewer.user_id, other_id=other.user_id)
        try:
            toggled = await self._graph.toggle(
                edge, viewer.user_id, other.user_id, on, op_seq=op_seq, now_ms=now_ms, events=[fact]
            )
        except Conflict as conflict:
            if conflict.code == "blocked":
                raise NotFound("There is no such person.") from None
            raise
        await self._refresh.viewers([viewer.user_id, other.user_id])
        return toggled


class GraphReads:
    """The lists of followers and of followed people."""

    def __init__(self, graph: Graph, people: People, cursors: Cursors, clock: Clock) -> None:
        self._graph = graph
        self._people = people
        self._cursors = cursors
        self._clock = clock

    async def page(self, side: str, viewer: Viewer | None, reference: str, cursor: str | None, limit: int) -> UserItems:
        """Newest first; people who are blocked from the viewer, in either direction, are left out and made up for."""
        name = viewer.user_id if viewer else ""
        subject, _ = await self._people.visible(reference, name or None)
        kind, now_ms = f"{side}:{subject.user_id}", self._clock()
        after = self._cursors.open(cursor, kind, name, now_ms, Keyset) if cursor is not None else None
        edges = self._graph.followers if side == "followers" else self._graph.following

        async def source(position: Keyset | None, count: int) -> list[tuple[Keyset, str]]:
            return [(row, row.id) for row in await edges(subject.user_id, position, count)]

        async def choose(user_ids: Sequence[str]) -> list[UserBrief | None]:
            shown = await self._shown(name, user_ids)
            return [shown.get(user_id) for user_id in user_ids]

        page = await fill(source, choose, after, limit)
        next_cursor = None
        if page.more and page.after is not None:
            next_cursor = self._cursors.seal(kind, name, self._clock() + DAY_MS, page.after)
        return UserItems(page.items, next_cursor, next_cursor is not None)

    async def _shown(self, viewer_id: str, user_ids: Sequence[str]) -> dict[str, UserBrief]:
        briefs = await self._people.briefs(user_ids)
        relations = await self._graph.relations(viewer_id, user_ids) if viewer_id else {}
        barred = {user_id for user_id, relation in relations.items() if relation.blocked or relation.blocked_by}
        return {user_id: brief for user_id, brief in briefs.items() if user_id not in barred}
