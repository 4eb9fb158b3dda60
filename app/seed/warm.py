"""The caches of a seeded community: cards, viewers' blobs, sessions and built feeds.

Everything comes from what was just written to the stores, still in memory: asking it back would take minutes.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from app.cards import present
from app.cards import viewer as viewer_format
from app.core.errors import Unavailable
from app.ports.accounts import Session
from app.ports.graph import Circle
from app.ports.reactions import RecentReactions
from app.ports.videos import Counts, VideoAndCounts
from app.seed import bar
from app.seed.world import World
from app.services.feed.for_you import FOLLOWED, FRESH, TRENDING
from app.services.feed.mix import Entry, interleave, newest
from app.services.feed.position import FOR_YOU_SIZE, letters_of, new_generation
from app.stores import Stores
from hotpath import order

# What a seeded Following holds; it is marked as cut there and the rest is read from the stores, as of any long one.
# With the 500 it may hold, those of 10,000 people would not fit the embedded cache.
FOLLOWING_SIZE: Final = 50
CANDIDATES: Final = 200  # of each source
CARDS_AT_ONCE: Final = 500
AT_ONCE: Final = 32
TRIES: Final = 30
PAUSE_S: Final = 1.0  # as long as the client refuses after failures
_NONE: Final = RecentReactions(frozenset(), "")

T = TypeVar("T")


async def cards(stores: Stores, made: World) -> None:
    """`card:` only: the hash beside it is a copy for others that lives an hour."""
    authors = {user.user_id: present.author(user) for user in made.users}
    liked = [0] * len(made.videos)
    for chosen in made.likes:
        for place in chosen:
            liked[place] += 1
    for start in range(0, len(made.videos), CARDS_AT_ONCE):
        places = range(start, min(start + CARDS_AT_ONCE, len(made.videos)))
        rows = [present.stored(VideoAndCounts(made.videos[n], Counts(likes=liked[n]), liked[n])) for n in places]
        packed, _ = present.made(rows, authors, {})
        await _patiently(partial(stores.cards.put_many, packed, {}))
        bar.show("cards", start + len(packed), len(made.videos))


async def people(stores: Stores, made: World, sessions: Sequence[Session], now_ms: int) -> None:
    """Sessions, blobs and feeds; the trending lists must be there."""
    await _each("sessions", sessions, lambda session: stores.sessions.fill(session.session_id, "alive"))
    hot = [video_id for video_id, _ in await stores.trending.read("global") or []]
    places = range(len(made.users))
    blobs = _Blobs(made)

    async def viewer(place: int) -> None:
        user_id = made.users[place].user_id
        _, fence = await stores.viewers.get(user_id)
        await stores.viewers.put(user_id, blobs.of(place), fence)

    await _each("viewers", places, viewer)
    feeds = _Feeds(made, hot, now_ms)

    async def feed(place: int) -> None:
        user_id = made.users[place].user_id
        followed, whole = feeds.followed(place)
        await stores.feeds.build("following", user_id, os.urandom(8).hex(), followed[:FOLLOWING_SIZE], whole=whole)
        await stores.feeds.build("feed", user_id, feeds.generation, feeds.for_you(followed))

    await _each("feeds", places, feed)


class _Blobs:
    """The bytes of each viewer's blob."""

    def __init__(self, made: World) -> None:
        self._made = made
        self._follows = [set(others) for others in made.follows]

    def of(self, place: int) -> bytes:
        users, others = self._made.users, self._follows[place]
        friends = frozenset(users[other].user_id for other in others if place in self._follows[other])
        following = frozenset(users[other].user_id for other in others)
        liked = frozenset(self._made.videos[video].video_id for video in self._made.likes[place])
        circle = Circle(following, friends, frozenset(), frozenset())
        return viewer_format.pack(circle, RecentReactions(liked, ""), _NONE)


class _Feeds:
    """What each person's feeds hold."""

    def __init__(self, made: World, hot: list[str], now_ms: int) -> None:
        self._made = made
        self._now_ms = now_ms
        self.generation = new_generation(now_ms, letters_of(["following", "trending", "fresh"]))
        self._marks = {
            video.video_id: order.Mark(video.user_id, video.category, "public", True) for video in made.videos
        }
        self._hot = [video_id for video_id in hot if video_id in self._marks]  # and nobody else's
        self._fresh = [video.video_id for video in reversed(made.videos[-CANDIDATES:])]
        self._by_author: list[list[Entry]] = [[] for _ in made.users]
        for video, author in zip(reversed(made.videos), reversed(made.authors), strict=True):
            self._by_author[author].append((video.created_at, video.video_id))
        for entries in self._by_author:
            entries.sort(reverse=True)

    def followed(self, place: int) -> tuple[list[Entry], bool]:
        """The newest candidates of everybody followed, and whether that is all a built Following could hold."""
        lists = [self._by_author[other] for other in self._made.follows[place]]
        return newest([entries[:CANDIDATES] for entries in lists], CANDIDATES), sum(map(len, lists)) <= FOLLOWING_SIZE

    def for_you(self, followed: list[Entry]) -> list[Entry]:
        """For You as the product would blend it for somebody who has seen nothing yet."""
        own = [video_id for _, video_id in followed]
        blend = interleave(((own, FOLLOWED), (self._hot, TRENDING), (self._fresh, FRESH)), 2 * FOR_YOU_SIZE)
        video_ids = order.diversify([blend], self._marks, FOR_YOU_SIZE)
        return [(self._now_ms - rank, video_id) for rank, video_id in enumerate(video_ids)]


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Does it again while the cache can't answer: so much at once makes it rewrite its log, which holds it up."""
    for tries_left in reversed(range(TRIES)):
        try:
            await work()
        except Unavailable:
            if not tries_left:
                raise
            await asyncio.sleep(PAUSE_S)
        else:
            return


async def _each(words: str, items: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Does all of it, a bounded number at once."""
    for start in range(0, len(items), AT_ONCE):
        batch = items[start : start + AT_ONCE]
        await asyncio.gather(*(_patiently(partial(work, item)) for item in batch))
        bar.show(words, start + len(batch), len(items))
