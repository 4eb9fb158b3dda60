"""Commands with holes. `hotpath.pure.templates` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy, memset

cimport cython

from hotpath.pages cimport Text, point_at

from hotpath.pure import templates as meaning

assert (HOLES, VALUES) == (meaning.HOLES, meaning.VALUES)


@cython.final
cdef class Template:
    def __cinit__(self, bytes text not None):
        cdef const char* at = PyBytes_AS_STRING(text)
        cdef Py_ssize_t i = 0
        cdef Hole* hole
        self.text = text
        while i < len(text):
            if not 0 < at[i] <= VALUES:
                i += 1
                continue
            if self._count == HOLES:
                raise ValueError("a template has at most 12 holes")
            hole = &self._holes[self._count]
            self._count += 1
            hole.at = i
            hole.value = at[i] - 1
            while i < len(text) and at[i] == at[hole.at]:
                i += 1
            hole.size = i - hole.at

    def fill(self, values):
        cdef Text[VALUES] given
        cdef Py_ssize_t i
        cdef bytes whole = PyBytes_FromStringAndSize(NULL, len(self.text))
        memset(given, 0, sizeof(given))
        held = tuple(values)
        for i in range(min(<Py_ssize_t> VALUES, len(held))):
            point_at(&given[i], held[i])
        self.write(PyBytes_AS_STRING(whole), given)
        return whole

    cdef char* write(self, char* out, const Text* values) except NULL:
        cdef int i
        cdef const Hole* hole
        cdef const Text* value
        memcpy(out, PyBytes_AS_STRING(self.text), PyBytes_GET_SIZE(self.text))
        for i in range(self._count):
            hole = &self._holes[i]
            value = &values[hole.value]
            if value.size != hole.size:
                raise ValueError("a value does not fit its hole")
            memcpy(out + hole.at, value.at, value.size)
        return out + PyBytes_GET_SIZE(self.text)


cdef bytes filled(const Text* values, Template one, Template two, Template three, Template four):
    """All of them with the same values, in one piece; None is left out."""
    cdef Py_ssize_t size = 0
    cdef bytes whole
    cdef char* out
    for template in (one, two, three, four):
        if template is not None:
            size += PyBytes_GET_SIZE((<Template> template).text)
    whole = PyBytes_FromStringAndSize(NULL, size)
    out = PyBytes_AS_STRING(whole)
    for template in (one, two, three, four):
        if template is not None:
            out = (<Template> template).write(out, values)
    return whole
