"""A page's bytes, for kernels that make what stands around the cards too."""

from libc.stdint cimport uint8_t


cdef struct Text:
    const char* at
    Py_ssize_t size


cdef int point_at(Text* text, object value) except -1
cdef bytes lay_out(
    list entries, bytes blob, const char* bare_id, int rule, Py_ssize_t limit, const Text* fills, Text head, Text tail
)
