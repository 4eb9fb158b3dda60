"""Notes of requests. `hotpath.pure.notes` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy, memset

cimport cython

from hotpath._texts cimport put_decimal, put_words
from hotpath._types cimport int64_t
from hotpath.clocks cimport now_s
from hotpath.dice cimport Dice

from hotpath.pure.notes import KINDS

cdef Py_ssize_t MOST = KINDS

cdef enum:
    TRACE_AT = 3  # in a traceparent
    TRACE_BYTES = 32
    PARENT_BYTES = 55
    AROUND_BYTES = 64  # of a line: what stands between its words, and two numbers
    FIRST_BYTES = 4096


@cython.final
cdef class Series:
    """30 ns a request."""

    def __cinit__(self, bounds_s):
        given = list(bounds_s)
        if not 0 < len(given) <= BOUNDS or sorted(given) != given:
            raise ValueError("1 to 32 bounds, in ascending order")
        self._bounds = len(given)
        for place, bound_s in enumerate(given):
            self._bounds_s[place] = bound_s

    cpdef bint add(self, double took_s) noexcept:
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

    def __cinit__(self, when):
        self._text_of = when
        self._second = -1

    def __dealloc__(self):
        free(self._block)

    cpdef bint add(
        self, int64_t now_ms, bytes host, bytes user, bytes request, int64_t status, int64_t sent_bytes
    ) except -1:
        cdef int64_t second = now_ms // 1000
        cdef bint first = self._size == 0
        cdef char* out
        if host is None or user is None or request is None:
            raise TypeError("texts are bytes")
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


cdef class Record:
    """0.5 µs a request."""

    def __init__(self, clock not None, log not None, watch not None):
        self._clock = clock
        self._log = log
        self._lines = log.lines
        self._watch = watch
        self._watches = {}
        self._dice = Dice()

    cpdef bytes trace_id(self, bytes traceparent):
        if traceparent is not None and _is_traceparent(traceparent):
            return PyBytes_FromStringAndSize(PyBytes_AS_STRING(traceparent) + TRACE_AT, TRACE_BYTES)
        return self._dice.digits(TRACE_BYTES // 2)

    def done(
        self,
        str route not None,
        str method not None,
        int status,
        double began_s,
        bytes host not None,
        bytes user not None,
        bytes request not None,
        Py_ssize_t sent_bytes,
    ):
        self.note(route, method, status, began_s, host, user, request, sent_bytes)

    cdef int note(
        self, str route, str method, int status, double began_s, bytes host, bytes user, bytes request,
        Py_ssize_t sent_bytes,
    ) except -1:
        cdef tuple kind = (route, method, status)
        cdef tuple kept = self._watches.get(kind)
        if kept is None:
            watch = self._watch(route, method, status)
            kept = (watch.series, watch)
            if len(self._watches) < MOST:
                self._watches[kind] = kept
        if (<Series?> kept[0]).add(now_s() - began_s):
            kept[1].begun()
        if self._lines.add(self._clock(), host, user, request, status, sent_bytes):
            self._log.begun()
        return 0


cdef bint _is_traceparent(bytes text) noexcept:
    """Of a version that is known, well formed, and of a trace."""
    cdef const char* at = PyBytes_AS_STRING(text)
    cdef int i
    cdef bint any_trace = False
    if len(text) != PARENT_BYTES or memcmp(at, b"00-", TRACE_AT) != 0:
        return False
    for i in range(TRACE_AT, PARENT_BYTES):
        if i == 35 or i == 52:
            if at[i] != c"-":
                return False
        elif not (c"0" <= at[i] <= c"9" or c"a" <= at[i] <= c"f"):
            return False
        elif i < 35:
            any_trace = any_trace or at[i] != c"0"
    return any_trace


cdef inline char* _put(char* out, bytes text):
    memcpy(out, PyBytes_AS_STRING(text), len(text))
    return out + len(text)
