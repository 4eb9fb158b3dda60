"""Commands to Redis: any, and fan-out's for a page of followers. `hotpath.pure.fanout` gives the meaning."""

from array import array

from cpython cimport array as arrays
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_Check, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_Check
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_Check
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from hotpath._types cimport ID_BYTES, int64_t, uint8_t, uint32_t, uint64_t

from hotpath.pure.fanout import MAX_SCORE, SHA_BYTES

cdef arrays.array INT64S = array("q")


cdef enum:
    HEAD_BYTES = 3  # a sign and the end of a line, beside the digits between them


cdef struct Word:
    const char* at  # NULL: `number`, in so many digits
    Py_ssize_t size
    int64_t number


cdef struct Run:  # the keys of one command: where they go in its bytes, and how many
    char* at
    Py_ssize_t keys


def pack(words not None):
    """About 20 ns a word of a few characters."""
    return _packed([list(words)])


def pack_all(commands not None):
    """The same, by one crossing and into one text."""
    return _packed([list(words) for words in commands])


cdef bytes _packed(list commands):
    """The lists hold the texts alive, and those of numbers that 64 bits do not hold."""
    cdef Py_ssize_t count = 0, size = 0
    cdef Py_ssize_t i, _word
    cdef list held
    cdef bytes packed
    cdef char* at
    cdef Word* words
    cdef Word* word
    for held in commands:
        count += len(held)
    words = word = <Word*> malloc((count + 1) * sizeof(Word))
    try:
        if words == NULL:
            raise MemoryError
        for held in commands:
            size += HEAD_BYTES + _digits(len(held))
            for i in range(len(held)):
                _measure(held, i, word)
                size += HEAD_BYTES + _digits(word.size) + word.size + 2
                word += 1
        packed = PyBytes_FromStringAndSize(NULL, size)
        at, word = PyBytes_AS_STRING(packed), words
        for held in commands:
            at = _write_head(c"*", len(held), at)
            for _word in range(len(held)):
                at = _write_head(c"$", word.size, at)
                if word.at != NULL:
                    memcpy(at, word.at, word.size)
                else:
                    _write_number(word.number, word.size, at)
                at += word.size
                memcpy(at, b"\r\n", 2)
                at += 2
                word += 1
        return packed
    finally:
        free(words)


def encode(
    const uint8_t[::1] followers not None,
    const uint32_t[::1] user_nos not None,
    const uint8_t[::1] active,
    bytes sha not None,
    bytes prefix not None,
    bytes member not None,
    score,
    keep,
    batch_keys=500,
):
    """Commands that push `member` to the active followers, with their numbers of keys; 2 ns a follower."""
    cdef Py_ssize_t n = user_nos.shape[0]
    if followers.shape[0] != n * ID_BYTES:
        raise ValueError("followers must hold 30 bytes for each user number")
    if len(sha) != SHA_BYTES:
        raise ValueError("sha must be 40 bytes")
    if len(member) != ID_BYTES:
        raise ValueError("member must be 30 bytes")
    if abs(score) > MAX_SCORE:
        raise ValueError("score must lie within 2^53 of zero")
    if keep < 1 or batch_keys < 1:
        raise ValueError("keep and batch_keys must be at least 1")
    cdef bint to_all = active is None
    cdef int64_t[::1] chosen = arrays.clone(INT64S, n, zero=False)
    cdef Py_ssize_t count
    with nogil:  # chosen before anything is laid out, because their number sizes the commands
        count = _choose_all(chosen) if to_all else _choose_active(user_nos, active, chosen)

    cdef bytes key_head = b"$%d\r\n%b" % (len(prefix) + ID_BYTES, prefix)
    cdef const char* key_head_text = PyBytes_AS_STRING(key_head)
    cdef Py_ssize_t key_head_bytes = len(key_head)
    cdef Py_ssize_t batch = min(batch_keys, max(count, 1))
    cdef Py_ssize_t runs = (count + batch - 1) // batch
    cdef Run* run = <Run*> malloc((runs + 1) * sizeof(Run))
    try:
        if run == NULL:
            raise MemoryError
        commands = _lay_out(run, runs, batch, count, sha, key_head_bytes, b"%d" % score, member, b"%d" % keep)
        with nogil:
            _write_keys(run, runs, key_head_text, key_head_bytes, followers, chosen)
    finally:
        free(run)
    return commands


cdef Py_ssize_t _choose_all(int64_t[::1] chosen) except -1 nogil:
    cdef Py_ssize_t i
    for i in range(chosen.shape[0]):
        chosen[i] = i
    return chosen.shape[0]


