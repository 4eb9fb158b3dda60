"""The state machine: what may happen to the feeds, in any order. What must hold the crowd checks, at each read."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, ClassVar, Final, Literal

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.model.crowd import Crowd
from tests.model.model import Edge, Feed, Film, Session, Visibility
from tests.model.world import World

PEOPLE: Final = 7
CREATORS: Final = 4
FAMOUS: Final = 2  # of the creators: those that cross limits all the time; the others seldom do
FILMS: Final = 40  # of a run
STEPS: Final = 70

people = st.integers(0, PEOPLE - 1)
creators = st.integers(0, CREATORS - 1)
famous = st.integers(0, FAMOUS - 1)
feeds: st.SearchStrategy[Feed] = st.sampled_from(["following", "feed"])
limits = st.sampled_from([1, 2, 3, 5])
some = st.integers(0, FILMS - 1)  # one of the films, or of the sessions
orders = st.integers(0, 3)  # in which order events come
times = st.sampled_from([2, 1, 3, 5])


class FeedMachine(RuleBasedStateMachine):
    """One run on a world that all runs share. `steps` counts what was executed, over all runs."""

    world: ClassVar[World]
    loop: ClassVar[asyncio.AbstractEventLoop]
    runs: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.crowd = Crowd(self.world)
        self.whole = False  # nothing has failed
        self._done = 0
        type(self).runs += 1

    def do(self, doing: Coroutine[Any, Any, Any]) -> None:
        """A step. Every other one comes within the same millisecond as the one before."""
        self.whole = False
        type(self).steps += 1
        self._done += 1
        self.world.clock.now_ms += self._done % 2
        self.loop.run_until_complete(doing)
        self.whole = True

    @property
    def names(self) -> list[str]:
        return self.crowd.model.people

    def film(self, number: int) -> Film:
        films = list(self.crowd.model.films.values())
        return films[number % len(films)]

    def room(self) -> bool:
        return len(self.crowd.model.films) < FILMS

    def unfinished(self) -> list[Session]:
        # No precondition asks this: what is enabled must follow from the steps alone, not from what pages held.
        return [session for session in self.crowd.model.sessions if session.turns]

    @initialize(
        followers=st.tuples(people, people, st.integers(0, 2), st.integers(1, 2)),
        films=st.integers(4, 12),
        built=st.booleans(),
        hasty=st.booleans(),
    )
    def begin(self, followers: tuple[int, ...], films: int, built: bool, hasty: bool) -> None:
        async def beginning() -> None:
            self.world.hasty = hasty
            await self.crowd.gather(PEOPLE)
            for creator, count in zip(self.names, followers, strict=False):
                await self.crowd.have_followers(creator, count)
            for number in range(films):
                await self.crowd.publish(self.names[number % CREATORS])
            if built:
                await self.crowd.settle(random.Random(films))
                for name in self.names:
                    await self.crowd.open("following", name, 1)

        self.do(beginning())

    # Who sees what

    @rule(one=people, other=creators, on=st.booleans())
    def follow(self, one: int, other: int, on: bool) -> None:
        self.do(self.crowd.toggle("follow", self.names[one], self.names[other], on))

    @rule(edge=st.sampled_from(["follow", "block", "mute"]), one=creators, other=people, on=st.booleans())
    def relate(self, edge: Edge, one: int, other: int, on: bool) -> None:
        self.do(self.crowd.toggle(edge, self.names[one], self.names[other], on))

    @rule(creator=famous, count=st.sampled_from([6, 5, 4, 2, 0]))
    def cross(self, creator: int, count: int) -> None:
        self.do(self.crowd.have_followers(self.names[creator], count))

    @precondition(room)
    @rule(author=creators, visibility=st.sampled_from(["public", "public", "friends", "private"]))
    def publish(self, author: int, visibility: Visibility) -> None:
        self.do(self.crowd.publish(self.names[author], visibility))

    @precondition(room)
    @rule(authors=st.lists(creators, min_size=1, max_size=3))
    def publish_some(self, authors: list[int]) -> None:
        for author in authors:
            self.do(self.crowd.publish(self.names[author]))

    @rule(number=some, to=st.sampled_from(["friends", "private", "public", "deleted"]))
    def change(self, number: int, to: Literal[Visibility, "deleted"]) -> None:
        film = self.film(number)
        if to == "deleted" and not film.deleted:
            self.do(self.crowd.delete(film.video_id))
        elif not film.deleted and to != "deleted":
            self.do(self.crowd.show(film.video_id, to))

    @precondition(room)
    @rule(creator=famous, risen=st.sampled_from([6, 4]), fallen=st.sampled_from([2, 0]), order=orders)
    def rise_and_fall(self, creator: int, risen: int, fallen: int, order: int) -> None:
        """A creator crosses limits, publishes there, and crosses them back. Who stays has looked before that."""
        name = self.names[creator]
        self.do(self.crowd.have_followers(name, risen))
        self.do(self.crowd.deliver(list(self.world.groups), random.Random(order), 1))
        for follower in self.crowd.followers(name)[:fallen]:
            self.do(self.crowd.open("following", follower, 1))
        self.do(self.crowd.publish(name))
        self.do(self.crowd.deliver(list(self.world.groups), random.Random(order), 1))
        self.do(self.crowd.have_followers(name, fallen))

    @rule(number=st.integers(0, 5), order=orders)
    def hide_and_show(self, number: int, order: int) -> None:
        """An early film is taken away and given back: to its old place, which may be below the end of a feed by now."""
        film = self.film(number)
        if not film.deleted:
            self.do(self.crowd.show(film.video_id, "private"))
            self.do(self.crowd.deliver(list(self.world.groups), random.Random(order), 1))
            self.do(self.crowd.show(film.video_id, "public"))

    # What is counted

    @rule(
        reaction=st.sampled_from(["like", "save"]),
        person=people,
        number=some,
        on=st.sampled_from([True, True, False]),
        how=st.sampled_from(["plain", "next", "late"]),
    )
    def react(self, reaction: str, person: int, number: int, on: bool, how: str) -> None:
        self.do(self.crowd.react(reaction, self.names[person], self.film(number).video_id, on, how))

    @rule(number=some, how=st.sampled_from(["late", "next", "plain"]))
    def change_their_mind(self, number: int, how: str) -> None:
        """Takes a like or save back or gives it again, or an older wish of the kind arrives late."""
        reacted = list(self.crowd.model.numbered)
        if reacted:
            reaction, person, video_id = reacted[number % len(reacted)]
            self.do(self.crowd.react(reaction, person, video_id, on=not number % 2, how=how))

    @rule(person=people, number=some)
    def comment(self, person: int, number: int) -> None:
        self.do(self.crowd.comment(self.names[person], self.film(number).video_id))

    @rule(kind=feeds, person=people, number=some, again=st.booleans())
    def watch(self, kind: Feed, person: int, number: int, again: bool) -> None:
        self.do(self.crowd.watch_some(kind, self.names[person], number, again))

    # What becomes of events and caches

    @rule(number=some, order=orders, often=times)
    def deliver(self, number: int, order: int, often: int) -> None:
        groups = list(self.world.groups)
        chosen = [groups[number]] if number < len(groups) else groups
        self.do(self.crowd.deliver(chosen, random.Random(order), often))

    @rule(order=orders, often=times)
    def deliver_to_all(self, order: int, often: int) -> None:
        self.do(self.crowd.deliver(list(self.world.groups), random.Random(order), often))

    @rule(order=orders, often=times)
    def redeliver(self, order: int, often: int) -> None:
        self.do(self.crowd.redeliver(list(self.world.groups), random.Random(order), often))

    @rule()
    def tick(self) -> None:
        self.do(self.crowd.tick())

    @rule(order=orders)
    def settle(self, order: int) -> None:
        self.do(self.crowd.settle(random.Random(order)))

    @rule(creator=famous, count=st.sampled_from([None, 6, 4, 3, 0]))
    def interrupt(self, creator: int, count: int | None) -> None:
        """In the middle of the next fan-out its worker dies, or a creator crosses."""

        async def crossing() -> None:
            await self.crowd.have_followers(self.names[creator], count or 0)

        self.do(self.crowd.interrupt(None if count is None else crossing))

    @rule(
        what=st.sampled_from(["feed", "following", "creator", "viewer", "arrivals", "everything", "process", "hour"]),
        person=people,
    )
    def lose(self, what: str, person: int) -> None:
        self.do(self.crowd.lose(what, self.names[person]))

    @rule(active=st.sets(people))
    def become_active(self, active: set[int]) -> None:
        self.do(self.crowd.choose_active(sorted(active)))

    # What is read

    @rule(kind=feeds, person=people, limit=limits)
    def open(self, kind: Feed, person: int, limit: int) -> None:
        self.do(self.crowd.open(kind, self.names[person], limit))

    @rule(kind=feeds, person=people, limit=limits)
    def read(self, kind: Feed, person: int, limit: int) -> None:
        self.do(self.crowd.read(kind, self.names[person], limit))

    @rule(number=some, back=st.sampled_from([0, 0, 1, 2]))
    def go_on(self, number: int, back: int) -> None:
        """The next page of a session, perhaps once more from an older cursor."""
        unfinished = self.unfinished()
        if unfinished:
            self.do(self.crowd.go_on(unfinished[number % len(unfinished)], back))

    @rule(kind=feeds, person=people, limit=limits, number=st.integers(1, 4))
    def read_numbered(self, kind: Feed, person: int, limit: int, number: int) -> None:
        self.do(self.crowd.read_numbered(kind, self.names[person], limit, number))

    @rule(number=some, other=people)
    def refuse(self, number: int, other: int) -> None:
        unfinished = self.unfinished()
        if unfinished:
            self.do(self.crowd.refuse(unfinished[number % len(unfinished)], self.names[other]))

    @rule(person=st.one_of(st.none(), people), limit=limits)
    def read_trending(self, person: int | None, limit: int) -> None:
        self.do(self.crowd.read_trending(None if person is None else self.names[person], limit))

    def teardown(self) -> None:
        if self.whole:
            self.do(self.crowd.settle(random.Random(0)))
            self.do(self.crowd.compare())


def machine_on(world: World, loop: asyncio.AbstractEventLoop) -> type[FeedMachine]:
    """The machine of one test, with counters of its own."""
    return type("FeedMachine", (FeedMachine,), {"world": world, "loop": loop})


def run(machine: type[FeedMachine], *, runs: int, seed_: int, shrink: bool) -> None:
    """So many runs from a seed. A failure prints its steps, shrunk if asked for."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    chosen = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(seed_)(machine), settings=chosen)
