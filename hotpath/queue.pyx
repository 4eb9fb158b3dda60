"""A connection's requests. `hotpath.pure.queue` gives the meaning."""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdlib cimport free, malloc

cimport cython

from hotpath._types cimport int64_t

cdef enum:
    FEWEST = 64  # requests there is room for at first


cdef struct Request:
    PyObject* waiter  # held
    Py_ssize_t replies


@cython.no_gc_clear  # an ending transport may still call what a collected cycle would have emptied
cdef class Queue:
    """0.3 µs a request, there and back, besides what the waiter costs."""

    cdef readonly Py_ssize_t waiting
    cdef readonly Py_ssize_t unsent
    cdef readonly Py_ssize_t out_bytes
    cdef readonly int64_t answered
    cdef public bint open
    cdef public bint settled
    cdef object _create_waiter
    cdef Py_ssize_t _max_waiting
    cdef Request* _ring  # of a power of two
    cdef Py_ssize_t _room
    cdef Py_ssize_t _head
    cdef list _out
    cdef list _held

    def __init__(self, create_waiter, Py_ssize_t max_waiting):
        self.clear()
        self._create_waiter = create_waiter
        self._max_waiting = max_waiting
        self.open = self.settled = False

    def __cinit__(self, *args, **kwargs):
        self._out = []
        self._held = []
        self._ring = <Request*> malloc(FEWEST * sizeof(Request))
        if self._ring == NULL:
            raise MemoryError
        self._room = FEWEST

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self._ring != NULL:
            for i in range(self.waiting):
                Py_DECREF(<object> self._at(i).waiter)
            free(self._ring)

    def send(self, bytes packed not None, Py_ssize_t replies):
        if replies < 1:
            raise ValueError("nobody answers what nobody is asked")
        if not self.open or self.waiting >= self._max_waiting:
            self.refuse()
        waiter = self._create_waiter()
        self.add(packed, replies, waiter)
        return waiter

    def tell(self, bytes packed not None, Py_ssize_t replies):
        if replies < 1:
            raise ValueError("nobody answers what nobody is asked")
        if not self.open or self.waiting >= self._max_waiting:
            return False
        self.add(packed, replies, None)
        return True

    cpdef add(self, bytes packed, Py_ssize_t replies, waiter):
        cdef Request* request
        if self.waiting == self._room:
            self._widen()
        request = self._at(self.waiting)
        Py_INCREF(waiter)
        request.waiter = <PyObject*> waiter
        request.replies = replies
        self._out.append(packed)
        self.out_bytes += len(packed)
        self.waiting += 1
        self.unsent += 1
        if not self.settled:
            self.settle()

    cpdef bytes take_out(self):
        cdef bytes out = b"".join(self._out)
        self._out.clear()
        self.out_bytes = self.unsent = 0
        self.settled = False
        return out

    def hand_out(self, list replies not None, bint tainted):
        cdef Py_ssize_t start = 0
        cdef Py_ssize_t count
        if self._held:
            self._held += replies
            replies = self._held
        while self.waiting > 0 and start + self._at(0).replies <= len(replies):
            count = self._at(0).replies
            waiter = self._pop()
            self.answered += 1
            if waiter is not None and not waiter.done():
                mine = replies[start : start + count]
                if not tainted or self.accept(waiter, mine):
                    waiter.set_result(mine)
            start += count
        self._held = replies[start:] if start else replies
        return not self._held or self.waiting > 0

    @property
    def holding(self):
        return len(self._held) > 0

    def first(self, Py_ssize_t count):
        cdef Py_ssize_t i
        found = [<object> self._at(i).waiter for i in range(min(count, self.waiting))]
        return [waiter for waiter in found if waiter is not None]

    cpdef list clear(self):
        waiters = []
        while self.waiting > 0:
            waiter = self._pop()
            if waiter is not None:
                waiters.append(waiter)
        self._held = []
        self.take_out()
        return waiters

    def refuse(self):
        raise RuntimeError("nothing can be sent now")

    def settle(self):
        self.settled = True

    def accept(self, waiter, replies):
        return True

    cdef inline Request* _at(self, Py_ssize_t place) noexcept:
        return &self._ring[(self._head + place) & (self._room - 1)]

    cdef object _pop(self):
        waiter = <object> self._at(0).waiter
        Py_DECREF(waiter)  # the ring's; `waiter` holds its own
        self._head = (self._head + 1) & (self._room - 1)
        self.waiting -= 1
        return waiter

    cdef int _widen(self) except -1:
        cdef Py_ssize_t i
        cdef Request* wider = <Request*> malloc(2 * self._room * sizeof(Request))
        if wider == NULL:
            raise MemoryError
        for i in range(self.waiting):
            wider[i] = self._at(i)[0]
        free(self._ring)
        self._ring = wider
        self._room *= 2
        self._head = 0
        return 0
