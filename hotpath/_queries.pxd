"""The query of a personal feed, where it is plain."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp

from hotpath.pages cimport Text

cdef enum:
    CURSOR_LETTERS = 1024
    DEFAULT_LIMIT = 20
    LIMIT = 50


cdef inline bint parse(bytes query, Text* cursor, int* limit) noexcept:
    """A plain query taken apart; False for one that must be judged by the rules of the route."""
    cdef const char* at = PyBytes_AS_STRING(query)
    cdef const char* end = at + PyBytes_GET_SIZE(query)
    cdef const char* stop
    cdef int had = 0
    cdef int name
    if at == end:
        return True
    while True:
        stop = at
        while stop < end and stop[0] != c"&":
            stop += 1
        name = _pair(at, stop - at, cursor, limit)
        if name == 0 or had & name:
            return False
        had |= name
        if stop == end:
            return limit[0] <= LIMIT
        at = stop + 1


cdef inline int _pair(const char* at, Py_ssize_t size, Text* cursor, int* limit) noexcept nogil:
    """Which of the three it is, as a bit; 0 for none that is plain."""
    cdef Py_ssize_t i
    if size == 6 and memcmp(at, b"page=0", 6) == 0:
        return 1
    if 7 <= size <= 8 and memcmp(at, b"limit=", 6) == 0:
        if not c"1" <= at[6] <= c"9" or (size == 8 and not c"0" <= at[7] <= c"9"):
            return 0
        limit[0] = (at[6] - c"0") if size == 7 else 10 * (at[6] - c"0") + (at[7] - c"0")
        return 2
    if 8 <= size <= 7 + CURSOR_LETTERS and memcmp(at, b"cursor=", 7) == 0:
        cursor.at = at + 7
        cursor.size = size - 7
        for i in range(cursor.size):
            if not (
                c"a" <= cursor.at[i] <= c"z" or c"A" <= cursor.at[i] <= c"Z" or c"0" <= cursor.at[i] <= c"9"
                or cursor.at[i] == c"_" or cursor.at[i] == c"-"
            ):
                return 0
        return 4
    return 0
