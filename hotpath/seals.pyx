"""Sealed texts. `hotpath.pure.seals` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memcpy, memset

cimport cython

from hotpath._types cimport uint8_t, uint32_t, uint64_t

from hotpath.pure.seals import LONGEST_BODY

cdef enum:
    BLOCK_BYTES = 128
    ROUNDS = 12

assert LONGEST_BODY == BODY_BYTES

cdef uint64_t[8] IV = [
    0x6A09E667F3BCC908ULL, 0xBB67AE8584CAA73BULL, 0x3C6EF372FE94F82BULL, 0xA54FF53A5F1D36F1ULL,
    0x510E527FADE682D1ULL, 0x9B05688C2B3E6C1FULL, 0x1F83D9ABFB41BD6BULL, 0x5BE0CD19137E2179ULL,
]
cdef uint8_t[12][16] SIGMA = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
]
cdef const char* LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
cdef uint8_t[256] VALUES  # of letters; 64 for what is none

memset(VALUES, 64, 256)
cdef int _letter
for _letter in range(64):
    VALUES[<uint8_t> LETTERS[_letter]] = <uint8_t> _letter


@cython.final
cdef class Seal:
    """About 0.6 µs for a page's cursor."""

    def __cinit__(self, bytes key not None, Py_ssize_t mac_bytes):
        cdef uint8_t[128] block
        cdef int i
        if not 1 <= len(key) <= MAC_BYTES or not 1 <= mac_bytes <= MAC_BYTES:
            raise ValueError("a key and a mac have 1 to 64 bytes")
        self.mac_bytes = mac_bytes
        for i in range(8):
            self._keyed[i] = IV[i]
        # The parameter block's first word: digest and key sizes, one leaf, one level.
        self._keyed[0] ^= 0x01010000 ^ (<uint64_t> len(key) << 8) ^ <uint64_t> mac_bytes
        memset(block, 0, BLOCK_BYTES)
        memcpy(block, PyBytes_AS_STRING(key), len(key))
        _compress(self._keyed, block, BLOCK_BYTES, False)

    def seal(self, bytes body not None):
        cdef Py_ssize_t size = len(body)
        cdef char[SEALED_BYTES] text
        cdef char* end
        if not 1 <= size <= BODY_BYTES:
            raise ValueError("a body has 1 to 1024 bytes")
        end = self.write(<const uint8_t*> PyBytes_AS_STRING(body), size, text)
        return PyBytes_FromStringAndSize(text, end - text)

    def open(self, bytes text not None):
        cdef uint8_t[BODY_BYTES + MAC_BYTES] body
        cdef Py_ssize_t size = self.read(PyBytes_AS_STRING(text), len(text), body)
        return PyBytes_FromStringAndSize(<const char*> body, size) if size > 0 else None

    cdef char* write(self, const uint8_t* body, Py_ssize_t size, char* out) noexcept nogil:
        """The text of 1 to BODY_BYTES, of which there may be SEALED_BYTES; gives the place behind."""
        cdef uint8_t[BODY_BYTES + MAC_BYTES + 2] raw
        cdef Py_ssize_t whole = size + self.mac_bytes
        cdef Py_ssize_t i = 0
        cdef uint32_t word
        memcpy(raw, body, size)
        self._mac(body, size, raw + size)
        raw[whole] = raw[whole + 1] = 0
        while i < whole:
            word = <uint32_t> raw[i] << 16 | <uint32_t> raw[i + 1] << 8 | raw[i + 2]
            out[0] = LETTERS[word >> 18]
            out[1] = LETTERS[word >> 12 & 63]
            out[2] = LETTERS[word >> 6 & 63]
            out[3] = LETTERS[word & 63]
            out += 4
            i += 3
        return out - (i - whole)

    cdef Py_ssize_t read(self, const char* text, Py_ssize_t size, uint8_t* body) noexcept nogil:
        """The size of the body, for which there is room, and room for its mac behind it; -1 for no text of ours."""
        cdef Py_ssize_t whole = size * 3 // 4
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t i
        cdef uint32_t bits = 0
        cdef int held = 0
        cdef uint8_t value
        cdef uint8_t differs = 0
        cdef uint8_t[MAC_BYTES] mac
        if size % 4 == 1 or whole <= self.mac_bytes or whole - self.mac_bytes > BODY_BYTES:
            return -1
        for i in range(size):
            value = VALUES[<uint8_t> text[i]]
            if value > 63:
                return -1
            bits = (bits & 0xFFF) << 6 | value
            held += 6
            if held >= 8:
                held -= 8
                body[at] = <uint8_t> (bits >> held & 0xFF)
                at += 1
        if bits & ((<uint32_t> 1 << held) - 1):
            return -1
        self._mac(body, whole - self.mac_bytes, mac)
        for i in range(self.mac_bytes):  # all of them, so that time does not tell how many are right
            differs |= mac[i] ^ body[whole - self.mac_bytes + i]
        return -1 if differs else whole - self.mac_bytes

    cdef void _mac(self, const uint8_t* body, Py_ssize_t size, uint8_t* mac) noexcept nogil:
        cdef uint64_t[8] h
        cdef uint8_t[128] block
        cdef Py_ssize_t done = 0
        memcpy(h, self._keyed, sizeof(h))
        while size - done > BLOCK_BYTES:
            _compress(h, body + done, <uint64_t> (2 * BLOCK_BYTES + done), False)
            done += BLOCK_BYTES
        memset(block, 0, BLOCK_BYTES)
        memcpy(block, body + done, size - done)
        _compress(h, block, <uint64_t> (BLOCK_BYTES + size), True)
        memcpy(mac, h, self.mac_bytes)  # little-endian, as are the machines this is built for


