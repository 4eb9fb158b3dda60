"""The command that keeps cards, and a page of them as one JSON array. `hotpath.pure.cards` gives the meaning."""

import json

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcpy, memmove

cimport cython

cdef enum:
    PREFIX_SLOT = 1
    VIEWER_SLOT = 2
    MOST_DIGITS = 20
    HEAD_BYTES = 32  # more than a length and the ends of two lines take


cdef struct Text:
    const char* at
    Py_ssize_t size


cdef struct Card:
    Text body
    Text prefix
    Text viewer


cdef struct Buffer:
    char* at
    Py_ssize_t size
    Py_ssize_t room


def splice(list bodies not None, list prefixes not None, list viewers not None):
    """The JSON array of `bodies` with their slots filled; about 2 µs for 20 cards of 800 bytes."""
    if not len(bodies) == len(prefixes) == len(viewers):
        raise ValueError("bodies, prefixes and viewers differ in length")
    # Copies hold the texts alive: another thread may change the caller's lists while the lock is released.
    rows = list(zip(bodies, prefixes, viewers))
    cdef Py_ssize_t n = len(rows)
    cdef Py_ssize_t i
    cdef Py_ssize_t size = 2 + max(n - 1, 0)  # brackets and commas
    cdef bytes page
    cdef char* out
    cdef Card* cards = <Card*> malloc((n + 1) * sizeof(Card))
    try:
        if cards == NULL:
            raise MemoryError
        for i, (body, prefix, viewer) in enumerate(rows):
            _point(&cards[i].body, body)
            _point(&cards[i].prefix, prefix)
            _point(&cards[i].viewer, viewer)
            size += _filled_size(&cards[i])
        page = PyBytes_FromStringAndSize(NULL, size)
        out = PyBytes_AS_STRING(page)
        with nogil:
            _lay_out(cards, n, out)
    finally:
        free(cards)
    return page


def put(
    bytes sha not None,
    list options not None,
    list video_ids not None,
    list cards not None,
    list documents not None,
):
    """About 1.5 µs a card with 40 members in 1,200 bytes."""
    cdef Py_ssize_t count = len(video_ids)
    cdef Py_ssize_t i, words, members, before, behind
    cdef Py_ssize_t most = 2 * HEAD_BYTES + len(sha) + 2 * HEAD_BYTES * len(options)
    cdef Buffer out
    if not count == len(cards) == len(documents):
        raise ValueError("ids, cards and documents differ in length")
    for i in range(count):
        most += 12 * HEAD_BYTES + len(<bytes?> cards[i])
        if documents[i] is not None:
            most += 2 * len(<bytes?> documents[i])
    out.size = HEAD_BYTES  # for the number of words, which is known at the end
    out.room = most  # nearly always enough; what is not written on costs nothing
    out.at = <char*> malloc(out.room)
    try:
        if out.at == NULL:
            raise MemoryError
        _write_bulk(&out, b"EVALSHA", 7)
        _bulk(&out, sha)
        _number(&out, 2 * count)
        for video_id in video_ids:
            _key(&out, b"card:", 5, video_id)
            _key(&out, b"video:", 6, video_id)
        for option in options:
            _bulk(&out, option)
        words = 3 + 4 * count + len(options)
        for i in range(count):
            _bulk(&out, cards[i])
            if documents[i] is None:
                _number(&out, 0)
                continue
            before = out.size
            _number(&out, 10)  # as long as most: how many they are is known when they are written
            behind = out.size
            members = _members(&out, documents[i])
            _renumber(&out, before, behind, 2 * members)
            words += 2 * members
        return _headed(&out, words)
    finally:
        free(out.at)


@cython.overflowcheck(False)  # which would take pointers for numbers
cdef Py_ssize_t _members(Buffer* out, bytes document) except -1:
    """Writes names and values; how many there are."""
    cdef const char* at = PyBytes_AS_STRING(document)
    cdef const char* end = at + len(document)
    cdef const char* stop
    cdef Py_ssize_t count = 0
    cdef char before = c"{"
    if document == b"{}":
        return 0
    while at < end and at[0] == before:
        before = c","
        stop = _value_end(at + 1, end)
        if at[1] != c'"' or stop >= end or stop[0] != c":":
            break
        _word(out, at + 1, stop)
        at = stop + 1
        stop = _value_end(at, end)
        if stop >= end:
            break
        _word(out, at, stop)
        count += 1
        at = stop
    if count and at + 1 == end and at[0] == c"}":
        return count
    raise ValueError("not a JSON object without spaces")


