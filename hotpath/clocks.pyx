"""What time it is. `hotpath.pure.clocks` gives the meaning."""

from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec

cimport cython

from hotpath._types cimport int64_t

import time


def system_ms():
    cdef timespec now
    clock_gettime(CLOCK_REALTIME, &now)
    return <int64_t> now.tv_sec * 1000 + now.tv_nsec // 1_000_000


def monotonic_ms():
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t> now.tv_sec * 1000 + now.tv_nsec // 1_000_000


@cython.final
cdef class Ahead:
    """50 ns, where the clock is the system's."""

    cdef object _now_s  # None: time.monotonic
    cdef bint _is_known
    cdef int64_t _ahead_us

    def __cinit__(self, now_s=time.monotonic):
        self._now_s = None if now_s is time.monotonic else now_s

    def learn(self, int64_t server_us):
        self._ahead_us = server_us - self._now_us()
        self._is_known = True

    def stamp(self):
        cdef int64_t now_us
        if not self._is_known:
            return None
        now_us = self._now_us()
        return now_us + self._ahead_us, now_us // 1000

    def now_us(self):
        return self._now_us()

    cdef int64_t _now_us(self) except? -1:
        cdef double given_s
        if self._now_s is None:
            return <int64_t> (now_s() * 1e6)
        given_s = self._now_s()
        return <int64_t> (given_s * 1e6)


cdef double now_s() noexcept:
    """As time.monotonic, and time.perf_counter, which is the same clock."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <double> now.tv_sec + 1e-9 * <double> now.tv_nsec
