"""What left a limit's window. `hotpath.pure.overdue` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memset

from hotpath._types cimport int64_t
from hotpath.pages cimport Text, point_at
from hotpath.templates cimport VALUES, Template

from hotpath.rows import texts

cdef enum:
    DIGITS = 16


def overdue(
    bytes reply not None, int64_t stamp_us, int64_t window_us, Template forget not None, bytes user_id not None
):
    """60 ns an entry that goes."""
    cdef list entries = texts(reply)
    cdef Text[VALUES] values
    cdef Py_ssize_t count = 0
    cdef int64_t entry_us
    cdef bint last_is_over = False
    cdef bytes commands
    cdef char* out
    for entry in entries:
        entry_us = _time(<bytes> entry)
        if entry_us < 0:
            return None
        last_is_over = _is_over(entry_us, stamp_us, window_us)
        count += last_is_over
    if not last_is_over:
        return 0, b""
    memset(values, 0, sizeof(values))
    point_at(&values[1], user_id)
    commands = PyBytes_FromStringAndSize(NULL, count * len(forget.text))
    out = PyBytes_AS_STRING(commands)
    for entry in entries:
        if _is_over(_time(<bytes> entry), stamp_us, window_us):
            point_at(&values[0], entry)
            out = forget.write(out, values)
    return count, commands


cdef inline bint _is_over(int64_t entry_us, int64_t stamp_us, int64_t window_us) noexcept:
    return not -window_us < entry_us - stamp_us <= window_us


cdef int64_t _time(bytes entry) noexcept:
    """-1 for what is no 16 digits."""
    cdef const char* at = PyBytes_AS_STRING(entry)
    cdef int64_t value = 0
    cdef int i
    if PyBytes_GET_SIZE(entry) != DIGITS:
        return -1
    for i in range(DIGITS):
        if not c"0" <= at[i] <= c"9":
            return -1
        value = 10 * value + (at[i] - c"0")
    return value
