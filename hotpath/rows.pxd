"""Entries of a sorted set, for kernels that read them."""

from hotpath._types cimport int64_t
from hotpath.pages cimport Text
from hotpath.shelf cimport Shelf


cdef struct Row:
    const char* member
    Py_ssize_t size
    int64_t score


cdef class Rows:
    cdef bytes _reply  # where the members lie
    cdef bytes _ties
    cdef Row* _rows
    cdef Py_ssize_t _count

    cdef int _check(self, Py_ssize_t place) except -1
    cdef int _take(self, bytes reply) except -1
    cdef int _keep_below(self, bytes member) except -1


cdef bint only_text(bytes reply, Text* text) noexcept