@cython.overflowcheck(False)  # sums are modulo 2^64
cdef void _compress(uint64_t* h, const uint8_t* block, uint64_t counted, bint last) noexcept nogil:
    """RFC 7693, 3.2."""
    cdef uint64_t[16] v
    cdef uint64_t[16] m
    cdef int i
    cdef const uint8_t* s
    memcpy(m, block, BLOCK_BYTES)
    for i in range(8):
        v[i] = h[i]
        v[i + 8] = IV[i]
    v[12] ^= counted
    if last:
        v[14] = ~v[14]
    for i in range(ROUNDS):
        s = SIGMA[i]
        _mix(&v[0], &v[4], &v[8], &v[12], m[s[0]], m[s[1]])
        _mix(&v[1], &v[5], &v[9], &v[13], m[s[2]], m[s[3]])
        _mix(&v[2], &v[6], &v[10], &v[14], m[s[4]], m[s[5]])
        _mix(&v[3], &v[7], &v[11], &v[15], m[s[6]], m[s[7]])
        _mix(&v[0], &v[5], &v[10], &v[15], m[s[8]], m[s[9]])
        _mix(&v[1], &v[6], &v[11], &v[12], m[s[10]], m[s[11]])
        _mix(&v[2], &v[7], &v[8], &v[13], m[s[12]], m[s[13]])
        _mix(&v[3], &v[4], &v[9], &v[14], m[s[14]], m[s[15]])
    for i in range(8):
        h[i] ^= v[i] ^ v[i + 8]


@cython.overflowcheck(False)
cdef inline void _mix(
    uint64_t* a, uint64_t* b, uint64_t* c, uint64_t* d, uint64_t x, uint64_t y
) noexcept nogil:
    a[0] = a[0] + b[0] + x
    d[0] = _turned(d[0] ^ a[0], 32)
    c[0] = c[0] + d[0]
    b[0] = _turned(b[0] ^ c[0], 24)
    a[0] = a[0] + b[0] + y
    d[0] = _turned(d[0] ^ a[0], 16)
    c[0] = c[0] + d[0]
    b[0] = _turned(b[0] ^ c[0], 63)


@cython.overflowcheck(False)  # bits that leave on the left come back on the right
cdef inline uint64_t _turned(uint64_t word, int bits) noexcept nogil:
    return word >> bits | word << (64 - bits)
