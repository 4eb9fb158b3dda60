"""Seals, for kernels that write sealed texts."""

from hotpath._types cimport uint8_t, uint64_t

cdef enum:
    BODY_BYTES = 1024  # at most
    MAC_BYTES = 64  # at most
    SEALED_BYTES = 1452  # of the longest body and mac


cdef class Seal:
    cdef uint64_t _keyed[8]  # the state behind the key's block
    cdef readonly Py_ssize_t mac_bytes

    cdef char* write(self, const uint8_t* body, Py_ssize_t size, char* out) noexcept nogil
    cdef void _mac(self, const uint8_t* body, Py_ssize_t size, uint8_t* mac) noexcept nogil
    cdef Py_ssize_t read(self, const char* text, Py_ssize_t size, uint8_t* body) noexcept nogil