cdef Py_ssize_t _choose_active(
    const uint32_t[::1] user_nos, const uint8_t[::1] active, int64_t[::1] chosen
) except -1 nogil:
    """Writes every position and advances by the bit: a branch on it would be mispredicted half of the time."""
    cdef Py_ssize_t i, byte
    cdef Py_ssize_t count = 0
    for i in range(user_nos.shape[0]):
        chosen[count] = i
        byte = user_nos[i] >> 3
        if byte < active.shape[0]:
            count += (active[byte] >> (7 - (user_nos[i] & 7))) & 1
    return count


cdef list _lay_out(
    Run* run,
    Py_ssize_t runs,
    Py_ssize_t batch,
    Py_ssize_t count,
    bytes sha,
    Py_ssize_t key_head_bytes,
    bytes score,
    bytes member,
    bytes keep,
):
    """The commands without their keys, and in `run` the room that is left for those."""
    cdef bytes command, head
    cdef bytes tail = _bulk(score) + _bulk(member) + _bulk(keep)
    cdef Py_ssize_t keys_bytes
    cdef char* text
    commands = []
    for i in range(runs):
        run[i].keys = min(batch, count - i * batch)
        head = b"*%d\r\n%b%b%b" % (run[i].keys + 6, _bulk(b"EVALSHA"), _bulk(sha), _bulk(b"%d" % run[i].keys))
        keys_bytes = run[i].keys * (key_head_bytes + ID_BYTES + 2)
        command = PyBytes_FromStringAndSize(NULL, len(head) + keys_bytes + len(tail))
        text = PyBytes_AS_STRING(command)
        memcpy(text, PyBytes_AS_STRING(head), len(head))
        memcpy(text + len(head) + keys_bytes, PyBytes_AS_STRING(tail), len(tail))
        run[i].at = text + len(head)
        commands.append((command, run[i].keys))
    return commands


cdef bytes _bulk(bytes word):
    return b"$%d\r\n%b\r\n" % (len(word), word)


cdef int _write_keys(
    const Run* run,
    Py_ssize_t runs,
    const char* key_head,
    Py_ssize_t key_head_bytes,
    const uint8_t[::1] followers,
    const int64_t[::1] chosen,
) except -1 nogil:
    cdef Py_ssize_t i, _key
    cdef Py_ssize_t taken = 0
    cdef char* at
    for i in range(runs):
        at = run[i].at
        for _key in range(run[i].keys):
            memcpy(at, key_head, key_head_bytes)
            at += key_head_bytes
            memcpy(at, &followers[chosen[taken] * ID_BYTES], ID_BYTES)
            memcpy(at + ID_BYTES, b"\r\n", 2)
            at += ID_BYTES + 2
            taken += 1
    return 0


cdef int _measure(list held, Py_ssize_t place, Word* word) except -1:
    cdef int overflow = 0
    one = held[place]
    word.at = NULL
    if PyUnicode_Check(one):
        word.at = PyUnicode_AsUTF8AndSize(one, &word.size)
    elif PyBytes_Check(one):
        word.at = PyBytes_AS_STRING(one)
        word.size = PyBytes_GET_SIZE(one)
    elif PyLong_Check(one):
        word.number = PyLong_AsLongLongAndOverflow(one, &overflow)
        if overflow:
            held[place] = b"%d" % one
            return _measure(held, place, word)
        word.size = _digits(word.number)
    else:
        raise TypeError("a word is str, bytes or int")
    return 0


cdef inline uint64_t _magnitude(int64_t number) noexcept nogil:
    return <uint64_t> number if number >= 0 else <uint64_t> (-(number + 1)) + 1


cdef inline Py_ssize_t _digits(int64_t number) noexcept nogil:
    """How many characters it takes, its sign included."""
    cdef uint64_t left = _magnitude(number) // 10
    cdef Py_ssize_t count = 2 if number < 0 else 1
    while left:
        left //= 10
        count += 1
    return count


cdef inline void _write_number(int64_t number, Py_ssize_t size, char* at) noexcept nogil:
    cdef uint64_t left = _magnitude(number)
    cdef Py_ssize_t i
    if number < 0:
        at[0] = c"-"
    for i in range(size - 1, 0 if number < 0 else -1, -1):
        at[i] = <char> (c"0" + left % 10)
        left //= 10


cdef inline char* _write_head(char sign, Py_ssize_t number, char* at) noexcept nogil:
    cdef Py_ssize_t size = _digits(number)
    at[0] = sign
    _write_number(number, size, at + 1)
    memcpy(at + 1 + size, b"\r\n", 2)
    return at + HEAD_BYTES + size
