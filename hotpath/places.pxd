"""Where a reader stands in a feed, as cursors say it."""

from hotpath._types cimport ID_BYTES, int64_t, uint8_t

cdef enum:
    GENERATION_BYTES = 64  # at most
    PUSHED_BYTES = 192  # at most: 64 marks of three bytes
    PLACE_BYTES = 512  # more than one takes as MessagePack


cdef struct Place:
    char generation[GENERATION_BYTES]
    Py_ssize_t generation_bytes
    int64_t upper
    int64_t score
    char video_id[ID_BYTES]
    bint has_id
    int64_t served
    uint8_t pushed[PUSHED_BYTES]
    Py_ssize_t pushed_bytes


cdef uint8_t* put_place(uint8_t* out, const Place* place) noexcept nogil
cdef uint8_t* put_envelope(
    uint8_t* out, const char* kind, Py_ssize_t kind_bytes, const char* viewer, int64_t expires_ms, const Place* place
) noexcept nogil
cdef bint take_envelope(
    const uint8_t* body, Py_ssize_t size, const char* kind, Py_ssize_t kind_bytes, const char* viewer, int64_t now_ms,
    Place* place
) noexcept nogil
cdef int64_t built_ms(const char* generation, Py_ssize_t size) noexcept nogil
