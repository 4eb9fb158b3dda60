"""What a kernel that reads entries needs to know of them."""

from cpython.object cimport PyObject

from hotpath._types cimport ID_BYTES, uint8_t, uint16_t, uint32_t

cdef enum:
    # Of a card: version 20, format 1, visibility 1, state 1, author 30, published 13, two lengths of 2.
    HEADER_BYTES = 70
    FORMAT = 20
    VISIBILITY = 21
    STATE = 22
    AUTHOR = 27  # without its kind
    PUBLISHED = 53
    LENGTHS = 66  # of the media version and the category, which come behind the header
    MEDIA_VERSION_BYTES = 74  # at most
    CATEGORY_BYTES = 30  # at most
    PREFIX_SLOT = 1
    VIEWER_SLOT = 2
    STEP = 16  # bytes that may be read behind a card


cdef struct Card:  # one block: this, the distances from slot to slot (uint16), the raw card, STEP bytes of nothing
    uint32_t raw_bytes
    uint16_t slots
    uint16_t viewer_slots
    uint8_t used
    uint8_t media_version_bytes
    uint8_t body_at
    char video_id[ID_BYTES]


cdef class Entry:
    cdef Card* _card


cdef class Shelf:
    cdef readonly Py_ssize_t max_bytes
    cdef readonly Py_ssize_t size_bytes
    cdef PyObject** _table
    cdef Py_ssize_t _places  # a power of two
    cdef Py_ssize_t _count
    cdef Py_ssize_t _hand  # of the clock

    cdef object look(self, const char* video_id)
    cdef PyObject** home(self, const char* video_id) noexcept
    cdef void foresee(self, const char** video_ids, Py_ssize_t count) noexcept
    cdef Py_ssize_t _place(self, const char* video_id) noexcept
    cdef int _forget(self, const char* video_id) except -1
    cdef int _take_out(self, Py_ssize_t place) except -1
    cdef int _make_room(self, Py_ssize_t wanted_bytes) except -1
    cdef int _resize(self, Py_ssize_t places) except -1
    cdef int _release(self) except -1


cdef extern from *:
    void prefetch "__builtin_prefetch"(const void* at) noexcept nogil  # what GCC and Clang call it


cdef inline uint16_t* gaps_of(const Card* card) noexcept nogil:
    return <uint16_t*> (card + 1)


cdef inline char* raw_of(const Card* card) noexcept nogil:
    return <char*> (gaps_of(card) + card.slots)
