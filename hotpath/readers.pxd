"""Who asks for hot pages, for kernels that make them."""

from hotpath._types cimport int64_t


cdef class Reader:
    cdef readonly bytes user_id
    cdef readonly bytes session_id
    cdef readonly int64_t until_ms
    cdef readonly str log
    cdef public int64_t tend_again_ms
