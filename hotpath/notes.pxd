"""Notes of requests, for kernels that make them."""

from hotpath._types cimport int64_t
from hotpath.dice cimport Dice

cdef enum:
    BOUNDS = 32  # at most
    WHEN_BYTES = 64  # at most


cdef class Series:
    cdef double[BOUNDS] _bounds_s
    cdef int64_t[BOUNDS + 1] _counts
    cdef int _bounds
    cdef double _total_s
    cdef bint _any

    cpdef bint add(self, double took_s) noexcept


cdef class Lines:
    cdef object _text_of
    cdef int64_t _second
    cdef char[WHEN_BYTES] _when
    cdef Py_ssize_t _when_bytes
    cdef char* _block
    cdef Py_ssize_t _size
    cdef Py_ssize_t _room

    cpdef bint add(
        self, int64_t now_ms, bytes host, bytes user, bytes request, int64_t status, int64_t sent_bytes
    ) except -1
    cdef int _look_at_the_clock(self, int64_t second) except -1
    cdef int _make_room(self, Py_ssize_t more) except -1


cdef class Record:
    cdef object _clock, _log, _watch
    cdef Lines _lines
    cdef dict _watches
    cdef Dice _dice

    cpdef bytes trace_id(self, bytes traceparent)
    cdef int note(
        self, str route, str method, int status, double began_s, bytes host, bytes user, bytes request,
        Py_ssize_t sent_bytes,
    ) except -1
