"""Random bytes, for kernels that need some."""


cdef class Dice:
    cdef object _source
    cdef bytes _bytes
    cdef Py_ssize_t _given

    cpdef bytes draw(self, Py_ssize_t count)
    cpdef bytes digits(self, Py_ssize_t count)
    cdef const char* _take(self, Py_ssize_t count) except NULL
