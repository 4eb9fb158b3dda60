"""Bytes that grow, and words as they go over the wire: `$`, how many bytes, and those, each with a line's end."""

from libc.stdlib cimport realloc
from libc.string cimport memcpy, memset, strlen

cimport cython

from hotpath._types cimport int64_t

cdef enum:
    MOST_DIGITS = 20
    HEAD_BYTES = 32  # more than a length and the ends of two lines take


cdef struct Buffer:
    char* at  # NULL, or of malloc: to be freed by whose it is
    Py_ssize_t size
    Py_ssize_t room


cdef inline int make_room(Buffer* out, Py_ssize_t more) except -1:
    cdef char* grown
    if out.size + more > out.room:
        grown = <char*> realloc(out.at, max(2 * out.room, out.size + more))
        if grown == NULL:
            raise MemoryError
        out.room = max(2 * out.room, out.size + more)
        out.at = grown
    return 0


@cython.overflowcheck(False)  # which would take pointers for numbers
cdef inline void write(Buffer* out, const char* what, Py_ssize_t size) noexcept nogil:
    """Where there is room. Of nothing there may be none yet, nor anything to copy from."""
    if size > 0:
        memcpy(out.at + out.size, what, size)
        out.size += size


cdef inline Py_ssize_t digits_of(int64_t number, char* digits) noexcept nogil:
    """Of a number that is not negative, at the end of MOST_DIGITS; where they begin."""
    cdef Py_ssize_t first = MOST_DIGITS
    while True:
        first -= 1
        digits[first] = <char> (c"0" + number % 10)
        number //= 10
        if number == 0:
            return first


@cython.overflowcheck(False)  # as above
cdef inline void write_head(Buffer* out, char kind, Py_ssize_t number) noexcept nogil:
    """Where there is room."""
    cdef char[MOST_DIGITS] digits
    cdef Py_ssize_t first = digits_of(number, digits)
    out.at[out.size] = kind
    out.size += 1
    write(out, &digits[first], MOST_DIGITS - first)
    write(out, b"\r\n", 2)


cdef inline int write_word(Buffer* out, const char* word, Py_ssize_t size) except -1:
    make_room(out, size + HEAD_BYTES)
    write_head(out, c"$", size)
    write(out, word, size)
    write(out, b"\r\n", 2)
    return 0


cdef inline int append(Buffer* out, const char* words, Py_ssize_t size) except -1:
    make_room(out, size)
    write(out, words, size)
    return 0


cdef inline int say(Buffer* out, const char* words) except -1:
    """Words that end with a zero byte."""
    return append(out, words, strlen(words))


cdef inline int write_number(Buffer* out, int64_t number) except -1:
    """Not negative."""
    cdef char[MOST_DIGITS] digits
    cdef Py_ssize_t first = digits_of(number, digits)
    return append(out, &digits[first], MOST_DIGITS - first)


cdef inline int write_padded(Buffer* out, int64_t number, Py_ssize_t width) except -1:
    """With zeros before it; a number that is not negative and has no more digits than that."""
    cdef char[MOST_DIGITS] digits
    cdef Py_ssize_t first = digits_of(number, digits)
    memset(digits, c"0", first)
    return append(out, &digits[MOST_DIGITS - width], width)
