"""Where a reader stands. `hotpath.pure.places` gives the meaning; it is called by kernels alone."""

from libc.string cimport memcmp, memcpy, memset

from hotpath._msgpack cimport (
    Reading, put_byte, put_bytes, put_number, put_text, skip, take_bytes, take_number, take_text,
)
from hotpath._types cimport ID_BYTES, int64_t, uint8_t

cdef enum:
    VERSION = 1
    FALSE = 0xC2
    EMPTY = 0x90  # list
    FIELDS = 8


cdef uint8_t* put_place(uint8_t* out, const Place* place) noexcept nogil:
    out = put_byte(out, EMPTY | FIELDS)
    out = put_text(out, place.generation, place.generation_bytes)
    out = put_number(out, place.upper)
    out = put_number(out, place.score)
    out = put_text(out, place.video_id, ID_BYTES if place.has_id else 0)
    out = put_byte(out, FALSE)
    out = put_number(out, place.served)
    out = put_byte(out, EMPTY)
    return put_bytes(out, place.pushed, place.pushed_bytes)


cdef uint8_t* put_envelope(
    uint8_t* out, const char* kind, Py_ssize_t kind_bytes, const char* viewer, int64_t expires_ms, const Place* place
) noexcept nogil:
    out = put_byte(out, EMPTY | 5)
    out = put_number(out, VERSION)
    out = put_text(out, kind, kind_bytes)
    out = put_text(out, viewer, ID_BYTES)
    out = put_number(out, expires_ms)
    return put_place(out, place)


cdef bint take_envelope(
    const uint8_t* body, Py_ssize_t size, const char* kind, Py_ssize_t kind_bytes, const char* viewer, int64_t now_ms,
    Place* place
) noexcept nogil:
    cdef Reading reading
    reading.at = body
    reading.end = body + size
    if not skip(&reading, EMPTY | 5) or take_number(&reading) != VERSION:
        return False
    if not _is_next(&reading, kind, kind_bytes) or not _is_next(&reading, viewer, ID_BYTES):
        return False
    if take_number(&reading) <= now_ms:
        return False
    return _take_place(&reading, place) and reading.at == reading.end


cdef bint _take_place(Reading* reading, Place* place) noexcept nogil:
    cdef const uint8_t* text
    cdef Py_ssize_t size
    memset(place, 0, sizeof(Place))
    if not skip(reading, EMPTY | FIELDS):
        return False
    size = take_text(reading, &text)
    if not 0 <= size <= GENERATION_BYTES:
        return False
    memcpy(place.generation, text, size)
    place.generation_bytes = size
    place.upper = take_number(reading)
    place.score = take_number(reading)
    if place.upper < 0 or place.score < 0:
        return False
    size = take_text(reading, &text)
    if size != 0 and size != ID_BYTES:
        return False
    memcpy(place.video_id, text, size)
    place.has_id = size > 0
    if not skip(reading, FALSE):
        return False
    place.served = take_number(reading)
    if place.served < 0 or not skip(reading, EMPTY):
        return False
    size = take_bytes(reading, &text)
    if not 0 <= size <= PUSHED_BYTES:
        return False
    memcpy(place.pushed, text, size)
    place.pushed_bytes = size
    return True


cdef bint _is_next(Reading* reading, const char* wanted, Py_ssize_t wanted_bytes) noexcept nogil:
    cdef const uint8_t* text
    cdef Py_ssize_t size = take_text(reading, &text)
    return size == wanted_bytes and memcmp(text, wanted, size) == 0


cdef int64_t built_ms(const char* generation, Py_ssize_t size) noexcept nogil:
    cdef int64_t value = 0
    cdef int i
    cdef char digit
    if size < 12:
        return 0
    for i in range(12):
        digit = generation[i]
        if c"0" <= digit <= c"9":
            value = value << 4 | (digit - c"0")
        elif c"a" <= digit <= c"f":
            value = value << 4 | (digit - c"a" + 10)
        else:
            return 0
    return value
