"""Hits, for kernels that ask for them."""

from hotpath._types cimport int64_t
from hotpath.pages cimport Text
from hotpath.places cimport GENERATION_BYTES, Place
from hotpath.readers cimport Reader
from hotpath.rows cimport Rows
from hotpath.seals cimport Seal
from hotpath.shelf cimport Shelf
from hotpath.sliding cimport SlidingLog
from hotpath.templates cimport Template


cdef class Hit:
    cdef readonly Reader reader
    cdef readonly bytes query, commands, reading, blob, forgotten, told
    cdef readonly int limit, replies, reading_replies, forgets
    cdef readonly bint tends, alive, absent
    cdef readonly int64_t stamp_us, began_ms
    cdef public int64_t remaining
    cdef Place _start
    cdef bint _cursorless
    cdef int64_t _now_ms
    cdef char[GENERATION_BYTES] _generation
    cdef Py_ssize_t _generation_bytes
    cdef Rows _rows
    cdef list _entries


cdef class Hits:
    cdef readonly int64_t written
    cdef readonly int64_t cards
    cdef bytes _kind, _remember_end, _alive
    cdef int _rule
    cdef int64_t _most, _window_ms
    cdef Template _admit, _tend, _forget, _behind, _remember
    cdef tuple _tops, _afters
    cdef bint _apart
    cdef SlidingLog _admitted
    cdef Shelf _shelf
    cdef Seal _cursors, _playbacks
    cdef tuple _kept  # what `_fills` and `_names` point into
    cdef Text[9] _fills
    cdef Text[256] _names  # of sources, by letters
    cdef Text _only  # the one there is, whatever the letters

    cpdef Hit ask(self, Reader reader, bytes query, int64_t now_ms, int64_t stamp_us, int64_t began_ms)
    cpdef int read(self, Hit hit, list replies) except -1
    cpdef bytes write(self, Hit hit, list entries, bytes nonce)
    cdef bint _open(self, Text cursor, Reader reader, int64_t now_ms, Place* place) noexcept
    cdef int _fill(self, Hit hit) except -1
    cdef bint _look_after(self, Hit hit, object oldest) except -1
    cdef int _place(self, Hit hit, bytes listed, object ties, object marker) except -1
    cdef int _after(self, Hit hit, Place* after) except -1
    cdef char* _name(self, Hit hit, char* out) noexcept
    cdef int _tell(self, Hit hit, const Place* after) except -1
