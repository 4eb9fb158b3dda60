"""A page of a personal feed that is in the caches: from a request to its commands, and from their replies to its bytes.

What is not plain is said to be the caller's, who has a general path for it: nothing here decides what may be seen, how
often somebody may ask, or what a feed is.
"""

import re
from collections.abc import Sequence

import msgspec

from hotpath.pure import pages, seen
from hotpath.pure.overdue import overdue
from hotpath.pure.places import GENERATION_BYTES, ID_BYTES, Place, built_ms, envelope, opened
from hotpath.pure.readers import Reader
from hotpath.pure.rows import Rows, optional_texts, texts
from hotpath.pure.seals import Seal
from hotpath.pure.shelf import Entry, Shelf
from hotpath.pure.sliding import SlidingLog
from hotpath.pure.templates import Template

READY, FETCH, JUDGE, GO_ON, BROKEN = range(5)
"""What replies came to: a page can be written; it can once `members` are fetched; how often was asked must be judged
by the limiter first; the request is the general path's, and was counted; there is an error among the replies."""

DEFAULT_LIMIT, LIMIT = 20, 50
CURSOR_TTL_MS = 24 * 3_600_000
NONCE_BYTES = 6  # of a playback token
ORDER_MS = 100  # as many as are built, at most: `app.ports.feeds`
PUSHED = 64  # pushed videos that a reader is remembered to have been served
NAME_BYTES = 24  # of a source, at most
TENDS = 8  # one page in so many tends the limit's log

_QUERY = re.compile(rb"(?:limit=([1-9][0-9]?)|cursor=([A-Za-z0-9_-]{1,1024})|page=0)\Z")
_MS = range(10**12, 10**13)
_US = range(10**15, 10**16)
_ENCODE = msgspec.msgpack.Encoder().encode


class Questions(msgspec.Struct, frozen=True):
    """What a page asks, by templates over (stamp in µs, user, session, score to go on behind), of 16, 30, 30 and 13
    bytes.

    `admit` counts an attempt (1 reply); `tend` looks after the limit's log (2), from which
    `forget` takes an entry, whose stamp is the value; `tops[n - 1]`
    and `afters[n - 1]` read a page of n and one entry more, from the top on (1) or behind a score, with all of
    that score before (2); `behind` reads the feed's marker, and session and blob together (2). `apart`: these three are
    for another node than the first two, and `admit` reads the session too (2), `behind` the blob alone. `remember` ends
    where the value of the session's pages begins with its length.
    """

    admit: Template
    tend: Template
    forget: Template
    tops: tuple[Template, ...]
    afters: tuple[Template, ...]
    behind: Template
    apart: bool
    remember: Template
    remember_end: bytes
    alive: bytes


class Hit:
    """A request under way. `commands` are for the common node, `reading` for the feeds' where that is another."""

    def __init__(self, reader: Reader, query: bytes, start: Place, limit: int, cursorless: bool, now_ms: int) -> None:
        self.reader = reader
        self.query = query
        self.limit = limit
        self.commands = self.reading = b""
        self.replies = self.reading_replies = 0
        self.tends = False
        self.stamp_us = self.began_ms = 0
        self.remaining = -1
        self.forgets, self.forgotten = 0, b""  # commands, for the common node, that take out what left the window
        self.alive = True
        self.absent = False  # there is no such feed
        self.blob: bytes | None = None
        self.told = b""  # what to tell the feeds' node, without waiting; one reply
        self.start = start
        self.cursorless = cursorless
        self.now_ms = now_ms
        self.generation = ""
        self.rows: Rows | None = None
        self.entries: list[Entry] | None = None

    def members(self) -> list[bytes]:
        """The ids to fetch."""
        return self.rows.members() if self.rows else []


