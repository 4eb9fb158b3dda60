"""For You and Following where everything is in the cache: one trip, one pass over the cards, one buffer.

What a page is made of is `hotpath.hits`; here is who may ask, and who is asked where that can't say. What is not so
plain (a card that is hidden, not public or unknown; a feed that is not built, or read to its end; a pulled creator; a
session that is not known to live) is for `FeedReads`, which answers it in the same bytes; of a session that has ended
it is for the guard to say so.
"""

from collections.abc import Awaitable
from typing import Any, Final

import msgspec

from app.cards import present
from app.cards import viewer as viewer_format
from app.core import media_urls
from app.core.clock import Clock
from app.core.cursors import Cursors
from app.core.errors import Unavailable
from app.core.metrics import CARDS, FEED_READS, Counted
from app.core.playback import Playbacks
from app.http.hot import Outcome
from app.http.limits import Policy
from app.http.viewer import Doorkeeper, Viewer
from app.ports.feeds import Kind
from app.ports.hot import HeldCards, HotPages
from app.ports.limiter import Verdict
from app.services.feed.position import PAGE_MEMORY_S, SOURCES
from app.services.feed.reads import FeedReads, Held
from app.services.feed.roster import Roster
from hotpath import hits, readers, reads
from hotpath.hits import BROKEN, FETCH, JUDGE

_RULES: Final[dict[Kind, int]] = {"feed": 0, "following": 1}
_NAMES: Final[dict[Kind, dict[str, str]]] = {"feed": SOURCES, "following": {"": "following"}}
_PERSONAL: Final = [(b"cache-control", b"private, no-store"), (b"content-type", b"application/json")]
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
        self.known: dict[bytes, readers.Reader] = {}

    def find(self, authorization: bytes, now_ms: int) -> readers.Reader | None:
        """The reader of a header that was admitted before, of whom only the session is to be asked: known from now on.
        None says nothing against it."""
        found = self._doorkeeper.recall(authorization, now_ms)
        if found is None:
            return None
        viewer, until_ms = found
        log = self._pages.log_of(viewer.user_id, self._policy)
        reader = readers.Reader(viewer.user_id.encode(), viewer.session_id.encode(), until_ms, log)
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[authorization] = reader
        return reader

    async def confirm(self, viewer: Viewer) -> None:
        """Asks for a session that the trip did not find alive. Raises Unauthenticated if it has ended."""
        await self._doorkeeper.confirm(viewer)


class HotFeed(reads.Read):
    """`app.http.hot.HotRead` of one kind of feed; what is done for a hit is `hotpath.reads`'s."""

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
        feed_reads: FeedReads,
        clock: Clock,
    ) -> None:
        self.policy = policy
        self._kind = kind
        self._feed_reads = feed_reads
        self._hot_pages = pages
        self._cards = cards
        self._readers = who
        self._roster = roster
        self._counted = msgspec.structs.astuple(policy)
        made = hits.Hits(
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
        super().__init__(made, pages, who.known, clock, pulls=kind == "following", headers=_PERSONAL)
        self._counts = (
            Counted(FEED_READS.labels(kind, "hit"), lambda: made.written),
            Counted(CARDS.labels("process"), lambda: made.cards),
        )

    def find(self, authorization: bytes, now_ms: int) -> readers.Reader | None:
        return self._readers.find(authorization, now_ms)

    def pulled(self, hit: hits.Hit) -> bool:
        """Of whom a reader of Following follows, somebody may have videos that are to be pulled."""
        return self._kind == "following" and self._roster.may_pull(hit.reader.user_id.decode(), hit.blob or b"")

    def otherwise(self, hit: hits.Hit, replies: list[Any], came_to: int) -> Outcome | Awaitable[Outcome]:
        if came_to == FETCH and not self.pulled(hit):
            return self._fetched(hit)
        if came_to == JUDGE:
            return self._judged(hit, replies)
        if came_to == BROKEN:
            raise Unavailable("Redis cannot answer now.")
        return Verdict(True, hit.remaining, self.policy.window_s)

    async def _judged(self, hit: hits.Hit, replies: list[Any]) -> Outcome:
        """The same where it must be looked how often was asked."""
        verdict = await self._hot_pages.judge(hit, self._counted, replies)
        if not verdict.allowed:
            return verdict
        hit.remaining = verdict.remaining
        outcome: Outcome | Awaitable[Outcome] = self.answer(hit, replies)
        return await outcome if isinstance(outcome, Awaitable) else outcome

    async def _fetched(self, hit: hits.Hit) -> Outcome:
        """The same where this process does not hold all the cards."""
        outcome: Outcome = self.written(hit, await self._cards.fetch(hit.members()))
        return outcome

    async def in_full(self, asked: hits.Hit, verdict: Verdict) -> Outcome:
        """The answer to what is no hit."""
        viewer = Viewer(asked.reader.user_id.decode(), asked.reader.session_id.decode())
        if not asked.alive:
            await self._readers.confirm(viewer)
        state = None if asked.blob is None else viewer_format.unpack(viewer.user_id, asked.blob)
        held = None if state is None else Held(state, asked.absent)
        page = await self._feed_reads.page(self._kind, viewer, 0, _cursor(asked.query), asked.limit, held)
        return self.personal(asked, _ENCODE(page), verdict.remaining)


def _cursor(query: bytes) -> str | None:
    """Of a query that is plain enough for a hit."""
    if not query:
        return None
    pairs = (pair.partition(b"=") for pair in query.split(b"&"))
    return next((value.decode() for name, _, value in pairs if name == b"cursor"), None)
