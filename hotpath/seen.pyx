"""The rolling filter of what somebody has seen. `hotpath.pure.seen` gives the meaning, the format and its sources."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport cython

from hotpath._types cimport ID_BYTES, uint8_t, uint32_t, uint64_t

from hotpath.pure.seen import GENERATION_ITEMS, GENERATION_MS, MARK_BYTES, MAX_TIME_MS, VERSION

__all__ = ["GENERATION_ITEMS", "GENERATION_MS", "MARK_BYTES", "add", "contains", "empty", "marks", "sizes"]

cdef extern from *:
    int zeros_below "__builtin_ctzll"(unsigned long long word) nogil

cdef enum:
    HEADER = 16
    MARK = 3
    BITS = 23
    ITEMS = 10_000
    LONGEST = 30_000  # bytes of a coded generation: 24 bits a hash are the most. With checks Cython can't compute
    CODE_BYTES = 30_016  # with room for what is read or written ahead by words
    DIGITS = 256  # of a pass of the radix sort

cdef uint64_t HASHES = 1 << BITS
cdef uint64_t LONGEST_MS = MAX_TIME_MS
cdef uint64_t GENERATION = GENERATION_MS
cdef uint64_t FORMAT = VERSION
cdef str NOT_OURS = "no filter of this version"


cdef struct Parts:  # of a filter, where they stand in it
    uint64_t since_ms
    const uint8_t* new
    const uint8_t* old
    const uint8_t* tail
    Py_ssize_t new_items, new_bytes, old_items, old_bytes, marks


cdef struct Work:  # a filter that is being added to
    uint64_t since_ms
    uint64_t now_ms
    uint32_t* new  # sorted
    uint32_t* merged  # takes turns with `new`
    Py_ssize_t new_items
    uint8_t* old
    Py_ssize_t old_items, old_bytes
    uint8_t* code
    uint64_t* batch
    uint64_t* spare


def empty(now_ms):
    """A filter that remembers nothing yet."""
    return b"%b%b" % ((FORMAT << 56 | _time(now_ms)).to_bytes(8, "little"), bytes(8))


def marks(const uint8_t[::1] ids not None):
    """What to append to a filter; 3 ns an id."""
    cdef Py_ssize_t n = _count(ids)
    cdef bytes out = PyBytes_FromStringAndSize(NULL, n * MARK)
    cdef uint8_t* at = out
    cdef const uint8_t* id_ = &ids[0] if n > 0 else NULL
    cdef uint64_t mark
    cdef Py_ssize_t i
    with nogil:
        for i in range(n):
            mark = _hash(id_ + i * ID_BYTES)
            memcpy(at + i * MARK, &mark, MARK)
    return out


def sizes(const uint8_t[::1] kept not None):
    """Hashes in the new generation, in the old one, and marks appended since."""
    cdef Parts parts
    _part(kept, &parts)
    return parts.new_items, parts.old_items, parts.marks


def contains(const uint8_t[::1] kept not None, const uint8_t[::1] ids not None):
    """A byte for each id; 70 µs for 500 ids against two full generations."""
    cdef Parts parts
    cdef Py_ssize_t n = _count(ids)
    _part(kept, &parts)
    cdef bytes found = PyBytes_FromStringAndSize(NULL, n)
    cdef uint8_t* out = found
    cdef const uint8_t* id_ = &ids[0] if n > 0 else NULL
    cdef bint sound
    cdef uint8_t* code = <uint8_t*> malloc(CODE_BYTES)
    cdef uint32_t* values = <uint32_t*> malloc((ITEMS + parts.marks) * sizeof(uint32_t))
    cdef uint64_t* wanted = <uint64_t*> malloc(2 * (n + parts.marks + 1) * sizeof(uint64_t))
    cdef uint64_t* tail = wanted + n
    cdef uint64_t* spare = tail + parts.marks
    try:
        if code == NULL or values == NULL or wanted == NULL:
            raise MemoryError
        with nogil:
            memset(out, 0, n)
            _read_ids(id_, n, wanted)
            _sort(wanted, spare, n)
            _read_marks(parts.tail, parts.marks, tail)
            _sort(tail, spare, parts.marks)
            _strip(tail, parts.marks, values)
            _find(values, parts.marks, wanted, n, out)
            sound = _decode(parts.new, parts.new_bytes, parts.new_items, code, values)
            if sound:
                _find(values, parts.new_items, wanted, n, out)
                sound = _decode(parts.old, parts.old_bytes, parts.old_items, code, values)
            if sound:
                _find(values, parts.old_items, wanted, n, out)
    finally:
        free(code)
        free(values)
        free(wanted)
    if not sound:
        raise ValueError(NOT_OURS)
    return found


def add(const uint8_t[::1] kept not None, const uint8_t[::1] ids not None, now_ms):
    """The filter with `ids` remembered, tidied and rotated where due; 70 µs where a generation is nearly full."""
    cdef Parts parts
    cdef Work work
    cdef uint64_t now = _time(now_ms)
    cdef Py_ssize_t n = _count(ids)
    _part(kept, &parts)
    cdef const uint8_t* id_ = &ids[0] if n > 0 else NULL
    cdef Py_ssize_t most = max(n, parts.marks) + 1
    cdef bint sound
    cdef Py_ssize_t new_bytes = 0
    cdef uint8_t* codes = <uint8_t*> malloc(2 * CODE_BYTES)
    cdef uint32_t* values = <uint32_t*> malloc(2 * (ITEMS + 1) * sizeof(uint32_t))
    cdef uint64_t* batches = <uint64_t*> malloc(2 * most * sizeof(uint64_t))
    try:
        if codes == NULL or values == NULL or batches == NULL:
            raise MemoryError
        work = Work(parts.since_ms, now, values, values + ITEMS + 1, parts.new_items, codes, parts.old_items,
                    parts.old_bytes, codes + CODE_BYTES, batches, batches + most)
        with nogil:
            memcpy(work.old, parts.old, parts.old_bytes)
            sound = _decode(parts.new, parts.new_bytes, parts.new_items, work.code, work.new)
            if sound:
                _read_marks(parts.tail, parts.marks, work.batch)
                _take(&work, parts.marks)
                if work.since_ms <= now and now - work.since_ms >= GENERATION:
                    _rotate(&work)
                _read_ids(id_, n, work.batch)
                _take(&work, n)
                new_bytes = _encode(work.new, work.new_items, work.code)
        if not sound:
            raise ValueError(NOT_OURS)
        return _packed(&work, new_bytes)
    finally:
        free(codes)
        free(values)
        free(batches)


cdef uint64_t _time(now_ms) except? 0:
    if not 0 <= now_ms <= MAX_TIME_MS:
        raise ValueError("a time has 48 bits")
    return now_ms


cdef Py_ssize_t _count(const uint8_t[::1] ids) except -1:
    if ids.shape[0] % ID_BYTES != 0:
        raise ValueError("ids must hold 30 bytes each")
    return ids.shape[0] // ID_BYTES


cdef int _part(const uint8_t[::1] kept, Parts* parts) except -1:
    cdef uint64_t word
    cdef Py_ssize_t rest
    if kept.shape[0] < HEADER:
        raise ValueError(NOT_OURS)
    memcpy(&word, &kept[0], 8)
    parts.since_ms = word & LONGEST_MS
    parts.new_items = kept[8] | kept[9] << 8
    parts.new_bytes = kept[10] | kept[11] << 8
    parts.old_items = kept[12] | kept[13] << 8
    parts.old_bytes = kept[14] | kept[15] << 8
    rest = kept.shape[0] - HEADER - parts.new_bytes - parts.old_bytes
    if word >> 56 != FORMAT or max(parts.new_items, parts.old_items) > ITEMS or rest < 0 or rest % MARK != 0:
        raise ValueError(NOT_OURS)
    if max(parts.new_bytes, parts.old_bytes) > LONGEST:
        raise ValueError(NOT_OURS)
    parts.new = &kept[0] + HEADER
    parts.old = parts.new + parts.new_bytes
    parts.tail = parts.old + parts.old_bytes
    parts.marks = rest // MARK
    return 0


cdef bytes _packed(const Work* work, Py_ssize_t new_bytes):
    cdef bytes out = PyBytes_FromStringAndSize(NULL, HEADER + new_bytes + work.old_bytes)
    cdef uint8_t* at = out
    cdef uint64_t stamp = FORMAT << 56 | work.since_ms
    cdef uint64_t sizes_ = (
        <uint64_t> work.new_items
        | <uint64_t> new_bytes << 16
        | <uint64_t> work.old_items << 32
        | <uint64_t> work.old_bytes << 48
    )
    memcpy(at, &stamp, 8)
    memcpy(at + 8, &sizes_, 8)
    memcpy(at + HEADER, work.code, new_bytes)
    memcpy(at + HEADER + new_bytes, work.old, work.old_bytes)
    return out


cdef void _take(Work* work, Py_ssize_t n) noexcept nogil:
    """Adds the first n of `batch`, no more at once than the generation has room for; rotates when it is full."""
    cdef uint64_t* batch = work.batch
    cdef uint32_t* merged
    cdef Py_ssize_t some
    while n > 0:
        some = min(n, ITEMS - work.new_items)
        _sort(batch, work.spare, some)
        work.new_items = _merge(work.new, work.new_items, batch, some, work.merged)
        merged = work.merged
        work.merged = work.new
        work.new = merged
        batch += some
        n -= some
        if work.new_items == ITEMS:
            _rotate(work)


cdef void _rotate(Work* work) noexcept nogil:
    work.old_bytes = _encode(work.new, work.new_items, work.old)
    work.old_items = work.new_items
    work.new_items = 0
    work.since_ms = work.now_ms


cdef Py_ssize_t _merge(
    const uint32_t* values, Py_ssize_t count, const uint64_t* batch, Py_ssize_t n, uint32_t* out
) noexcept nogil:
    """The sorted union, each once."""
    cdef Py_ssize_t j, i = 0, size = 0
    cdef uint32_t value
    for j in range(n):
        value = _mark(batch[j])
        while i < count and values[i] < value:
            out[size] = values[i]
            size += 1
            i += 1
        if size == 0 or out[size - 1] != value:
            out[size] = value
            size += 1
        if i < count and values[i] == value:
            i += 1
    memcpy(out + size, values + i, (count - i) * sizeof(uint32_t))
    return size + count - i


cdef void _strip(const uint64_t* items, Py_ssize_t n, uint32_t* out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = _mark(items[i])


cdef void _find(
    const uint32_t* values, Py_ssize_t count, const uint64_t* wanted, Py_ssize_t n, uint8_t* out
) noexcept nogil:
    """Walks two sorted lists side by side; what is wanted carries its place above its mark."""
    cdef Py_ssize_t j, i = 0
    cdef uint32_t value
    for j in range(n):
        value = _mark(wanted[j])
        while i < count and values[i] < value:
            i += 1
        if i == count:
            return
        if values[i] == value:
            out[wanted[j] >> 24] = 1


@cython.overflowcheck(False)  # below, bits are moved around: nothing of it is arithmetic that could go wrong
cdef inline uint32_t _mark(uint64_t item) noexcept nogil:
    return item & 0xFFFFFF


@cython.overflowcheck(False)
cdef void _read_ids(const uint8_t* ids, Py_ssize_t n, uint64_t* out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <uint64_t> i << 24 | _hash(ids + i * ID_BYTES)


@cython.overflowcheck(False)
cdef void _read_marks(const uint8_t* tail, Py_ssize_t n, uint64_t* out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = 0
        memcpy(&out[i], tail + i * MARK, MARK)
        out[i] &= HASHES - 1


@cython.overflowcheck(False)
cdef inline uint64_t _hash(const uint8_t* id_) noexcept nogil:
    """23 bits of all 30 bytes, as four words of which two overlap."""
    cdef uint64_t word
    cdef uint64_t mixed = 0
    cdef int i
    for i in range(4):
        memcpy(&word, id_ + (8 * i if i < 3 else ID_BYTES - 8), 8)
        mixed = (mixed ^ word) * 0x9E3779B97F4A7C15ULL
        mixed ^= mixed >> 32
    return (mixed * 0xFF51AFD7ED558CCDULL) >> (64 - BITS)


@cython.overflowcheck(False)
cdef void _sort(uint64_t* items, uint64_t* spare, Py_ssize_t n) noexcept nogil:
    """By mark, in three passes over a byte each (least significant digit first: Knuth, volume 3, 5.2.5)."""
    cdef Py_ssize_t starts[DIGITS]
    cdef Py_ssize_t i, start, size
    cdef int shift, digit
    for shift in range(0, 24, 8):
        memset(starts, 0, sizeof(starts))
        for i in range(n):
            starts[items[i] >> shift & 0xFF] += 1
        start = 0
        for digit in range(DIGITS):
            size = starts[digit]
            starts[digit] = start
            start += size
        for i in range(n):
            digit = items[i] >> shift & 0xFF
            spare[starts[digit]] = items[i]
            starts[digit] += 1
        memcpy(items, spare, n * sizeof(uint64_t))


@cython.overflowcheck(False)
cdef inline int _low_bits(Py_ssize_t items) noexcept nogil:
    cdef int bits = 0
    if items > 0:
        while (HASHES // <uint64_t> items) >> (bits + 1) != 0:
            bits += 1
    return bits


@cython.overflowcheck(False)
cdef Py_ssize_t _encode(const uint32_t* hashes, Py_ssize_t n, uint8_t* code) noexcept nogil:
    """Writes words of eight bytes where their bits go; returns the bytes used."""
    cdef int low = _low_bits(n)
    cdef uint64_t mask = (1ULL << low) - 1
    cdef uint64_t gap, word, next_ = 0  # the smallest hash that can follow
    cdef Py_ssize_t i, bit = 0
    memset(code, 0, CODE_BYTES)
    for i in range(n):
        gap = hashes[i] - next_
        next_ = hashes[i] + 1
        bit += gap >> low
        memcpy(&word, code + (bit >> 3), 8)
        word |= (1 | (gap & mask) << 1) << (bit & 7)
        memcpy(code + (bit >> 3), &word, 8)
        bit += 1 + low
    return (bit + 7) >> 3


@cython.overflowcheck(False)
cdef bint _decode(
    const uint8_t* section, Py_ssize_t size, Py_ssize_t n, uint8_t* code, uint32_t* hashes
) noexcept nogil:
    """False for what was not coded by `_encode`. `code` is room for a copy that can be read past its end."""
    cdef int low = _low_bits(n)
    cdef uint64_t mask = (1ULL << low) - 1
    cdef uint64_t word, gap, next_ = 0
    cdef Py_ssize_t i, bit = 0, bits = 8 * size
    cdef int zeros
    memcpy(code, section, size)
    memset(code + size, 0, 8)
    for i in range(n):
        gap = 0
        memcpy(&word, code + (bit >> 3), 8)
        word >>= bit & 7
        while word == 0:  # zeros to the end of the word, of which those that were shifted in are none
            gap += 64 - (bit & 7)
            bit += 64 - (bit & 7)
            if bit >= bits:
                return False
            memcpy(&word, code + (bit >> 3), 8)
        zeros = zeros_below(word)
        bit += zeros + 1
        if zeros + 1 + low > 57:  # the low bits are not whole in this word
            memcpy(&word, code + (bit >> 3), 8)
            word >>= bit & 7
        else:
            word >>= zeros + 1
        bit += low
        next_ += ((gap + zeros) << low) + (word & mask)
        if bit > bits or next_ >= HASHES:
            return False
        hashes[i] = next_
        next_ += 1
    return True
