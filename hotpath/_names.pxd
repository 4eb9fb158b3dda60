"""Texts and their numbers: each is numbered once, in the order they come, and found again by open addressing."""

from libc.stdlib cimport malloc
from libc.string cimport memcmp, memcpy, memset

cimport cython

from hotpath._types cimport uint32_t, uint64_t

cdef enum:
    WORD_BYTES = 8


cdef struct Text:
    const char* at
    Py_ssize_t size


cdef struct Names:
    Text* texts  # NULL, or of malloc: to be freed by whose it is
    Py_ssize_t count
    uint32_t* slots  # numbers, and one more; a power of two of them, at least twice as many as texts
    Py_ssize_t mask


cdef inline int make_room(Names* names, Py_ssize_t most) except -1:
    cdef Py_ssize_t room = 4
    while room < 2 * most:
        room *= 2
    names.count = 0
    names.mask = room - 1
    names.texts = <Text*> malloc((most + 1) * sizeof(Text) + room * sizeof(uint32_t))
    if names.texts == NULL:
        raise MemoryError
    names.slots = <uint32_t*> (names.texts + most + 1)
    memset(names.slots, 0, room * sizeof(uint32_t))
    return 0


cdef inline Py_ssize_t numbered(Names* names, Text text) noexcept nogil:
    """The number of a text, which is a new one at first."""
    cdef Py_ssize_t slot = _slot(names, text)
    if names.slots[slot] == 0:
        names.texts[names.count] = text
        names.count += 1
        names.slots[slot] = <uint32_t> names.count
    return <Py_ssize_t> names.slots[slot] - 1


cdef inline Py_ssize_t found(const Names* names, Text text) noexcept nogil:
    """The number of a text, -1 if it has none."""
    return <Py_ssize_t> names.slots[_slot(names, text)] - 1


cdef inline Py_ssize_t _slot(const Names* names, Text text) noexcept nogil:
    cdef Py_ssize_t slot = <Py_ssize_t> _hash(text) & names.mask
    cdef const Text* there
    while names.slots[slot]:
        there = &names.texts[names.slots[slot] - 1]
        if there.size == text.size and memcmp(there.at, text.at, text.size) == 0:
            break
        slot = (slot + 1) & names.mask
    return slot


@cython.overflowcheck(False)  # a hash is no arithmetic that could go wrong
cdef inline uint64_t _hash(Text text) noexcept nogil:
    """Of whole words, the last two of which may overlap: a word in part is copied by a call, which costs more."""
    cdef uint64_t word = 0
    cdef uint64_t mixed = text.size
    cdef Py_ssize_t at = 0
    if text.size < WORD_BYTES:
        memcpy(&word, text.at, text.size)
        return _mixed(mixed, word)
    while at < text.size:
        memcpy(&word, text.at + min(at, text.size - WORD_BYTES), WORD_BYTES)
        mixed = _mixed(mixed, word)
        at += WORD_BYTES
    return mixed


@cython.overflowcheck(False)
cdef inline uint64_t _mixed(uint64_t mixed, uint64_t word) noexcept nogil:
    mixed = (mixed ^ word) * 0x9E3779B97F4A7C15ULL
    return mixed ^ mixed >> 32
