"""Words and numbers written in place."""

from hotpath._types cimport int64_t


cdef inline char* put_words(char* out, const char* words) noexcept nogil:
    while words[0]:
        out[0] = words[0]
        out += 1
        words += 1
    return out


cdef inline char* put_decimal(char* out, int64_t number) noexcept nogil:
    """In decimal; not negative."""
    cdef char[20] digits
    cdef int count = 0
    while True:
        digits[count] = <char> (c"0" + number % 10)
        count += 1
        number //= 10
        if number == 0:
            break
    while count > 0:
        count -= 1
        out[0] = digits[count]
        out += 1
    return out
