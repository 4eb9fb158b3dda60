"""JSON text: values found in it, and written from it. What is none is refused, or its pieces make no sense; nothing is
read behind its end."""

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.string cimport memchr, memcmp

cimport cython

from hotpath._buffers cimport Buffer, append, say
from hotpath._types cimport int64_t

cdef enum:
    NUMBER_DIGITS = 18  # at most, of a number that is read
    MOST_FIELDS = 40


cdef struct Span:
    const char* at  # NULL for nothing
    Py_ssize_t size


cdef struct Table:
    Py_ssize_t count
    Span[MOST_FIELDS] names
    Span[MOST_FIELDS] words  # the names as they go over the wire
    Span[MOST_FIELDS] defaults


cdef inline bint is_text(Span span, const char* words, Py_ssize_t size) noexcept nogil:
    return span.size == size and memcmp(span.at, words, size) == 0


cdef inline bint has_escapes(Span span) noexcept nogil:
    return memchr(span.at, c"\\", span.size) != NULL


cdef inline int64_t number_of(Span span) except -1:
    """Whole and not negative."""
    cdef int64_t number = 0
    cdef Py_ssize_t i
    if not 0 < span.size <= NUMBER_DIGITS:
        raise ValueError("not a number")
    for i in range(span.size):
        if not c"0" <= span.at[i] <= c"9":
            raise ValueError("not a number")
        number = 10 * number + (span.at[i] - c"0")
    return number


cdef inline bint is_space(char byte) noexcept nogil:
    return byte == c" " or byte == c"\n" or byte == c"\r" or byte == c"\t"


@cython.overflowcheck(False)  # which would take pointers for numbers
cdef inline const char* behind_spaces(const char* at, const char* end) noexcept nogil:
    while at < end and is_space(at[0]):
        at += 1
    return at


@cython.overflowcheck(False)  # as above
cdef inline const char* text_end(const char* at, const char* end) noexcept nogil:
    """Behind the quote that ends the text whose inside begins here; NULL where none does."""
    cdef const char* quote = at
    cdef const char* back
    while quote < end:
        quote = <const char*> memchr(quote, c'"', end - quote)
        if quote == NULL:
            return NULL
        back = quote
        while back > at and (back - 1)[0] == c"\\":
            back -= 1
        quote += 1
        if (quote - back) % 2:  # every second backslash is one that was meant
            return quote
    return NULL


@cython.overflowcheck(False)  # as above
cdef inline const char* value_end(const char* at, const char* end) noexcept nogil:
    """Behind the value that begins here, of whatever kind; NULL where none ends."""
    cdef Py_ssize_t depth = 0
    cdef const char* start = at
    while at != NULL and at < end:
        if at[0] == c'"':
            if depth == 0 and at > start:
                return NULL
            at = text_end(at + 1, end)
            if depth == 0:
                return at
            continue
        if at[0] == c"{" or at[0] == c"[":
            depth += 1
        elif depth == 0 and (at[0] == c"," or is_space(at[0])):
            return at if at > start else NULL
        elif at[0] == c"}" or at[0] == c"]":
            if depth == 0:
                return at if at > start else NULL
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return NULL


@cython.overflowcheck(False)  # as above
cdef inline bint next_text(Span* rest, Span* item) except -1:
    """The next of an array's texts, which begin where `rest` does; False behind the last."""
    cdef const char* at = rest.at
    cdef const char* end = at + rest.size
    if at < end and at[0] == c"]":
        return False
    if at >= end or (at[0] != c"[" and at[0] != c","):
        raise ValueError("not an array")
    at = behind_spaces(at + 1, end)
    if at < end and at[0] == c"]" and rest.at[0] == c"[":
        return False
    if at >= end or at[0] != c'"':
        raise ValueError("not an array of texts")
    item.at = at
    at = text_end(at + 1, end)
    if at == NULL:
        raise ValueError("not an array of texts")
    item.size = at - item.at
    at = behind_spaces(at, end)
    rest.at, rest.size = at, end - at
    return True


cdef inline Py_ssize_t _place_of(const Table* table, Span name, Py_ssize_t awaited) noexcept:
    """Of a name in a table, looked for from where it is awaited; -1 for another."""
    cdef Py_ssize_t i
    for i in range(awaited, table.count):
        if is_text(name, table.names[i].at, table.names[i].size):
            return i
    for i in range(min(awaited, table.count)):
        if is_text(name, table.names[i].at, table.names[i].size):
            return i
    return -1


