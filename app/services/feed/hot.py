"""For You and Following where everything is in the cache: one trip, one pass over the cards, one buffer.

What is not quite so plain (a card that is hidden, not public or unknown; a feed that is not built, or read to its end;
a pulled creator; a session that is not known to live) is for `FeedReads`, which answers it in the same bytes.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from app.cards import present
from app.core import media_urls
from app.core.clock import Clock
from app.core.cursors import Cursors
from app.core.errors import Invalid
from app.core.metrics import FEED_READS, Tally
from app.core.playback import Playbacks
from app.http.hot import Answer, Fields
from app.http.limits import Policy
from app.http.viewer import Doorkeeper, Viewer
from app.ports.feeds import Kind
from app.ports.hot import HeldCards, Hit, HotPages
from app.ports.limiter import Verdict
from app.services.feed.position import CURSOR_TTL_MS, PAGE_MEMORY_S, Position, Session, built_ms, sources_of
from app.services.feed.roster import Roster
from hotpath import pages as kernel
from hotpath import rows as lists
from hotpath import shelf

_QUERY: Final = re.compile(rb"(?:limit=([1-9][0-9]?)|cursor=([A-Za-z0-9_-]{1,1024})|page=0)\Z")
_QUERIES: Final = 256  # texts without a cursor, taken apart
_RULES: Final[dict[Kind, int]] = {"feed": 0, "following": 1}
_PERSONAL: Final = ((b"cache-control", b"private, no-store"), (b"content-type", b"application/json"))
_ORDER_MS: Final = 1000  # more than any list has entries
DEFAULT_LIMIT, LIMIT = 20, 50
HOT_FEEDS: Final[dict[str, Kind]] = {"for-you": "feed", "following": "following"}
"""Last part of the path -> kind."""

Asked = tuple[str | None, int]  # cursor, limit


class HotFeed:
    """`app.http.hot.HotRead` of one kind of feed."""

    def __init__(
        self,
        kind: Kind,
        policy: Policy,
        pages: HotPages,
        cards: HeldCards,
        doorkeeper: Doorkeeper,
        roster: Roster,
        cursors: Cursors,
        playbacks: Playbacks,
        clock: Clock,
    ) -> None:
        self.policy = policy
        self._kind = kind
        self._rule = _RULES[kind]
        self._pages = pages
        self._cards = cards
        self._doorkeeper = doorkeeper
        self._roster = roster
        self._cursors = cursors
        self._playbacks = playbacks
        self._clock = clock
        self._counted = (policy.name, policy.limit, policy.window_s)
        self._hits = Tally(FEED_READS.labels(kind, "hit"))
        self._queries: dict[bytes, Asked] = {}
        self._prefix = media_urls.public_prefix().encode()

    async def answer(self, scope: Any, fields: Fields) -> Answer | Verdict | None:
        """The answer to a hit."""
        now_ms = self._clock()
        viewer = self._doorkeeper.recall(fields.authorization, now_ms) if fields.authorization else None
        asked = self._queries.get(scope["query_string"]) or self._asked(scope["query_string"])
        if viewer is None or asked is None:
            return None
        cursor, limit = asked
        start = self._start(cursor, viewer, now_ms)
        if start is None:
            return None
        # One entry more than is wanted tells whether there is more.
        hit = await self._pages.fetch(
            self._counted,
            viewer.session_id,
            self._kind,
            viewer.user_id,
            start.upper,
            start.after if cursor else None,
            limit + 1,
        )
        if hit is None or isinstance(hit, Verdict):
            return hit
        rows = hit.rows
        built_at = built_ms(hit.marker or "")
        if not self._is_plain(hit, viewer, start, limit, built_at):
            return hit.verdict
        entries: Sequence[shelf.Entry | None] = self._cards.find_rows(rows) or await self._cards.fetch(rows.members())
        after = self._after(start, hit.marker or "", rows, limit, built_at)
        body = kernel.page(
            entries,
            hit.blob,
            viewer.user_id[4:].encode(),
            self._rule,
            limit,
            present.FLAGS,
            self._prefix,
            b'{"videos":',
            self._tail(viewer, after, hit.marker or "", limit, now_ms),
        )
        if body is None:
            return hit.verdict
        self._hits.inc()
        if cursor is None:
            session = _ENCODE(Session(limit, [start, after]))
            self._pages.remember(self._kind, viewer.session_id, session, PAGE_MEMORY_S)
        headers = [*_PERSONAL, (b"content-length", b"%d" % len(body))]
        return Answer(200, headers, body, viewer.user_id.encode(), hit.verdict)

    def _is_plain(self, hit: Hit, viewer: Viewer, start: Position, limit: int, built_at: int) -> bool:
        """Whether what was read is the whole of a plain page and of the entry behind it."""
        if not hit.verdict.allowed:
            return False
        if not hit.alive:
            self._doorkeeper.forget(viewer.session_id)
            return False
        marker, blob = hit.marker, hit.blob
        if marker is None or blob is None or len(hit.rows) <= limit or start.generation not in ("", marker):
            return False
        if self._kind == "following":
            return not self._roster.may_pull(viewer.user_id, blob)
        # The list may have been made anew between two commands of the trip: its entries are as old as its name.
        return hit.rows.score(limit - 1) > built_at - _ORDER_MS

    def _after(self, start: Position, marker: str, rows: lists.Rows, limit: int, built_at: int) -> Position:
        score, video_id = rows.score(limit - 1), rows.member(limit - 1).decode()
        served = start.served + limit
        if self._kind == "following":  # its order is the videos' own, and outlasts the feed that was built
            return Position("", start.upper, score, video_id, in_tail=False, served=served)
        after = Position(marker, start.upper, score, video_id, in_tail=False, served=served, pushed=start.pushed)
        if rows.score(0) <= built_at:
            return after
        return after.serving([(rows.score(place), rows.member(place).decode()) for place in range(limit)])

    def _tail(self, viewer: Viewer, after: Position, marker: str, limit: int, now_ms: int) -> bytes:
        """What follows the videos, as `FeedPage` is encoded."""
        cursor = self._cursors.seal(self._kind, viewer.user_id, now_ms + CURSOR_TTL_MS, after)
        return b',"next_page":%d,"next_cursor":"%b","has_more":true,"sources":%b,"playback_token":"%b"}' % (
            after.served // limit,
            cursor.encode(),
            _sources(self._kind, marker),
            self._playbacks.issue(viewer.user_id, now_ms).encode(),
        )

    def _start(self, cursor: str | None, viewer: Viewer, now_ms: int) -> Position | None:
        if cursor is None:
            return Position("", now_ms, 0, "", in_tail=False, served=0)
        try:
            start = self._cursors.open(cursor, self._kind, viewer.user_id, now_ms, Position)
        except Invalid:
            return None
        return None if start.in_tail or start.past else start

    def _asked(self, query: bytes) -> Asked | None:
        asked = parse(query)
        if asked is not None and asked[0] is None and len(self._queries) < _QUERIES:
            self._queries[query] = asked
        return asked


def parse(query: bytes) -> Asked | None:
    """Cursor and limit of a plain query; None for one that must be judged by the rules of the route."""
    cursor, limit = None, DEFAULT_LIMIT
    seen = set()
    for pair in query.split(b"&") if query else []:
        match = _QUERY.match(pair)
        name = pair.partition(b"=")[0]
        if match is None or name in seen:
            return None
        seen.add(name)
        if match[1]:
            limit = int(match[1])
        elif match[2]:
            cursor = match[2].decode()
    return (cursor, limit) if 1 <= limit <= LIMIT else None


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_known_sources: dict[str, bytes] = {}


def _sources(kind: Kind, marker: str) -> bytes:
    if kind == "following":
        return b'["following"]'
    letters = marker[16:]
    if letters not in _known_sources:
        _known_sources[letters] = msgspec.json.encode(sources_of(marker))
    return _known_sources[letters]
