"""A crowd around a few creators, with low limits, and the plain model that their Following feeds are compared with."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from app import features, workers
from app.core import ids
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.events import Event, event
from app.http.viewer import Viewer
from app.ports.graph import Edge, Graph
from app.ports.users import User
from app.ports.videos import Visibility
from app.services.feed.active import CountActive
from app.services.feed.fanout import FanOut
from app.services.video import lifecycle, save
from app.stores import Stores
from tests.api.happenings import Happenings
from tests.contract.people import join
from tests.factories import make_video

SELECTIVE_AT, PULL_AT = 5, 20
PAGE: Final = 3  # followers between two marks of progress
PAGES_READ: Final = 60

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
        self.settings = msgspec.structs.replace(settings, tier_selective_at=SELECTIVE_AT, tier_pull_at=PULL_AT)
        self.stores = stores
        self.draw = random.Random(seed)
        self.people: list[User] = []
        self.edges: dict[Edge, set[tuple[str, str]]] = {"follow": set(), "mute": set(), "block": set()}
        self.shown: dict[str, tuple[str, int]] = {}  # video id -> author, time of publishing
        self.hidden: dict[str, tuple[str, int]] = {}
        self.graph = Interrupted(stores.graph)
        self.delivered: list[Event] = []
        self._happenings = happenings
        self._built = features.build(self.settings, stores, system_ms)
        self._count = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, system_ms)
        fan_out = FanOut(
            stores.feeds,
            self.graph,
            stores.videos,
            stores.tiers,
            self._built.tiering,
            stores.active,
            system_ms,
            page=PAGE,
        )
        self._handlers: list[tuple[tuple[str, ...], Any]] = [
            (topics, fan_out if group == FanOut.GROUP else handle)
            for group, topics, handle in workers.handlers(stores, self._built)
        ]

    async def gather(self, count: int) -> None:
        self.people += [await join(self.stores.accounts) for _ in range(count)]

    def name(self) -> str:
        """Somebody."""
        return self.draw.choice(self.people).user_id

    async def toggle(self, edge: Edge, one: str, other: str, on: bool) -> None:
        if one == other or (edge == "follow" and {(one, other), (other, one)} & self.edges["block"]):
            return
        now_ms = system_ms()
        fact = event(_FACTS[edge, on], one, now_ms, user_id=one, other_id=other)
        await self.stores.graph.toggle(edge, one, other, on, op_seq=None, now_ms=now_ms, events=[fact])
        await self.stores.viewers.changed([one, other])
        (self.edges[edge].add if on else self.edges[edge].discard)((one, other))
        if edge == "block" and on:
            self.edges["follow"] -= {(one, other), (other, one)}

    async def have_followers(self, creator: str, count: int) -> None:
        """Follows and unfollows until the creator has so many, and no more events than that."""
        followers = sorted(one for one, other in self.edges["follow"] if other == creator)
        others = [person.user_id for person in self.people if person.user_id not in {*followers, creator}]
        for one in followers[count:]:
            await self.toggle("follow", one, creator, False)
        for one in others[: max(0, count - len(followers))]:
            await self.toggle("follow", one, creator, True)

    async def publish(self, author: str) -> str:
        video = await make_video(self.stores, author)
        self.shown[video.video_id] = (author, video.published_at or 0)
        return video.video_id

    async def show(self, video_id: str, visibility: Visibility) -> None:
        await save.change(
            self.stores.videos,
            video_id,
            lambda stored: lifecycle.changed(stored, {"visibility": visibility}, system_ms()),
        )
        from_, to = (self.shown, self.hidden) if visibility == "private" else (self.hidden, self.shown)
        to[video_id] = from_.pop(video_id)

    async def delete(self, video_id: str) -> None:
        await save.change(self.stores.videos, video_id, lambda stored: lifecycle.deleted(stored, system_ms()))
        del self.shown[video_id]

    async def choose_active(self, users: Sequence[User]) -> None:
        """Makes exactly these active, as the hourly count would."""
        run = ids.new("evt")
        await self.stores.active.stage(run, [user.user_no for user in users], "usr_")
        await self._count.settle(run, system_ms())

    async def news(self) -> list[Event]:
        """What happened since it was last delivered."""
        keys = [*self.shown, *self.hidden, *{e.data["video_id"] for e in self.delivered if "video_id" in e.data}]
        known = {fact.event_id for fact in self.delivered}
        found = await self._happenings.of(*keys, *(person.user_id for person in self.people))
        return [fact for fact in found if fact.event_id not in known]

    async def deliver(self, facts: Sequence[Event]) -> None:
        for topics, handle in self._handlers:
            batch = [fact for fact in facts if fact.topic in topics]
            if batch:
                await handle(batch)
        self.delivered += facts

    async def settle(self) -> None:
        """All news in their order, then old and new ones again in any order: repeats and overtaking change nothing."""
        await self.deliver(await self.news())
        again = self.draw.sample(self.delivered, min(15, len(self.delivered)))
        kept = list(self.delivered)
        await self.deliver(again)
        self.delivered = kept

    def expected(self, user_id: str) -> list[str]:
        """Following by the model: the videos of everybody followed, newest first."""
        followed = {other for one, other in self.edges["follow"] if one == user_id}
        muted = {other for one, other in self.edges["mute"] if one == user_id}
        places = [(at, video_id) for video_id, (author, at) in self.shown.items() if author in followed - muted]
        return [video_id for _, video_id in sorted(places, reverse=True)]

    async def read(self, user_id: str, limit: int, meanwhile: Callable[[], Awaitable[None]] | None = None) -> list[str]:
        """Following to its end, by a process that knows nothing yet."""
        feeds = features.build(self.settings, self.stores, system_ms).feeds
        viewer, cursor = Viewer(user_id, ids.new("ses")), None
        found: list[str] = []
        for _ in range(PAGES_READ):
            page = await feeds.page("following", viewer, 0, cursor, limit)
            found += [card["video_id"] for card in msgspec.json.decode(bytes(page.videos))]  # type: ignore[arg-type]  # bytes behind the type
            if not page.has_more:
                return found
            cursor = page.next_cursor
            if meanwhile is not None:
                await meanwhile()
        raise AssertionError(f"no end after {PAGES_READ} pages")
