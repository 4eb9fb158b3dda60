"""The log, for kernels that count."""

from cpython.object cimport PyObject

from hotpath._types cimport int64_t


cdef class Log:
    cdef str _key
    cdef int64_t* _times
    cdef Py_ssize_t _count
    cdef Py_ssize_t _room
    cdef PyObject* _older  # neighbours by last use; whoever is linked is kept alive by the table
    cdef PyObject* _newer

    cdef int _append(self, int64_t at_ms) except -1
    cdef Py_ssize_t _old(self, int64_t edge_ms) noexcept
    cdef void _drop(self, Py_ssize_t old) noexcept


cdef class SlidingLog:
    cdef Py_ssize_t _max_keys
    cdef Py_ssize_t _max_entries
    cdef Py_ssize_t _entries
    cdef dict _logs
    cdef PyObject* _oldest
    cdef PyObject* _newest

    cpdef Py_ssize_t count(self, str key, int64_t window_ms, int64_t now_ms) except -1
    cpdef add(self, str key, int64_t at_ms)
    cpdef forget(self, str key)
    cdef void _unlink(self, Log log) noexcept
    cdef void _link(self, Log log) noexcept
