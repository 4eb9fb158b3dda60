"""Of one order what a kernel needs that makes one out of cards."""

from hotpath._types cimport int64_t


cdef bint weigh(object weights, Py_ssize_t count, int64_t* into) except -1
cdef Py_ssize_t take_fitting(
    const Py_ssize_t* authors, const Py_ssize_t* topics, Py_ssize_t* waiting, Py_ssize_t size,
    Py_ssize_t* chosen, Py_ssize_t done, Py_ssize_t most
) noexcept nogil
