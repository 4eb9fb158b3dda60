"""Fixed-width types and sizes of the kernels, named once."""

from libc cimport stdint

ctypedef stdint.int64_t int64_t
ctypedef stdint.uint8_t uint8_t
ctypedef stdint.uint16_t uint16_t
ctypedef stdint.uint32_t uint32_t
ctypedef stdint.uint64_t uint64_t

cdef enum:
    ID_BYTES = 30  # a prefix of four characters and 26 of Crockford base32
