"""A crowd around a few creators, with low limits, and the plain model that their Following feeds are compared with."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from app import features, workers
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.events import Event, event
from app.http.viewer import Viewer
from app.ports.graph import Edge, Graph
from app.ports.users import User
from app.services.feed.active import CountActive
from app.services.feed.fanout import FanOut
from app.services.video import lifecycle
from app.stores import Stores
from tests.contract.people import join
from tests.factories import make_video
from tests.api.happenings import Happenings

SELECTIVE_AT, PULL_AT = 5, 20
_FACTS: Final[dict[tuple[Edge, bool], str]] = {
    ("follow", True): "user.followed",
    ("follow", False): "user.unfollowed",
    ("mute", True): "user.muted",
    ("mute", False): "user.unmuted",
    ("block", True): "user.blocked",
    ("block", False): "user.unblocked",
}


class Interrupted:
    """A graph in which something happens between two pages of followers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.then: Callable[[], Awaitable[None]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    async def follower_batch(self, user_id: str, after_id: str, limit: int) -> list[tuple[str, int]]:
        if after_id and self.then is not None:
            then, self.then = self.then, None
            await then()
        return await self._graph.follower_batch(user_id, after_id, limit)


class Crowd:
    """People, what they did (the model), and the handlers that their facts go to."""

    def __init__(self, settings: Settings, stores: Stores, happenings: Happenings, seed: int) -> None:
        low = msgspec.structs.replace(settings, tier_selective_at=SELECTIVE_AT, tier_pull_at=PULL_AT)
        self.settings = low
        self.stores = stores
        self.happenings = happenings
        self.draw = random.Random(seed)
        self.people: list[User] = []
        self.edges: dict[Edge, set[tuple[str, str]]] = {"follow": set(), "mute": set(), "block": set()}
        self.shown: dict[str, tuple[str, int]] = {}  # video id -> author, time of publishing
        self.graph = Interrupted(stores.graph)
        self.built = features.build(low, stores, system_ms)
        fan_out = FanOut(
            stores.feeds, self.graph, stores.videos, stores.tiers, self.built.tiering, stores.active, system_ms, page=3
        )
        made = workers.handlers(stores, self.built)
        self._handlers = [(topics, fan_out if group == FanOut.GROUP else each) for group, topics, each in made]
        self._count = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, system_ms)
        self._runs = 0

    async def gather(self, count: int) -> None:
        for _ in range(count):
            self.people.append(await join(self.stores.accounts))

    async def deliver(self, facts: Sequence[Event]) -> None:
        for topics, handle in self._handlers:
            batch = [fact for fact in facts if fact.topic in topics]
            if batch:
                await handle(batch)

    async def facts(self) -> list[Event]:
        """Everything that happened to these people and their videos."""
        videos = [video.video_id for person in self.people[:3] for video in await self._videos(person.user_id)]
        return await self.happenings.of(*videos, *self.gone, *(person.user_id for person in self.people))

    @property
    def gone(self) -> list[str]:
        return self._gone

    _gone: list[str] = []

    async def _videos(self, user_id: str) -> Any:
        return await self.stores.videos.by_author(user_id, None, 1000)

    async def toggle(self, edge: Edge, one: str, other: str, on: bool) -> None:
        now_ms = system_ms()
        fact = event(_FACTS[edge, on], one, now_ms, user_id=one, other_id=other)
        await self.stores.graph.toggle(edge, one, other, on, op_seq=None, now_ms=now_ms, events=[fact])
        await self.stores.viewers.changed([one, other])
        (self.edges[edge].add if on else self.edges[edge].discard)((one, other))
        if edge == "block" and on:
            self.edges["follow"] -= {(one, other), (other, one)}