class Hits:
    """Pages of one kind of feed, under one rule of `hotpath.pages`."""

    def __init__(
        self,
        kind: str,
        rule: int,
        policy: tuple[int, int],
        questions: Questions,
        admitted: SlidingLog,
        shelf: Shelf,
        cursors: Seal,
        playbacks: Seal,
        flags: tuple[bytes, ...],
        prefix: bytes,
        sources: dict[bytes, bytes],
    ) -> None:
        """`policy` is how many in how many seconds; `flags` and `prefix` as `hotpath.pages.page` takes them; `sources`
        are the names of a generation's letters as JSON, those of Following under ""."""
        if len(flags) != 8 or len(prefix) > 128 or max(map(len, sources.values()), default=0) > NAME_BYTES:
            raise ValueError("eight flags, a prefix of at most 128 bytes, and short names")
        self.written = 0  # pages
        self.cards = 0  # in them
        self._kind = kind
        self._rule = rule
        self._most, self._window_s = policy
        self._questions = questions
        self._admitted = admitted
        self._shelf = shelf
        self._cursors = cursors
        self._playbacks = playbacks
        self._flags = flags
        self._prefix = prefix
        self._sources = sources

    def ask(self, reader: Reader, query: bytes, now_ms: int, stamp_us: int, began_ms: int) -> Hit | None:
        """What to ask for a page. `stamp_us` is the time by the limit's server, `began_ms` by the limiter's own clock.

        None: this request is not plain, or known to be one too many, and nothing of it was counted.
        """
        asked = parse(query)
        if asked is None or now_ms >= reader.until_ms:
            return None
        cursor, limit = asked
        start = self._start(cursor, reader, now_ms)
        if start is None or start.upper not in _MS or stamp_us not in _US:
            return None
        behind_score = start.video_id != ""
        if behind_score and not _MS.start <= start.score <= start.upper:
            return None
        if self._admitted.count(reader.log, self._window_s * 1000, began_ms) >= self._most:
            return None
        hit = Hit(reader, query, start, limit, cursor is None, now_ms)
        hit.stamp_us, hit.began_ms = stamp_us, began_ms
        # By lot, as good as microseconds are, and in time.
        hit.tends = stamp_us % TENDS == 0 or began_ms >= reader.tend_again_ms
        self._fill(hit, behind_score)
        return hit

    def read(self, hit: Hit, replies: Sequence[object]) -> int:
        """What the replies came to, in the order of the commands. Again, with `remaining` set, after JUDGE."""
        if len(replies) != hit.replies + hit.reading_replies or not all(map(_is_plain, replies[:-1])):
            return BROKEN
        *_, listed, marker, last = replies
        if not self._questions.apart:
            both = optional_texts(last) if isinstance(last, bytes) else last
            if not isinstance(both, list) or len(both) != 2:
                return BROKEN
            alive, blob = both
        elif _is_plain(last):
            alive, blob = replies[1], last
        else:
            return BROKEN
        length = replies[0]
        if hit.remaining < 0:
            # No more in the log than may be in a window; one alone is in a log that was lost, and has no end.
            if not isinstance(length, int) or length > self._most or (length == 1 and not hit.tends):
                return JUDGE
            if hit.tends and not self._tend(hit, replies[1 + self._questions.apart]):
                return JUDGE
            hit.remaining = max(0, self._most - length + hit.forgets)
            self._admitted.add(hit.reader.log, hit.began_ms)
        hit.alive = alive == self._questions.alive
        if not hit.alive or not isinstance(listed, bytes) or not isinstance(blob, bytes):
            return GO_ON
        hit.blob = blob
        ties = replies[-4] if hit.start.video_id else None
        return self._place(hit, listed, ties, marker)

    def write(self, hit: Hit, entries: Sequence[Entry | None] | None, nonce: bytes) -> bytes | None:
        """The page, from the entries that were found or from these; None if it is the general path's after all."""
        rows = hit.rows
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a nonce has 6 bytes")
        if rows is None:
            raise ValueError("nothing was read")
        after = self._after(hit, rows)
        viewer = hit.reader.user_id.decode()
        expires_ms = hit.now_ms + CURSOR_TTL_MS
        cursor = self._cursors.seal(envelope(self._kind, viewer, expires_ms, after))
        playback = self._playbacks.seal(_ENCODE((viewer, hit.now_ms, nonce)))
        letters = b"" if self._rule == pages.FOLLOWS else hit.generation[16:].encode()
        tail = b',"next_page":%d,"next_cursor":"%b","has_more":true,"sources":[%b],"playback_token":"%b"}' % (
            after.served // hit.limit,
            cursor,
            self._named(letters),
            playback,
        )
        body = pages.page(
            hit.entries or [] if entries is None else entries,
            hit.blob,
            hit.reader.user_id[4:],
            self._rule,
            hit.limit,
            self._flags,
            self._prefix,
            b'{"videos":',
            tail,
        )
        if body is None:
            return None
        self.written += 1
        if entries is None:
            self.cards += len(rows)
        if hit.cursorless:
            session = _ENCODE((hit.limit, (hit.start, after)))
            before = self._questions.remember.fill((b"", b"", hit.reader.session_id))
            hit.told = before + b"$%d\r\n%b\r\n" % (len(session), session) + self._questions.remember_end
        return body

    def _start(self, cursor: bytes | None, reader: Reader, now_ms: int) -> Place | None:
        if cursor is None:
            return Place("", now_ms, 0, "", False, 0)
        body = self._cursors.open(cursor)
        if body is None:
            return None
        return opened(body, self._kind, reader.user_id.decode(), now_ms)

    def _fill(self, hit: Hit, behind_score: bool) -> None:
        questions, place = self._questions, hit.start
        values = [
            b"%d" % hit.stamp_us,
            hit.reader.user_id,
            hit.reader.session_id,
            b"%d" % place.score if behind_score else b"",
        ]
        templates = [questions.admit, *([questions.tend] if hit.tends else [])]
        pages_asked = questions.afters if behind_score else questions.tops
        reading = [pages_asked[hit.limit - 1], questions.behind]
        hit.replies, hit.reading_replies = 1 + questions.apart + 2 * hit.tends, 4 if behind_score else 3
        hit.commands = b"".join(template.fill(values) for template in templates)
        hit.reading = b"".join(template.fill(values) for template in reading)
        if not questions.apart:
            hit.commands, hit.reading = hit.commands + hit.reading, b""
            hit.replies, hit.reading_replies = hit.replies + hit.reading_replies, 0

    def _tend(self, hit: Hit, oldest: object) -> bool:
        """What is pushed in the next half of a window outlives it, because a log is kept for two."""
        if not isinstance(oldest, bytes):
            return False
        window_us = self._window_s * 1_000_000
        found = overdue(oldest, hit.stamp_us, window_us, self._questions.forget, hit.reader.user_id)
        if found is None:
            return False
        hit.forgets, hit.forgotten = found
        hit.reader.tend_again_ms = hit.began_ms + self._window_s * 500
        return True

    def _place(self, hit: Hit, listed: bytes, ties: object, marker: object) -> int:
        """Whether the rows are the whole of a plain page and of the entry behind it."""
        if not isinstance(marker, bytes):
            return GO_ON
        first = texts(marker)[:1]
        hit.absent = not first
        if not first or first[0][:1] != b"!" or not first[0].isascii() or len(first[0]) > GENERATION_BYTES:
            return GO_ON
        hit.generation = first[0][1:].decode()
        if hit.start.generation not in ("", hit.generation):
            return GO_ON
        if isinstance(ties, bytes):
            rows = Rows(listed, hit.limit + 1, ties, hit.start.video_id.encode())
        else:
            rows = Rows(listed, hit.limit + 1)
        if len(rows) <= hit.limit or any(len(member) != ID_BYTES for member in rows.members()):
            return GO_ON
        # What is above the bound is no part of this feed yet; below zero is the marker.
        if rows.score(0) > hit.start.upper or rows.score(hit.limit) < 0:
            return GO_ON
        # What lies below all that was built was pushed there, and is noted by who serves it. Or the list was made anew
        # between two commands of the trip: its entries are as old as its name.
        if self._rule == pages.WANTS and rows.score(hit.limit - 1) <= built_ms(hit.generation) - ORDER_MS:
            return GO_ON
        hit.rows = rows
        hit.entries = rows.find(self._shelf)
        return READY if hit.entries is not None else FETCH

    def _after(self, hit: Hit, rows: Rows) -> Place:
        start, last = hit.start, hit.limit - 1
        score, video_id, served = rows.score(last), rows.member(last).decode(), start.served + hit.limit
        if self._rule == pages.FOLLOWS:  # its order is the videos' own, and outlasts the feed that was built
            return Place("", start.upper, score, video_id, False, served)
        since_ms, pushed = built_ms(hit.generation), start.pushed
        pushes = [rows.member(place) for place in range(hit.limit) if rows.score(place) > since_ms > 0]
        if pushes and len(pushed) < PUSHED * seen.MARK_BYTES:
            pushed = (pushed + seen.marks(b"".join(pushes)))[: PUSHED * seen.MARK_BYTES]
        return Place(hit.generation, start.upper, score, video_id, False, served, (), pushed)

    def _named(self, letters: bytes) -> bytes:
        if not letters and b"" in self._sources:
            return self._sources[b""]
        named = (self._sources.get(letters[place : place + 1]) for place in range(len(letters)))
        return b",".join(name for name in named if name is not None)


def parse(query: bytes) -> tuple[bytes | None, int] | None:
    """Cursor and limit of a plain query; None for one that must be judged by the rules of the route."""
    cursor, limit = None, DEFAULT_LIMIT
    seen_names = set()
    for pair in query.split(b"&") if query else []:
        match = _QUERY.match(pair)
        name = pair.partition(b"=")[0]
        if match is None or name in seen_names:
            return None
        seen_names.add(name)
        if match[1]:
            limit = int(match[1])
        elif match[2]:
            cursor = match[2]
    return (cursor, limit) if limit <= LIMIT else None


def _is_plain(reply: object) -> bool:
    return reply is None or type(reply) in (int, bytes)
