"""Entries of a sorted set as Redis lists them. `hotpath.pure.rows` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp

cimport cython

from hotpath._types cimport ID_BYTES, int64_t
from hotpath.shelf cimport Shelf

cdef enum:
    ROW_BYTES = 13  # of the shortest row: `$0 $1 5`, each with its line's end, as are the texts
    AT_ONCE = 64  # cards that are fetched while others are
    ABSENT_BYTES = 5
    DIGITS = 15  # of a length or a score; more fit no score that Redis keeps exactly


def texts(bytes reply not None):
    cdef list found = optional_texts(reply)
    if None in found:
        raise ValueError("not a list of texts")
    return found


cpdef list optional_texts(bytes reply):
    cdef const char* at = PyBytes_AS_STRING(reply)
    cdef const char* end = at + len(reply)
    cdef int64_t count = 0
    cdef int64_t size = 0
    cdef list found = []
    at = _header(c"*", at, end, &count)
    while at != NULL and count > 0:
        if end - at >= ABSENT_BYTES and memcmp(at, b"$-1\r\n", ABSENT_BYTES) == 0:
            found.append(None)
            at += ABSENT_BYTES
            count -= 1
            continue
        at = _header(c"$", at, end, &size)
        if at == NULL or end - at < size + 2:
            raise ValueError("not a list of texts")
        found.append(PyBytes_FromStringAndSize(at, size))
        at += size + 2
        count -= 1
    if at != end:
        raise ValueError("not a list of texts")
    return found


@cython.final
cdef class Rows:
    """About 15 ns an entry, and no object."""

    def __cinit__(self, bytes reply not None, Py_ssize_t most, bytes ties=None, bytes after=None):
        if (ties is None) != (after is None):
            raise ValueError("ties are those of a member")
        self._reply = reply
        self._ties = ties
        cdef Py_ssize_t room = 2 + (len(reply) + (0 if ties is None else len(ties))) // ROW_BYTES
        self._rows = <Row*> malloc(room * sizeof(Row))
        if self._rows == NULL:
            raise MemoryError
        if ties is not None:
            self._take(ties)
            self._keep_below(after)
        self._take(reply)
        self._count = min(self._count, max(most, 0))

    def __dealloc__(self):
        free(self._rows)

    def __len__(self):
        return self._count

    def member(self, Py_ssize_t place):
        self._check(place)
        return PyBytes_FromStringAndSize(self._rows[place].member, self._rows[place].size)

    def score(self, Py_ssize_t place):
        self._check(place)
        return self._rows[place].score

    def members(self):
        return [PyBytes_FromStringAndSize(self._rows[i].member, self._rows[i].size) for i in range(self._count)]

    def find(self, Shelf shelf not None):
        cdef const char* members[AT_ONCE]
        cdef Py_ssize_t i
        cdef list found = []
        for i in range(self._count):
            if self._rows[i].size != ID_BYTES:
                return None
            members[i % AT_ONCE] = self._rows[i].member
            if i % AT_ONCE == AT_ONCE - 1 or i == self._count - 1:
                shelf.foresee(members, i % AT_ONCE + 1)
        for i in range(self._count):
            entry = shelf.look(self._rows[i].member)
            if entry is None:
                return None
            found.append(entry)
        return found

    cdef int _check(self, Py_ssize_t place) except -1:
        if not 0 <= place < self._count:
            raise IndexError("no such row")
        return 0

    cdef int _take(self, bytes reply) except -1:
        cdef const char* at = PyBytes_AS_STRING(reply)
        cdef const char* end = at + len(reply)
        cdef int64_t words = 0
        cdef int64_t size = 0
        cdef Row* row
        at = _header(c"*", at, end, &words)
        if at == NULL or words % 2:
            raise ValueError("not a list of members and scores")
        while words > 0:
            row = &self._rows[self._count]
            at = _header(c"$", at, end, &size)
            if at == NULL or end - at < size + 2:
                raise ValueError("not a list of members and scores")
            row.member = at
            row.size = size
            at = _header(c"$", at + size + 2, end, &size)
            if at == NULL or end - at < size + 2 or _whole(at, at + size, &row.score) != at + size:
                raise ValueError("not a list of members and scores")
            at += size + 2
            self._count += 1
            words -= 2
        if at != end:
            raise ValueError("not a list of members and scores")
        return 0

    cdef int _keep_below(self, bytes member) except -1:
        """Of the rows so far, those whose members come before this one."""
        cdef Py_ssize_t i
        cdef Py_ssize_t kept = 0
        cdef Py_ssize_t size = len(member)
        cdef int order
        for i in range(self._count):
            order = memcmp(self._rows[i].member, PyBytes_AS_STRING(member), min(self._rows[i].size, size))
            if order < 0 or (order == 0 and self._rows[i].size < size):
                self._rows[kept] = self._rows[i]
                kept += 1
        self._count = kept
        return 0


cdef bint only_text(bytes reply, Text* text) noexcept:
    """The one text of a list of less than a hundred bytes; False for anything else, which may be a list too."""
    cdef const char* at = PyBytes_AS_STRING(reply)
    cdef Py_ssize_t size = len(reply)
    if size < 10 or memcmp(at, b"*1\r\n$", 5) != 0 or not c"0" <= at[5] <= c"9":
        return False
    text.size = at[5] - c"0"
    text.at = at + 8
    if c"0" <= at[6] <= c"9":
        text.size = 10 * text.size + at[6] - c"0"
        text.at = at + 9
    return (
        text.at - at + text.size + 2 == size
        and memcmp(text.at - 2, b"\r\n", 2) == 0
        and memcmp(at + size - 2, b"\r\n", 2) == 0
    )


cdef inline const char* _header(char kind, const char* at, const char* end, int64_t* number) noexcept nogil:
    """Behind a line of this type and a number; NULL for another."""
    if at >= end or at[0] != kind:
        return NULL
    at = _number(at + 1, end, number)
    return at + 2 if at != NULL and end - at >= 2 and at[0] == c"\r" and at[1] == c"\n" else NULL


cdef inline const char* _number(const char* at, const char* end, int64_t* number) noexcept nogil:
    """Behind one to DIGITS digits; NULL without one."""
    cdef const char* first = at
    cdef unsigned char digit
    number[0] = 0
    while at < end and at - first < DIGITS:
        digit = <unsigned char> (at[0] - c"0")
        if digit > 9:
            break
        number[0] = number[0] * 10 + digit
        at += 1
    return at if at > first else NULL


cdef inline const char* _whole(const char* at, const char* end, int64_t* number) noexcept nogil:
    """The same of a number that may be negative."""
    cdef bint negative = at < end and at[0] == c"-"
    at = _number(at + negative, end, number)
    if negative:
        number[0] = -number[0]
    return at
