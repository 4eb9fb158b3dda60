"""For You and Following where everything is in the cache: one trip, one pass over the cards, one buffer.

What a page is made of is `hotpath.hits`; here is who may ask, and who is asked where that can't say. What is not so
plain (a card that is hidden, not public or unknown; a feed that is not built, or read to its end; a pulled creator; a
session that is not known to live) is for `FeedReads`, which answers it in the same bytes; of the last it is for the
guard to say what is the matter.
"""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, Final

import msgspec

from app.cards import present
from app.core import media_urls
from app.core.clock import Clock
from app.core.cursors import Cursors
from app.core.errors import Unavailable
from app.core.metrics import CARDS, FEED_READS, Counted
from app.core.playback import Playbacks
from app.http.hot import Answer, Fields, Outcome, Waiter
from app.http.limits import Policy
from app.http.viewer import Doorkeeper, Viewer
from app.ports.feeds import Kind
from app.ports.hot import HeldCards, HotPages
from app.ports.limiter import Verdict
from app.services.feed.position import PAGE_MEMORY_S, SOURCES
from app.services.feed.reads import FeedReads
from app.services.feed.roster import Roster
from hotpath import dice, hits, readers, shelf
from hotpath.hits import BROKEN, FETCH, JUDGE, NONCE_BYTES, READY

_RULES: Final[dict[Kind, int]] = {"feed": 0, "following": 1}
_NAMES: Final[dict[Kind, dict[str, str]]] = {"feed": SOURCES, "following": {"": "following"}}
_PERSONAL: Final = ((b"cache-control", b"private, no-store"), (b"content-type", b"application/json"))
_ENCODE: Final = msgspec.json.Encoder().encode
_REMEMBERED: Final = 10_000
HOT_FEEDS: Final[dict[str, Kind]] = {"for-you": "feed", "following": "following"}
"""Last part of the path -> kind."""


class Readers:
    """Who asks for hot pages, by whole Authorization headers: shared by the feeds, which share a limit."""

    def __init__(self, doorkeeper: Doorkeeper, pages: HotPages, policy: Policy) -> None:
        self._doorkeeper = doorkeeper
        self._pages = pages
        self._policy = msgspec.structs.astuple(policy)
        self._known: dict[bytes, readers.Reader] = {}

    def find(self, authorization: bytes, now_ms: int) -> readers.Reader | None:
        """The reader of a header that was admitted before, of whom only the session is to be asked; None says nothing
        against it."""
        reader = self._known.get(authorization)
        if reader is not None and now_ms < reader.until_ms:
            return reader
        found = self._doorkeeper.recall(authorization, now_ms)
        if found is None:
            return None
        viewer, until_ms = found
        log = self._pages.log_of(viewer.user_id, self._policy)
        reader = readers.Reader(viewer.user_id.encode(), viewer.session_id.encode(), until_ms, log)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[authorization] = reader
        return reader

    def forget(self, reader: readers.Reader) -> None:
        """The session of this reader may have ended."""
        self._doorkeeper.forget(reader.session_id.decode())


class HotFeed:
    """`app.http.hot.HotRead` of one kind of feed."""

    def __init__(
        self,
        kind: Kind,
        policy: Policy,
        pages: HotPages,
        cards: HeldCards,
        who: Readers,
        roster: Roster,
        cursors: Cursors,
        playbacks: Playbacks,
        reads: FeedReads,
        clock: Clock,
    ) -> None:
        self.policy = policy
        self._kind = kind
        self._reads = reads
        self._pages = pages
        self._cards = cards
        self._readers = who
        self._roster = roster if kind == "following" else None
        self._clock = clock
        self._counted = msgspec.structs.astuple(policy)
        self._dice = dice.Dice()
        self._hits = hits.Hits(
            kind,
            _RULES[kind],
            (policy.limit, policy.window_s),
            pages.questions(kind, self._counted, PAGE_MEMORY_S),
            pages.admitted,
            cards.shelf,
            cursors.seals,
            playbacks.seals,
            present.FLAGS,
            media_urls.public_prefix().encode(),
            {letter.encode(): msgspec.json.encode(name) for letter, name in _NAMES[kind].items()},
        )
        self._counts = (
            Counted(FEED_READS.labels(kind, "hit"), lambda: self._hits.written),
            Counted(CARDS.labels("process"), lambda: self._hits.cards),
        )

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, hits.Hit] | None:
        now_ms, stamp = self._clock(), self._pages.stamp()
        reader = self._readers.find(fields.authorization, now_ms) if fields.authorization else None
        if reader is None or stamp is None:
            return None
        hit = self._hits.ask(reader, query, now_ms, *stamp)
        return None if hit is None else (self._pages.fetch(hit), hit)

    def answer(self, asked: hits.Hit, replies: list[Any]) -> Outcome | Awaitable[Outcome]:
        """The answer to a hit."""
        came_to = self._hits.read(asked, replies)
        if asked.forgets:
            self._pages.forget(asked)
        # Of whom a reader of Following follows, somebody may have videos that are to be pulled.
        if came_to in (READY, FETCH) and (
            self._roster is None or not self._roster.may_pull(asked.reader.user_id.decode(), asked.blob or b"")
        ):
            return self._written(asked, None) if came_to == READY else self._fetched(asked)
        if came_to == JUDGE:
            return self._judged(asked, replies)
        if came_to == BROKEN:
            raise Unavailable("Redis cannot answer now.")
        if not asked.alive:
            self._readers.forget(asked.reader)
        return self._verdict(asked)

    async def _judged(self, hit: hits.Hit, replies: list[Any]) -> Outcome:
        """The same where it must be looked how often was asked."""
        verdict = await self._pages.judge(hit, self._counted, replies)
        if not verdict.allowed:
            return verdict
        hit.remaining = verdict.remaining
        outcome = self.answer(hit, replies)
        return await outcome if isinstance(outcome, Awaitable) else outcome

    async def in_full(self, asked: hits.Hit, verdict: Verdict) -> Outcome:
        """The answer to what is no hit."""
        if not asked.alive:
            return verdict
        viewer = Viewer(asked.reader.user_id.decode(), asked.reader.session_id.decode())
        page = await self._reads.page(self._kind, viewer, 0, _cursor(asked.query), asked.limit)
        return _personal(asked, _ENCODE(page), verdict.remaining)

    async def _fetched(self, hit: hits.Hit) -> Outcome:
        """The same where this process does not hold all the cards."""
        return self._written(hit, await self._cards.fetch(hit.members()))

    def _written(self, hit: hits.Hit, entries: list[shelf.Entry | None] | None) -> Outcome:
        body = self._hits.write(hit, entries, self._dice.draw(NONCE_BYTES))
        if body is None:
            return self._verdict(hit)
        self._pages.tell(hit)
        return _personal(hit, body, hit.remaining)

    def _verdict(self, hit: hits.Hit) -> Verdict:
        return Verdict(True, hit.remaining, self.policy.window_s)


def _personal(hit: hits.Hit, body: bytes, remaining: int) -> Answer:
    return Answer(200, _headers(len(body)), body, hit.reader.user_id, remaining)


@lru_cache(maxsize=4096)
def _headers(size: int) -> list[tuple[bytes, bytes]]:
    """Of a page of so many bytes; pages differ by some hundreds."""
    return [*_PERSONAL, (b"content-length", b"%d" % size)]


def _cursor(query: bytes) -> str | None:
    """Of a query that is plain enough for a hit."""
    pairs = (pair.partition(b"=") for pair in query.split(b"&"))
    return next((value.decode() for name, _, value in pairs if name == b"cursor"), None)