@cython.overflowcheck(False)  # as above
cdef inline int find_members(const Table* table, Span text, Span* found) except -1:
    """Where the values of an object's members are; of absent ones, what stands for them."""
    cdef const char* at = behind_spaces(text.at, text.at + text.size)
    cdef const char* end = text.at + text.size
    cdef const char* stop
    cdef Span name
    cdef Py_ssize_t awaited = 0
    cdef Py_ssize_t i
    cdef char before = c"{"
    for i in range(table.count):
        found[i] = table.defaults[i]
    while at < end and at[0] == before:
        at = behind_spaces(at + 1, end)
        if before == c"{" and at < end and at[0] == c"}":
            break
        before = c","
        stop = text_end(at + 1, end) if at < end and at[0] == c'"' else NULL
        if stop == NULL:
            raise ValueError("not an object")
        name.at, name.size = at + 1, stop - at - 2
        at = behind_spaces(stop, end)
        if at >= end or at[0] != c":":
            raise ValueError("not an object")
        at = behind_spaces(at + 1, end)
        stop = value_end(at, end)
        if stop == NULL:
            raise ValueError("not an object")
        i = _place_of(table, name, awaited)
        if i >= 0:
            found[i].at, found[i].size = at, stop - at
            awaited = i + 1
        at = behind_spaces(stop, end)
    if at >= end or at[0] != c"}" or behind_spaces(at + 1, end) != end:
        raise ValueError("not an object")
    for i in range(table.count):
        if found[i].at == NULL:
            raise ValueError("the object lacks a member")
    return 0

cdef inline bytes _loaded(Span text):
    """What a text says."""
    from json import loads
    return (<str?> loads(text.at[:text.size])).encode()


cdef inline bytes _dumped(object text):
    """A text as JSON with no escapes but those that it needs."""
    from json import dumps
    return (<str?> dumps(text, ensure_ascii=False)).encode()


cdef inline int append_bytes(Buffer* out, bytes words) except -1:
    return append(out, PyBytes_AS_STRING(words), len(words))


cdef inline int _write_escaped(Buffer* out, Span text) except -1:
    cdef Py_ssize_t i = 0
    if has_escapes(text):
        while i < text.size and (text.at[i] != c"\\" or text.at[i + 1] in (c'"', c"\\", c"n", c"r", c"t", c"b", c"f")):
            i += 2 if text.at[i] == c"\\" else 1
        if i < text.size:  # one that is not needed, or of another form
            return append_bytes(out, _dumped(_loaded(text).decode()))
    return append(out, text.at, text.size)


cdef inline int _write_closely(Buffer* out, Span value) except -1:
    cdef const char* at = value.at
    cdef const char* end = at + value.size
    cdef const char* start = at
    cdef Span text
    while at < end:
        if at[0] == c'"':
            append(out, start, at - start)
            text.at = at
            at = text_end(at + 1, end)
            if at == NULL:
                raise ValueError("a text does not end")
            text.size = at - text.at
            _write_escaped(out, text)
            start = at
        elif is_space(at[0]):
            append(out, start, at - start)
            at = behind_spaces(at, end)
            start = at
        else:
            at += 1
    return append(out, start, end - start)


cdef inline int write_json(Buffer* out, Span value) except -1:
    """Without spaces, and with no escapes in texts but those that they need."""
    if value.at[0] == c'"':
        return _write_escaped(out, value)
    if value.at[0] == c"{" or value.at[0] == c"[":
        return _write_closely(out, value)
    return append(out, value.at, value.size)


cdef inline int write_said(Buffer* out, Span value) except -1:
    """Of a text what it says, of anything else its JSON."""
    if value.at[0] != c'"':
        return write_json(out, value)
    if has_escapes(value):
        return append_bytes(out, _loaded(value))
    return append(out, &value.at[1], value.size - 2)


cdef inline int write_text(Buffer* out, text) except -1:
    """As JSON."""
    cdef Span span
    cdef Py_ssize_t i
    span.at = PyUnicode_AsUTF8AndSize(<str?> text, &span.size)
    for i in range(span.size):
        if <unsigned char> span.at[i] < 32 or span.at[i] == c'"' or span.at[i] == c"\\":
            return append_bytes(out, _dumped(text))
    say(out, b'"')
    append(out, span.at, span.size)
    return say(out, b'"')
