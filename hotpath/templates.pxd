"""Templates, for kernels that fill several at once."""

from hotpath.pages cimport Text

cdef enum:
    HOLES = 12  # of one template, at most
    VALUES = 4


cdef struct Hole:
    Py_ssize_t at
    Py_ssize_t size
    int value


cdef class Template:
    cdef readonly bytes text
    cdef Hole[HOLES] _holes
    cdef int _count

    cdef char* write(self, char* out, const Text* values) except NULL


cdef bytes filled(const Text* values, Template one, Template two, Template three, Template four)
