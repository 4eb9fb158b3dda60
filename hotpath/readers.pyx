"""Who asks for hot pages. `hotpath.pure.readers` gives the meaning."""

cimport cython

from hotpath._types cimport ID_BYTES, int64_t


@cython.final
cdef class Reader:
    def __cinit__(self, bytes user_id not None, bytes session_id not None, int64_t until_ms, str log not None):
        if len(user_id) != ID_BYTES or len(session_id) != ID_BYTES:
            raise ValueError("ids have 30 bytes")
        self.user_id = user_id
        self.session_id = session_id
        self.until_ms = until_ms
        self.log = log
