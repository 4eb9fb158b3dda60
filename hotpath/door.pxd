"""What is asked at the door and what is answered, for kernels that answer."""


cdef class Fields:
    cdef readonly bytes authorization, accept_encoding, if_none_match, traceparent
    cdef readonly bint plain


cdef class Answer:
    cdef readonly int status
    cdef readonly list headers
    cdef readonly bytes body, user
    cdef readonly object remaining


cdef Answer answer_of(int status, list headers, bytes body, bytes user, remaining)
