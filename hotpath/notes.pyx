"""Notes of requests. `hotpath.pure.notes` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

cimport cython

from hotpath._texts cimport put_decimal, put_words
from hotpath._types cimport int64_t

cdef enum:
    BOUNDS = 32  # at most
    WHEN_BYTES = 64  # at most
    AROUND_BYTES = 64  # of a line: what stands between its words, and two numbers
    FIRST_BYTES = 4096


@cython.final
cdef class Series:
    """30 ns a request."""

    cdef double[BOUNDS] _bounds_s
    cdef int64_t[BOUNDS + 1] _counts
    cdef int _bounds
    cdef double _total_s
    cdef bint _any

    def __cinit__(self, bounds_s):
        given = list(bounds_s)
        if not 0 < len(given) <= BOUNDS or sorted(given) != given:
            raise ValueError("1 to 32 bounds, in ascending order")
        self._bounds = len(given)
        for place, bound_s in enumerate(given):
            self._bounds_s[place] = bound_s

    def add(self, double took_s):
        cdef int place = 0
        cdef bint first = not self._any
        while place < self._bounds and self._bounds_s[place] < took_s:
            place += 1
        self._counts[place] += 1
        self._total_s += took_s
        self._any = True
        return first

    def take(self):
        cdef int i
        counts = [self._counts[i] for i in range(self._bounds + 1)]
        total_s = self._total_s
        memset(self._counts, 0, sizeof(self._counts))
        self._total_s = 0.0
        self._any = False
        return counts, total_s


@cython.final
cdef class Lines:
    """100 ns a line, in one block that grows with a turn of the loop and stays."""

    cdef object _text_of
    cdef int64_t _second
    cdef char[WHEN_BYTES] _when
    cdef Py_ssize_t _when_bytes
    cdef char* _block
    cdef Py_ssize_t _size
    cdef Py_ssize_t _room

    def __cinit__(self, when):
        self._text_of = when
        self._second = -1

    def __dealloc__(self):
        free(self._block)

    def add(
        self,
        int64_t now_ms,
        bytes host not None,
        bytes user not None,
        bytes request not None,
        int64_t status,
        int64_t sent_bytes,
    ):
        cdef int64_t second = now_ms // 1000
        cdef bint first = self._size == 0
        cdef char* out
        if now_ms < 0 or status < 0 or sent_bytes < 0:
            raise ValueError("numbers must be natural")
        if second != self._second:
            self._look_at_the_clock(second)
        self._make_room(len(host) + len(user) + self._when_bytes + len(request) + AROUND_BYTES)
        out = _put(self._block + self._size, host)
        out = _put(put_words(out, b" - "), user)
        out = put_words(out, b" [")
        memcpy(out, self._when, self._when_bytes)
        out = _put(put_words(out + self._when_bytes, b'] "'), request)
        out = put_decimal(put_words(out, b'" '), status)
        out = put_words(put_decimal(put_words(out, b" "), sent_bytes), b"\n")
        self._size = out - self._block
        return first

    def take(self):
        lines = PyBytes_FromStringAndSize(self._block, self._size) if self._size else b""
        self._size = 0
        return lines

    cdef int _look_at_the_clock(self, int64_t second) except -1:
        cdef bytes when = self._text_of(second)
        if len(when) > WHEN_BYTES:
            raise ValueError("the time is too long")
        memcpy(self._when, PyBytes_AS_STRING(when), len(when))
        self._when_bytes = len(when)
        self._second = second
        return 0

    cdef int _make_room(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t room = max(<Py_ssize_t> FIRST_BYTES, self._room)
        cdef char* wider
        while room < self._size + more:
            room *= 2
        if room > self._room:
            wider = <char*> realloc(self._block, room)
            if wider == NULL:
                raise MemoryError
            self._block = wider
            self._room = room
        return 0


cdef inline char* _put(char* out, bytes text):
    memcpy(out, PyBytes_AS_STRING(text), len(text))
    return out + len(text)