@cython.overflowcheck(False)  # as above
cdef int _word(Buffer* out, const char* at, const char* stop) except -1:
    """Of a text what it says, of anything else its JSON."""
    if at[0] != c'"':
        return _write_bulk(out, at, stop - at)
    if memchr(at, c"\\", stop - at) == NULL:
        return _write_bulk(out, at + 1, stop - at - 2)
    return _bulk(out, (<str?> json.loads(at[:stop - at])).encode())


cdef int _bulk(Buffer* out, object word) except -1:
    return _write_bulk(out, PyBytes_AS_STRING(<bytes?> word), len(<bytes> word))


cdef int _write_bulk(Buffer* out, const char* word, Py_ssize_t size) except -1:
    """`$`, the number of bytes, and those, each with the end of a line."""
    _make_room(out, size + HEAD_BYTES)
    _write_head(out, c"$", size)
    _write(out, word, size)
    _write(out, b"\r\n", 2)
    return 0


cdef int _key(Buffer* out, const char* kind, Py_ssize_t kind_bytes, object video_id) except -1:
    cdef Py_ssize_t size
    cdef const char* text = PyUnicode_AsUTF8AndSize(<str?> video_id, &size)
    _make_room(out, kind_bytes + size + HEAD_BYTES)
    _write_head(out, c"$", kind_bytes + size)
    _write(out, kind, kind_bytes)
    _write(out, text, size)
    _write(out, b"\r\n", 2)
    return 0


cdef int _number(Buffer* out, Py_ssize_t number) except -1:
    """Not negative, as a word."""
    cdef char[MOST_DIGITS] digits
    cdef Py_ssize_t first = _digits(number, digits)
    return _write_bulk(out, &digits[first], MOST_DIGITS - first)


@cython.overflowcheck(False)  # as above
cdef int _renumber(Buffer* out, Py_ssize_t before, Py_ssize_t behind, Py_ssize_t number) except -1:
    """Puts another number in the place of the one between these two, and moves what is behind it."""
    cdef Py_ssize_t size = out.size - behind
    cdef char[HEAD_BYTES + MOST_DIGITS] word
    cdef Buffer made
    made.at, made.size, made.room = word, 0, HEAD_BYTES + MOST_DIGITS
    _number(&made, number)
    _make_room(out, made.size)
    if before + made.size != behind:
        memmove(out.at + before + made.size, out.at + behind, size)
    out.size = before
    _write(out, made.at, made.size)
    out.size += size
    return 0


cdef bytes _headed(Buffer* out, Py_ssize_t words):
    """The command: the number of words goes to where room was left for it."""
    cdef char[HEAD_BYTES] head
    cdef Buffer made
    made.at, made.size, made.room = head, 0, HEAD_BYTES
    _write_head(&made, c"*", words)
    memcpy(out.at + HEAD_BYTES - made.size, head, made.size)
    return PyBytes_FromStringAndSize(out.at + HEAD_BYTES - made.size, out.size - HEAD_BYTES + made.size)


@cython.overflowcheck(False)  # as above
cdef void _write_head(Buffer* out, char kind, Py_ssize_t number) noexcept nogil:
    """Where there is room."""
    cdef char[MOST_DIGITS] digits
    cdef Py_ssize_t first = _digits(number, digits)
    out.at[out.size] = kind
    out.size += 1
    _write(out, &digits[first], MOST_DIGITS - first)
    _write(out, b"\r\n", 2)


@cython.overflowcheck(False)  # as above
cdef inline void _write(Buffer* out, const char* what, Py_ssize_t size) noexcept nogil:
    """Where there is room."""
    memcpy(out.at + out.size, what, size)
    out.size += size


cdef inline Py_ssize_t _digits(Py_ssize_t number, char* digits) noexcept nogil:
    """Of a number that is not negative, at the end of MOST_DIGITS; where they begin."""
    cdef Py_ssize_t first = MOST_DIGITS
    while True:
        first -= 1
        digits[first] = <char> (c"0" + number % 10)
        number //= 10
        if number == 0:
            return first


