"""Clocks, for kernels that tell the time."""


cdef double now_s() noexcept
