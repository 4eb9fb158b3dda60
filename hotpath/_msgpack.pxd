"""The little of MessagePack that sealed texts are made of: written and read in place, no object made."""

from libc.string cimport memcpy

from hotpath._types cimport int64_t, uint8_t, uint64_t


cdef struct Reading:
    const uint8_t* at
    const uint8_t* end


cdef inline uint8_t* put_byte(uint8_t* out, int byte) noexcept nogil:
    out[0] = <uint8_t> byte
    return out + 1


cdef inline uint8_t* put_number(uint8_t* out, uint64_t number) noexcept nogil:
    """In the fewest bytes, of which there may be nine."""
    cdef int size, i
    if number < 0x80:
        return put_byte(out, <int> number)
    if number <= 0xFF:
        out, size = put_byte(out, 0xCC), 1
    elif number <= 0xFFFF:
        out, size = put_byte(out, 0xCD), 2
    elif number >> 32 == 0:
        out, size = put_byte(out, 0xCE), 4
    else:
        out, size = put_byte(out, 0xCF), 8
    for i in range(size):
        out[i] = <uint8_t> (number >> 8 * (size - 1 - i) & 0xFF)
    return out + size


cdef inline uint8_t* put_text(uint8_t* out, const char* text, Py_ssize_t size) noexcept nogil:
    """Of at most 255 bytes."""
    if size < 32:
        out = put_byte(out, 0xA0 | <int> size)
    else:
        out = put_byte(put_byte(out, 0xD9), <int> size)
    memcpy(out, text, size)
    return out + size


cdef inline uint8_t* put_bytes(uint8_t* out, const uint8_t* raw, Py_ssize_t size) noexcept nogil:
    """At most 255."""
    out = put_byte(put_byte(out, 0xC4), <int> size)
    memcpy(out, raw, size)
    return out + size


cdef inline bint skip(Reading* reading, int byte) noexcept nogil:
    """Whether this byte comes next, and past it."""
    if reading.at == reading.end or reading.at[0] != byte:
        return False
    reading.at += 1
    return True


cdef inline int64_t take_number(Reading* reading) noexcept nogil:
    """A natural number below 2^63; -1 if there is none."""
    cdef uint64_t value = 0
    cdef int kind, size, i
    if reading.at == reading.end:
        return -1
    kind = reading.at[0]
    reading.at += 1
    if kind < 0x80:
        return kind
    if not 0xCC <= kind <= 0xCF:
        return -1
    size = 1 << (kind - 0xCC)
    if reading.end - reading.at < size:
        return -1
    for i in range(size):
        value = value << 8 | reading.at[i]
    reading.at += size
    return -1 if value >> 63 else <int64_t> value


cdef inline Py_ssize_t take_text(Reading* reading, const uint8_t** text) noexcept nogil:
    """The size of a text of at most 255 bytes, at which `text` then points; -1 if there is none."""
    cdef int kind
    if reading.at == reading.end:
        return -1
    kind = reading.at[0]
    reading.at += 1
    if kind == 0xD9:
        return _take(reading, text)
    if kind & 0xE0 != 0xA0:
        return -1
    return _run(reading, text, kind & 0x1F)


cdef inline Py_ssize_t take_bytes(Reading* reading, const uint8_t** raw) noexcept nogil:
    """The same of bytes."""
    return _take(reading, raw) if skip(reading, 0xC4) else -1


cdef inline Py_ssize_t _take(Reading* reading, const uint8_t** raw) noexcept nogil:
    if reading.at == reading.end:
        return -1
    reading.at += 1
    return _run(reading, raw, (reading.at - 1)[0])


cdef inline Py_ssize_t _run(Reading* reading, const uint8_t** raw, Py_ssize_t size) noexcept nogil:
    if reading.end - reading.at < size:
        return -1
    raw[0] = reading.at
    reading.at += size
    return size
