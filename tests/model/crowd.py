"""A few people, what they do to each other and to the product, and what they are shown: each step in both the product
and the model, each answer compared at once."""

import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from app.core import ids
from app.core.errors import BadCursor, KinoraError, NotFound, Unavailable
from app.core.events import Event
from app.http.viewer import Viewer
from app.ports.users import User
from app.services.feed.schemas import FeedPage, ViewReport
from app.services.social.schemas import CommentRequest
from app.services.video import lifecycle
from app.services.video.schemas import Patch
from tests.contract.people import join
from tests.factories import MEDIA, record
from tests.model.counts import compare_counts
from tests.model.model import Edge, Feed, Film, Model, Session, Visibility
from tests.model.world import World

ATTEMPTS: Final = 5  # at a batch of events: "not now" is an answer
KEPT: Final = 40  # delivered events of a group that may come again
SESSIONS: Final = 4
PAGES_READ: Final = 80
BELIEVED_MS: Final = 2_100  # by then a process asks for tiers anew, and long fan-outs are gone on with
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
WATCHED_MS: Final = 2_000

Cards = list[dict[str, Any]]


class Crowd:
    """One run. `exact` says whether all events have had their effect since the last change of who sees what, and
    `counted` whether they have since the last change of a number."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people: list[User] = []
        self.logins: dict[str, Viewer] = {}
        self.model = Model([])
        self.exact = self.counted = False
        self._waiting: dict[str, list[Event]] = {group: [] for group in world.groups}
        self._delivered: dict[str, list[Event]] = {group: [] for group in world.groups}
        self._losses = 0
        self._op_seq = 0

    async def gather(self, count: int) -> None:
        await self.world.begin()
        self.people = [await join(self.world.stores.accounts) for _ in range(count)]
        self.logins = {one.user_id: Viewer(one.user_id, ids.new("ses")) for one in self.people}
        self.model = Model(list(self.logins))

    # What people do

    async def toggle(self, edge: Edge, one: str, other: str, on: bool) -> None:
        """Follows, blocks or mutes, or ends it. Nobody follows past a block."""
        edges, model = self.world.serving.edges, self.model
        if one == other:
            return
        # Who is blocked finds nobody there, even to end a follow that the block has ended already.
        if edge == "follow" and ((on and model.barred(one, other)) or (other, one) in model.edges["block"]):
            await refused(NotFound, edges.toggle(edge, self.logins[one], other, on, None))
            return
        await edges.toggle(edge, self.logins[one], other, on, None)
        model.toggle(edge, one, other, on)
        self.exact = False

    def followers(self, creator: str) -> list[str]:
        """In the order in which they stay: `have_followers` takes the last ones away."""
        return sorted(one for one, other in self.model.edges["follow"] if other == creator)

    async def have_followers(self, creator: str, count: int) -> None:
        """Follows and unfollows until the creator has so many, or all who may follow do."""
        followers, barred = self.followers(creator), self.model.barred
        others = [one for one in self.logins if one not in {*followers, creator} and not barred(one, creator)]
        for one in followers[count:]:
            await self.toggle("follow", one, creator, False)
        for one in others[: max(0, count - len(followers))]:
            await self.toggle("follow", one, creator, True)

    async def publish(self, author: str, visibility: Visibility = "public") -> str:
        """A video whose processing ends now."""
        now_ms = self.world.clock()
        stored = {"status": "processing", "moderation_status": "approved", "visibility": visibility}
        video = record(author, now_ms, **stored)
        videos = self.world.stores.videos
        await videos.create(video, quota_bytes=2**50)
        active, facts = lifecycle.processed(video, MEDIA, 10_000, 720, 1280, now_ms)
        await videos.save(active, events=facts)
        self.model.films[video.video_id] = Film(video.video_id, author, active.published_at, visibility)
        self.exact = False
        return video.video_id

    async def show(self, video_id: str, visibility: Visibility) -> None:
        """The author flips who may see it."""
        film = self.model.films[video_id]
        await self.world.serving.videos.patch(self.logins[film.author], video_id, Patch(visibility=visibility))
        film.visibility = visibility
        if film.published_at is None and visibility != "private":
            film.published_at = self.world.clock()
        self.model.hide(film)
        self.exact = False

    async def delete(self, video_id: str) -> None:
        film = self.model.films[video_id]
        await self.world.serving.videos.delete(self.logins[film.author], video_id)
        film.deleted = True
        self.model.hide(film)
        self.exact = False

    async def react(self, reaction: str, person: str, video_id: str, on: bool, how: str) -> None:
        """Likes or saves, or takes it back. `how`: without a number, with the next one, or late with an old one. The
        answer counts it."""
        film = self.model.films[video_id]
        self._op_seq += how == "next"
        op_seq = {"plain": None, "next": self._op_seq, "late": 0}[how]
        toggle = self.world.serving.reactions.toggle(
            "like" if reaction == "like" else "save", self.logins[person], video_id, on, op_seq
        )
        if not self.model.sees(person, film):
            await refused(NotFound, toggle)
            return
        who = film.likes if reaction == "like" else film.saves
        key = (reaction, person, video_id)
        if how == "late" and self.model.numbered.get(key, -1) >= 0:
            pass  # an older wish changes nothing
        else:
            (who.add if on else who.discard)(person)
        if op_seq is not None:
            self.model.numbered[key] = max(op_seq, self.model.numbered.get(key, -1))
        assert (await toggle).count == len(who)
        self.counted = False

    async def comment(self, person: str, video_id: str) -> None:
        film = self.model.films[video_id]
        making = self.world.serving.comments.create(
            self.logins[person], video_id, CommentRequest("So it is."), lambda _: None
        )
        if not self.model.sees(person, film):
            await refused(NotFound, making)
            return
        await making
        film.comments += 1
        self.counted = False

    async def share(self, person: str, video_id: str) -> None:
        film = self.model.films[video_id]
        sharing = self.world.serving.reactions.share(self.logins[person], video_id, "link")
        if not self.model.sees(person, film):
            await refused(NotFound, sharing)
            return
        film.shares += 1
        assert (await sharing).share_count == film.shares
        self.counted = False

    async def watch(self, person: str, video_id: str, token: str, event_id: str) -> None:
        """Two seconds of a video that a page served, told once or again."""
        film, clock = self.model.films[video_id], self.world.clock
        clock.now_ms += WATCHED_MS
        fact = ViewReport("engaged", WATCHED_MS, WATCHED_MS, event_id, token)
        report = self.world.serving.views.report(self.logins[person], "192.0.2.1", "", video_id, fact)
        if not self.model.sees(person, film):
            await refused(NotFound, report)
            return
        assert (await report).accepted
        if (person, event_id) not in self.model.reported:
            self.model.reported.add((person, event_id))
            self.model.watch(person, film, clock())
        self.counted = False

    async def watch_some(self, kind: Feed, person: str, number: int, again: bool) -> None:
        """Reads a page and watches one of it, perhaps one that it has told of before."""
        session = Session(kind, person, 3, set(), self._losses)
        shown, page = await self._page(session, None, 0)
        if shown:
            video_id = shown[number % len(shown)]
            event_id = f"watched-{video_id}" if again else ids.new("evt")
            await self.watch(person, video_id, page.playback_token or "", event_id)

    async def choose_active(self, active: Sequence[int]) -> None:
        """Makes exactly these active."""
        await self.world.choose_active(ids.new("evt"), [self.people[n].user_no for n in active])

    # What happens to events

    async def deliver(self, groups: Sequence[str], draw: random.Random, times: int) -> None:
        """Gives what waits to these groups, each event so often, in any order."""
        await self._hear()
        for group in groups:
            waiting = self._waiting[group]
            batch = draw.sample(waiting * times, len(waiting) * times)
            if batch and await self._handled(group, batch):
                self._delivered[group] = (self._delivered[group] + waiting)[-KEPT:]
                self._waiting[group] = []

    async def redeliver(self, groups: Sequence[str], draw: random.Random, times: int) -> None:
        """What was delivered before comes again, whatever happened since."""
        for group in groups:
            known = self._delivered[group]
            batch = draw.sample(known, min(4, len(known))) * times
            draw.shuffle(batch)
            if batch:
                await self._handled(group, batch)

    async def settle(self, draw: random.Random) -> None:
        """All events have their effect, and whoever serves has looked at the tiers again."""
        for _ in range(ATTEMPTS):
            armed = self.world.graph.then
            await self.deliver(list(self._waiting), draw, 1)
            self.world.clock.now_ms += BELIEVED_MS
            await self.tick()
            if self.world.graph.then is armed:  # nothing came between, so nothing new came of it
                break
        assert not any(self._waiting.values())
        self.model.settled()
        self.exact = self.counted = True

    async def tick(self) -> None:
        """What goes on by the clock, unless its worker dies meanwhile."""
        with contextlib.suppress(Broken):
            await self.world.tick()

    async def _hear(self) -> None:
        for fact in await self.world.news():
            for group, (topics, _) in self.world.groups.items():
                if fact.topic in topics:
                    self._waiting[group].append(fact)

    async def _handled(self, group: str, batch: list[Event]) -> bool:
        handle = self.world.groups[group][1]
        for _ in range(ATTEMPTS):
            try:
                await handle(batch)
            except Broken:
                return False
            except Unavailable:
                continue
            return True
        raise AssertionError(f"{group} says not now {ATTEMPTS} times")

    async def interrupt(self, then: Callable[[], Awaitable[None]] | None) -> None:
        """Between two pages of the next fan-out this happens; None: it breaks off there."""

        async def broken() -> None:
            raise Broken

        self.world.graph.then = then or broken

    async def lose(self, what: str, person: str) -> None:
        """One key's time is over, or all of Redis is gone, or the process that serves, or an hour."""
        if what == "everything":
            self._losses += 1
            await self.world.lose_redis()
        elif what == "process":
            self.world.restart()
        elif what == "hour":
            self.world.clock.now_ms += HOUR_MS
        else:
            await self.world.forget("active_arrivals" if what == "arrivals" else f"{what}:{person}")

    # What people are shown

    async def open(self, kind: Feed, person: str, limit: int) -> Session:
        """The first page of a session."""
        session = Session(kind, person, limit, set(self.model.certain[kind, person]), self._losses)
        self.model.sessions = [*self.model.sessions[1 - SESSIONS :], session]
        await self._turn(session, None)
        return session

    async def go_on(self, session: Session, back: int = 0) -> bool:
        """The next page, or one again from a cursor that is so many pages old; False if the last page was shown."""
        if back:
            session.turns = session.turns[: max(1, len(session.turns) - back)]
            session.shown = session.shown[: session.turns[-1][1]]
        if session.turns:
            await self._turn(session, session.turns[-1][0])
        return bool(session.turns)

    async def read(self, kind: Feed, person: str, limit: int) -> list[str]:
        """A feed to its end, nothing happening meanwhile."""
        session = await self.open(kind, person, limit)
        for _ in range(PAGES_READ):
            if not await self.go_on(session):
                break
        else:
            raise AssertionError(f"no end after {PAGES_READ} pages")
        if kind == "following" and self.exact:
            assert session.shown == self.model.following(person)
        return session.shown

    async def read_numbered(self, kind: Feed, person: str, limit: int, number: int) -> None:
        """Page 0, then page N by its number."""
        session = Session(kind, person, limit, set(), self._losses)
        first, _ = await self._page(session, None, 0)
        later, _ = await self._page(session, None, number)
        assert not set(first) & set(later) or number == 0
        if kind == "following" and self.exact:
            expected = self.model.following(person)
            assert first == expected[:limit]
            assert later == expected[number * limit : (number + 1) * limit]

    async def refuse(self, session: Session, other: str) -> None:
        """Somebody else's cursor is refused, and one's own a day later: neither is read as the end."""
        cursor = session.turns[-1][0]
        if other != session.viewer:
            await refused(BadCursor, self._page(msgspec.structs.replace(session, viewer=other), cursor, 0))
        self.world.clock.now_ms += DAY_MS
        await refused(BadCursor, self._page(session, cursor, 0))
        self.world.clock.now_ms -= DAY_MS

    async def read_trending(self, person: str | None, limit: int) -> list[str]:
        """The world's list to its end."""
        viewer = self.logins[person] if person else None
        shown: list[tuple[int, str]] = []
        cursor: str | None = None
        for _ in range(PAGES_READ):
            page = await self.world.serving.trending.page("global", viewer, 0, cursor, limit)
            shown += [(card["trending_score"], card["video_id"]) for card in self._cards(page, person)]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert shown == sorted(set(shown), reverse=True)
        return [video_id for _, video_id in shown]

    async def _turn(self, session: Session, cursor: str | None) -> None:
        shown, page = await self._page(session, cursor, 0)
        whole = session.kind == "following" or session.losses == self._losses
        if whole:
            assert not set(shown) & set(session.shown)
        session.shown += shown
        if session.kind == "following":
            keys = [self.model.films[video_id].key for video_id in session.shown]
            assert keys == sorted(keys, reverse=True)
        if page.next_cursor is not None:
            session.turns.append((page.next_cursor, len(session.shown)))
            return
        session.turns = []
        if whole:
            missing = session.owed - set(session.shown)
            assert not missing, f"{session} ended without {sorted(missing)}"

    async def _page(self, session: Session, cursor: str | None, number: int) -> tuple[list[str], FeedPage]:
        login = self.logins[session.viewer]
        page = await self.world.serving.feeds.page(session.kind, login, number, cursor, session.limit)
        assert page.has_more == (page.next_cursor is not None) == (page.next_page is not None)
        cards = self._cards(page, session.viewer)
        assert len(cards) <= session.limit
        if session.kind == "following":
            assert all(self.model.follows(session.viewer, card["user"]["user_id"]) for card in cards)
        return [card["video_id"] for card in cards], page

    def _cards(self, page: FeedPage, viewer: str | None) -> Cards:
        """A page's cards: nothing on them that this viewer may not be offered, and their own marks right."""
        cards: Cards = msgspec.json.decode(bytes(page.videos))  # type: ignore[arg-type]  # bytes behind the type
        assert len({card["video_id"] for card in cards}) == len(cards)
        for card in cards:
            film = self.model.films[card["video_id"]]
            if viewer is None:
                assert film.visibility == "public"
                assert not film.deleted
            else:
                assert self.model.wants(viewer, film)
                assert card["user_interaction"] == {
                    "liked": viewer in film.likes,
                    "saved": viewer in film.saves,
                    "following": self.model.follows(viewer, film.author),
                }
            if self.counted:
                assert card["stats"] == film.numbers
        return cards

    # At the end

    async def compare(self) -> None:
        """Everything that the model knows."""
        for n, person in enumerate(self.logins):
            await self.read("following", person, 1 + n % 3)
            await self.read("feed", person, 3 + n % 3)
            await self.read_trending(person, 5)
        await self.read_trending(None, 5)
        await compare_counts(self.world.stores, self.model)


async def refused(error: type[KinoraError], asking: Awaitable[object]) -> None:
    try:
        answer = await asking
    except error:
        return
    raise AssertionError(f"{answer!r}, not {error.__name__}")


class Broken(Exception):
    """A worker dies in the middle of a batch."""
