"""A hit's page. `hotpath.pure.hits` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_CheckExact
from libc.string cimport memcmp, memcpy, memset

cimport cython

from hotpath._msgpack cimport put_byte, put_bytes, put_number, put_text
from hotpath._queries cimport DEFAULT_LIMIT as USUAL
from hotpath._queries cimport LIMIT as MOST
from hotpath._queries cimport parse
from hotpath._texts cimport put_decimal, put_words
from hotpath._types cimport ID_BYTES, int64_t, uint8_t
from hotpath.pages cimport Text, lay_out, point_at
from hotpath.places cimport (
    GENERATION_BYTES, PLACE_BYTES, PUSHED_BYTES, Place, built_ms, put_envelope, put_place, take_envelope,
)
from hotpath.readers cimport Reader
from hotpath.rows cimport Rows, only_text
from hotpath.seals cimport BODY_BYTES, MAC_BYTES, Seal
from hotpath.shelf cimport Shelf
from hotpath.sliding cimport SlidingLog
from hotpath.templates cimport VALUES, Template, filled

from hotpath.pure import hits as meaning
from hotpath.pure.hits import (
    BROKEN, CURSOR_TTL_MS, DEFAULT_LIMIT, FETCH, GO_ON, JUDGE, LIMIT, NAME_BYTES, NONCE_BYTES, ORDER_MS, READY, TENDS,
    Questions,
)
from hotpath.overdue import overdue
from hotpath.rows import optional_texts, texts
from hotpath.seen import marks

cdef enum:
    STAMP = 0
    USER = 1
    SESSION = 2
    SCORE = 3
    MARK_BYTES = 3
    FOLLOWS = 1
    BARE_AT = 4  # in an id: behind its kind
    TAIL_BYTES = 4096  # more than the cursor, the token, the names and the words between them take

cdef enum Outcome:
    TO_WRITE = 0
    TO_FETCH = 1
    TO_JUDGE = 2
    ELSEWHERE = 3
    FAILED = 4

assert (TO_WRITE, TO_FETCH, TO_JUDGE, ELSEWHERE, FAILED) == (READY, FETCH, JUDGE, GO_ON, BROKEN)
assert (MOST, USUAL, PUSHED_BYTES) == (LIMIT, DEFAULT_LIMIT, meaning.PUSHED * MARK_BYTES)

cdef int64_t MS_FROM = 10**12
cdef int64_t MS_TO = 10**13
cdef int64_t US_FROM = 10**15
cdef int64_t US_TO = 10**16
cdef int64_t TTL_MS = CURSOR_TTL_MS
cdef int64_t ORDERED_MS = ORDER_MS
cdef int NONCE = NONCE_BYTES
cdef int LOT = TENDS


@cython.final
cdef class Hit:
    """As long as its request."""

    def members(self):
        return self._rows.members() if self._rows is not None else []


@cython.final
cdef class Hits:
    """About 4 µs for a page of 20 cards, all three steps together."""

    def __cinit__(
        self,
        str kind not None,
        int rule,
        tuple policy not None,
        questions not None: Questions,
        SlidingLog admitted not None,
        Shelf shelf not None,
        Seal cursors not None,
        Seal playbacks not None,
        tuple flags not None,
        bytes prefix not None,
        dict sources not None,
    ):
        cdef int i
        if len(flags) != 8 or len(prefix) > 128 or max(map(len, sources.values()), default=0) > NAME_BYTES:
            raise ValueError("eight flags, a prefix of at most 128 bytes, and short names")
        self._kind = kind.encode()
        self._rule = rule
        self._most, self._window_ms = policy[0], policy[1] * 1000
        self._admit, self._tend, self._forget = questions.admit, questions.tend, questions.forget
        self._tops, self._afters, self._behind = questions.tops, questions.afters, questions.behind
        self._apart, self._alive = questions.apart, questions.alive
        self._remember, self._remember_end = questions.remember, questions.remember_end
        self._admitted, self._shelf = admitted, shelf
        self._cursors, self._playbacks = cursors, playbacks
        self._kept = (flags, prefix, dict(sources))
        for i in range(8):
            point_at(&self._fills[i], flags[i])
        point_at(&self._fills[8], prefix)
        for letter, name in self._kept[2].items():
            point_at(&self._names[letter[0]] if letter else &self._only, name)

    cpdef Hit ask(self, Reader reader, bytes query, int64_t now_ms, int64_t stamp_us, int64_t began_ms):
        if reader is None or query is None:
            raise TypeError("a reader and a query")
        cdef Text cursor
        cdef int limit = USUAL
        cdef Hit hit
        cdef const Place* start
        cursor.at = NULL
        if now_ms >= reader.until_ms or not parse(query, &cursor, &limit):
            return None
        hit = Hit.__new__(Hit)
        start = &hit._start
        if cursor.at == NULL:
            hit._start.upper = now_ms
        elif not self._open(cursor, reader, now_ms, &hit._start):
            return None
        if not MS_FROM <= start.upper < MS_TO or not US_FROM <= stamp_us < US_TO:
            return None
        if start.has_id and not MS_FROM <= start.score <= start.upper:
            return None
        if self._admitted.count(reader.log, self._window_ms, began_ms) >= self._most:
            return None
        hit.reader = reader
        hit.query = query
        hit.limit = limit
        hit.stamp_us = stamp_us
        hit.began_ms = began_ms
        hit.remaining = -1
        hit.alive = True
        hit.told = hit.forgotten = b""
        hit._cursorless = cursor.at == NULL
        hit._now_ms = now_ms
        hit.tends = stamp_us % LOT == 0 or began_ms >= reader.tend_again_ms
        self._fill(hit)
        return hit

    cpdef int read(self, Hit hit, list replies) except -1:
        if hit is None or replies is None:
            raise TypeError("a hit and its replies")
        cdef Py_ssize_t count = len(replies)
        cdef Py_ssize_t i
        cdef int64_t length
        if count != hit.replies + hit.reading_replies:
            return FAILED
        for i in range(count - 1):
            if not _is_plain(replies[i]):
                return FAILED
        blob = replies[count - 1]
        if not self._apart:
            both = optional_texts(blob) if PyBytes_CheckExact(blob) else blob
            if type(both) is not list or len(<list> both) != 2:
                return FAILED
            alive, blob = both
        elif _is_plain(blob):
            alive = replies[1]
        else:
            return FAILED
        if hit.remaining < 0:
            if not PyLong_CheckExact(replies[0]):
                return TO_JUDGE
            length = replies[0]
            if length > self._most or (length == 1 and not hit.tends):
                return TO_JUDGE
            if hit.tends and not self._look_after(hit, replies[1 + self._apart]):
                return TO_JUDGE
            hit.remaining = max(<int64_t> 0, self._most - length + hit.forgets)
            self._admitted.add(hit.reader.log, hit.began_ms)
        hit.alive = alive == self._alive
        if not hit.alive or not PyBytes_CheckExact(replies[count - 3]) or not PyBytes_CheckExact(blob):
            return ELSEWHERE
        hit.blob = blob
        ties = replies[count - 4] if hit._start.has_id else None
        return self._place(hit, replies[count - 3], ties, replies[count - 2])

    cpdef bytes write(self, Hit hit, list entries, bytes nonce):
        if hit is None or nonce is None:
            raise TypeError("a hit and a nonce")
        cdef Place after
        cdef uint8_t[BODY_BYTES + MAC_BYTES] raw
        cdef uint8_t* end
        cdef char[TAIL_BYTES] tail
        cdef char* out = tail
        cdef const char* viewer
        cdef Text around[2]
        cdef bytes body
        if len(nonce) != NONCE:
            raise ValueError("a nonce has 6 bytes")
        if hit._rows is None:
            raise ValueError("nothing was read")
        self._after(hit, &after)
        viewer = PyBytes_AS_STRING(hit.reader.user_id)
        out = put_decimal(put_words(out, b',"next_page":'), after.served // hit.limit)
        out = put_words(out, b',"next_cursor":"')
        end = put_envelope(raw, PyBytes_AS_STRING(self._kind), len(self._kind), viewer, hit._now_ms + TTL_MS, &after)
        out = put_words(self._cursors.write(raw, end - raw, out), b'","has_more":true,"sources":[')
        out = put_words(self._name(hit, out), b'],"playback_token":"')
        end = put_number(put_text(put_byte(raw, 0x93), viewer, ID_BYTES), hit._now_ms)
        end = put_bytes(end, <const uint8_t*> PyBytes_AS_STRING(nonce), NONCE)
        out = put_words(self._playbacks.write(raw, end - raw, out), b'"}')
        around[0].at = b'{"videos":'
        around[0].size = 10
        around[1].at = tail
        around[1].size = out - tail
        body = lay_out(
            hit._entries if entries is None else entries, hit.blob, viewer + BARE_AT, self._rule, hit.limit,
            self._fills, around[0], around[1],
        )
        if body is None:
            return None
        self.written += 1
        if entries is None:
            self.cards += len(hit._rows)
        if hit._cursorless:
            self._tell(hit, &after)
        return body

    cdef bint _open(self, Text cursor, Reader reader, int64_t now_ms, Place* place) noexcept:
        cdef uint8_t[BODY_BYTES + MAC_BYTES] body
        cdef Py_ssize_t size = self._cursors.read(cursor.at, cursor.size, body)
        return size > 0 and take_envelope(
            body, size, PyBytes_AS_STRING(self._kind), len(self._kind), PyBytes_AS_STRING(reader.user_id), now_ms, place
        )

    cdef int _fill(self, Hit hit) except -1:
        cdef Text[VALUES] values
        cdef char[16] stamp
        cdef char[16] score
        cdef bint has_id = hit._start.has_id
        cdef Template tend = self._tend if hit.tends else None
        cdef Template page = (self._afters if has_id else self._tops)[hit.limit - 1]
        memset(values, 0, sizeof(values))
        values[STAMP].at, values[STAMP].size = stamp, put_decimal(stamp, hit.stamp_us) - stamp
        if has_id:
            values[SCORE].at, values[SCORE].size = score, put_decimal(score, hit._start.score) - score
        point_at(&values[USER], hit.reader.user_id)
        point_at(&values[SESSION], hit.reader.session_id)
        hit.replies, hit.reading_replies = 1 + self._apart + 2 * hit.tends, 4 if has_id else 3
        if self._apart:
            hit.commands = filled(values, self._admit, tend, None, None)
            hit.reading = filled(values, page, self._behind, None, None)
        else:
            hit.commands = filled(values, self._admit, tend, page, self._behind)
            hit.reading = b""
            hit.replies += hit.reading_replies
            hit.reading_replies = 0
        return 0

    cdef bint _look_after(self, Hit hit, object oldest) except -1:
        found = None
        if PyBytes_CheckExact(oldest):
            found = overdue(oldest, hit.stamp_us, 1000 * self._window_ms, self._forget, hit.reader.user_id)
        if found is None:
            return False
        hit.forgets, hit.forgotten = found
        hit.reader.tend_again_ms = hit.began_ms + self._window_ms // 2
        return True

    cdef int _place(self, Hit hit, bytes listed, object ties, object marker) except -1:
        cdef Rows rows
        cdef Py_ssize_t i
        cdef Text first
        if not PyBytes_CheckExact(marker):
            return ELSEWHERE
        if not only_text(marker, &first):
            found = texts(marker)[:1]
            hit.absent = not found
            point_at(&first, found[0] if found else b"")
        if not 0 < first.size <= GENERATION_BYTES or first.at[0] != c"!" or not _is_ascii(first):
            return ELSEWHERE
        hit._generation_bytes = first.size - 1
        memcpy(hit._generation, first.at + 1, hit._generation_bytes)
        if hit._start.generation_bytes and not _is_of(hit):
            return ELSEWHERE
        if PyBytes_CheckExact(ties):
            rows = Rows(listed, hit.limit + 1, ties, hit._start.video_id[:ID_BYTES])
        else:
            rows = Rows(listed, hit.limit + 1)
        if rows._count <= hit.limit:
            return ELSEWHERE
        for i in range(rows._count):
            if rows._rows[i].size != ID_BYTES:
                return ELSEWHERE
        if rows._rows[0].score > hit._start.upper or rows._rows[hit.limit].score < 0:
            return ELSEWHERE
        if (
            self._rule != FOLLOWS
            and rows._rows[hit.limit - 1].score <= built_ms(hit._generation, hit._generation_bytes) - ORDERED_MS
        ):
            return ELSEWHERE
        hit._rows = rows
        hit._entries = rows.find(self._shelf)
        return TO_WRITE if hit._entries is not None else TO_FETCH

    cdef int _after(self, Hit hit, Place* after) except -1:
        cdef Rows rows = hit._rows
        cdef int64_t since_ms
        cdef Py_ssize_t i, more
        memset(after, 0, sizeof(Place))
        after.upper = hit._start.upper
        after.score = rows._rows[hit.limit - 1].score
        memcpy(after.video_id, rows._rows[hit.limit - 1].member, ID_BYTES)
        after.has_id = True
        after.served = hit._start.served + hit.limit
        if self._rule == FOLLOWS:
            return 0
        memcpy(after.generation, hit._generation, hit._generation_bytes)
        after.generation_bytes = hit._generation_bytes
        memcpy(after.pushed, hit._start.pushed, hit._start.pushed_bytes)
        after.pushed_bytes = hit._start.pushed_bytes
        since_ms = built_ms(hit._generation, hit._generation_bytes)
        if since_ms == 0 or rows._rows[0].score <= since_ms:  # the best is first: nothing was pushed
            return 0
        pushes = [rows.member(i) for i in range(hit.limit) if rows._rows[i].score > since_ms]
        made = marks(b"".join(pushes))
        more = min(len(made), PUSHED_BYTES - after.pushed_bytes)
        memcpy(after.pushed + after.pushed_bytes, PyBytes_AS_STRING(made), more)
        after.pushed_bytes += more
        return 0

    cdef char* _name(self, Hit hit, char* out) noexcept:
        """The sources of the generation, by its letters."""
        cdef Py_ssize_t i
        cdef const Text* name
        cdef const char* first = out
        if self._only.at != NULL:
            memcpy(out, self._only.at, self._only.size)
            return out + self._only.size
        for i in range(16, hit._generation_bytes):
            name = &self._names[<uint8_t> hit._generation[i]]
            if name.at != NULL:
                if out != first:
                    out = put_words(out, b",")
                memcpy(out, name.at, name.size)
                out += name.size
        return out

    cdef int _tell(self, Hit hit, const Place* after) except -1:
        cdef uint8_t[2 * PLACE_BYTES + 16] raw
        cdef char[32] length
        cdef Text[VALUES] values
        cdef uint8_t* end = put_byte(put_number(put_byte(raw, 0x92), hit.limit), 0x92)
        cdef Py_ssize_t size
        end = put_place(put_place(end, &hit._start), after)
        size = put_words(put_decimal(put_words(length, b"$"), end - raw), b"\r\n") - length
        memset(values, 0, sizeof(values))
        point_at(&values[SESSION], hit.reader.session_id)
        cdef bytes told = PyBytes_FromStringAndSize(
            NULL, len(self._remember.text) + size + (end - raw) + 2 + len(self._remember_end)
        )
        cdef char* out = self._remember.write(PyBytes_AS_STRING(told), values)
        memcpy(out, length, size)
        memcpy(out + size, raw, end - raw)
        out = put_words(out + size + (end - raw), b"\r\n")
        memcpy(out, PyBytes_AS_STRING(self._remember_end), len(self._remember_end))
        hit.told = told
        return 0


cdef bint _is_ascii(Text text) noexcept:
    cdef Py_ssize_t i
    for i in range(text.size):
        if <uint8_t> text.at[i] > 127:
            return False
    return True


cdef inline bint _is_plain(object reply) noexcept:
    return reply is None or PyBytes_CheckExact(reply) or PyLong_CheckExact(reply)


cdef inline bint _is_of(Hit hit) noexcept:
    """Whether the cursor is of the feed that is there."""
    return (
        hit._start.generation_bytes == hit._generation_bytes
        and memcmp(hit._start.generation, hit._generation, hit._generation_bytes) == 0
    )