cdef int _make_room(Buffer* out, Py_ssize_t more) except -1:
    cdef char* grown
    if out.size + more > out.room:
        out.room = max(2 * out.room, out.size + more)
        grown = <char*> realloc(out.at, out.room)
        if grown == NULL:
            raise MemoryError
        out.at = grown
    return 0


@cython.overflowcheck(False)  # as above
cdef const char* _value_end(const char* at, const char* end) noexcept nogil:
    """Behind the value that begins here, of whatever kind; `end` where it does not end."""
    cdef Py_ssize_t depth = 0
    cdef const char* start = at
    while at < end:
        if at[0] == c'"':
            at = _text_end(at + 1, end)
            if depth == 0:
                return at
            continue
        if at[0] == c"{" or at[0] == c"[":
            depth += 1
        elif at[0] == c"}" or at[0] == c"]":
            if depth == 0:
                return at if at > start else end
            depth -= 1
            if depth == 0:
                return at + 1
        elif at[0] == c"," and depth == 0:
            return at if at > start else end
        at += 1
    return end


@cython.overflowcheck(False)  # as above
cdef inline const char* _text_end(const char* at, const char* end) noexcept nogil:
    """Behind the quote that ends the text whose inside begins here; `end` where none does."""
    cdef const char* quote = at
    cdef const char* back
    while quote < end:
        quote = <const char*> memchr(quote, c'"', end - quote)
        if quote == NULL:
            return end
        back = quote
        while back > at and (back - 1)[0] == c"\\":
            back -= 1
        quote += 1
        if (quote - back) % 2:  # every second backslash is one that was meant
            return quote
    return end


cdef inline int _point(Text* slot, object text) except -1:
    if not isinstance(text, bytes):
        raise TypeError("bodies, prefixes and viewers must hold bytes")
    slot.at = PyBytes_AS_STRING(text)
    slot.size = len(text)
    return 0


cdef Py_ssize_t _filled_size(const Card* card) noexcept nogil:
    cdef Py_ssize_t size = card.body.size
    size += _count(card.body, PREFIX_SLOT) * (card.prefix.size - 1)
    size += _count(card.body, VIEWER_SLOT) * (card.viewer.size - 1)
    return size


cdef inline Py_ssize_t _count(Text body, int slot) noexcept nogil:
    """By memchr, which reads 32 bytes a step; a card has a handful of slots."""
    cdef const char* end = body.at + body.size
    cdef const char* found = _find(body.at, end, slot)
    cdef Py_ssize_t count = 0
    while found != end:
        count += 1
        found = _find(found + 1, end, slot)
    return count


cdef void _lay_out(const Card* cards, Py_ssize_t n, char* out) noexcept nogil:
    cdef Py_ssize_t i
    out[0] = c"["
    out += 1
    for i in range(n):
        if i > 0:
            out[0] = c","
            out += 1
        out = _fill(&cards[i], out)
    out[0] = c"]"


cdef char* _fill(const Card* card, char* out) noexcept nogil:
    """Copies one body up to its next slot, then what goes there, until no slot is left; returns the place behind."""
    cdef const char* at = card.body.at
    cdef const char* end = at + card.body.size
    cdef const char* prefix_slot = _find(at, end, PREFIX_SLOT)
    cdef const char* viewer_slot = _find(at, end, VIEWER_SLOT)
    while prefix_slot != end or viewer_slot != end:
        if prefix_slot < viewer_slot:
            out = _copy(at, prefix_slot, out)
            out = _copy(card.prefix.at, card.prefix.at + card.prefix.size, out)
            at = prefix_slot + 1
            prefix_slot = _find(at, end, PREFIX_SLOT)
        else:
            out = _copy(at, viewer_slot, out)
            out = _copy(card.viewer.at, card.viewer.at + card.viewer.size, out)
            at = viewer_slot + 1
            viewer_slot = _find(at, end, VIEWER_SLOT)
    return _copy(at, end, out)


@cython.overflowcheck(False)  # which would take pointers for numbers
cdef inline const char* _find(const char* at, const char* end, int slot) noexcept nogil:
    cdef const char* found = <const char*> memchr(at, slot, end - at)
    return found if found != NULL else end


@cython.overflowcheck(False)  # as above
cdef inline char* _copy(const char* start, const char* end, char* out) noexcept nogil:
    memcpy(out, start, end - start)
    return out + (end - start)
