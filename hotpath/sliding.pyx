"""Sliding logs. `hotpath.pure.sliding` gives the meaning."""

from cpython.object cimport PyObject
from libc.stdlib cimport free, realloc
from libc.string cimport memmove

cimport cython

from hotpath._types cimport int64_t

from hotpath.pure.sliding import MAX_ENTRIES, MAX_KEYS

cdef enum:
    FEWEST = 4  # times there is room for at first: most keys of a busy moment have no more


@cython.final
cdef class Log:
    """The times of one key, in a block that doubles."""

    def __dealloc__(self):
        free(self._times)

    cdef int _append(self, int64_t at_ms) except -1:
        cdef int64_t* longer
        cdef Py_ssize_t room
        if self._count == self._room:
            room = max(<Py_ssize_t> FEWEST, self._room + self._room // 2)
            longer = <int64_t*> realloc(self._times, room * sizeof(int64_t))
            if longer == NULL:
                raise MemoryError
            self._times = longer
            self._room = room
        self._times[self._count] = at_ms
        self._count += 1
        return 0

    cdef Py_ssize_t _old(self, int64_t edge_ms) noexcept:
        """How many are not later than this."""
        cdef Py_ssize_t low = 0
        cdef Py_ssize_t high = self._count
        cdef Py_ssize_t middle
        if high == 0 or self._times[0] > edge_ms:  # nearly always, where logs are short
            return 0
        while low < high:
            middle = (low + high) // 2
            if self._times[middle] > edge_ms:
                high = middle
            else:
                low = middle + 1
        return low

    cdef void _drop(self, Py_ssize_t old) noexcept:
        self._count -= old
        memmove(self._times, self._times + old, self._count * sizeof(int64_t))


@cython.final
cdef class SlidingLog:
    """A count or an admission costs 50 ns."""

    def __cinit__(self, Py_ssize_t max_keys=MAX_KEYS, Py_ssize_t max_entries=MAX_ENTRIES):
        self._max_keys = max_keys
        self._max_entries = max_entries
        self._logs = {}

    def __len__(self):
        return len(self._logs)

    cpdef Py_ssize_t count(self, str key, int64_t window_ms, int64_t now_ms) except -1:
        cdef Log log = self._logs.get(key)
        cdef Py_ssize_t old, within
        if log is None:
            return 0
        old = log._old(now_ms - window_ms)
        within = log._count - old
        if within == 0:
            self.forget(key)
        elif old >= within:
            log._drop(old)
            self._entries -= old
        return within

    cpdef add(self, str key, int64_t at_ms):
        cdef Log log = self._logs.get(key)
        cdef PyObject* oldest
        if log is None:
            log = Log.__new__(Log)
            log._key = key
            self._logs[key] = log
            self._link(log)
        elif self._newest != <PyObject*> log:
            self._unlink(log)
            self._link(log)
        log._append(at_ms)
        self._entries += 1
        while len(self._logs) > 1 and (len(self._logs) > self._max_keys or self._entries > self._max_entries):
            oldest = self._oldest
            self.forget((<Log> oldest)._key)

    cpdef forget(self, str key):
        cdef Log log = self._logs.pop(key, None)
        if log is not None:
            self._unlink(log)
            self._entries -= log._count

    def room_after_ms(self, str key not None, int64_t limit, int64_t window_ms, int64_t now_ms):
        cdef Log log = self._logs.get(key)
        if log is None or not 0 < limit <= log._count:
            return 0
        return max(<int64_t> 0, log._times[log._count - limit] + window_ms - now_ms)

    cdef void _link(self, Log log) noexcept:
        """As the one used last."""
        log._older = self._newest
        log._newer = NULL
        if self._newest != NULL:
            (<Log> self._newest)._newer = <PyObject*> log
        self._newest = <PyObject*> log
        if self._oldest == NULL:
            self._oldest = <PyObject*> log

    cdef void _unlink(self, Log log) noexcept:
        if log._older != NULL:
            (<Log> log._older)._newer = log._newer
        else:
            self._oldest = log._newer
        if log._newer != NULL:
            (<Log> log._newer)._older = log._older
        else:
            self._newest = log._older
        log._older = NULL
        log._newer = NULL
