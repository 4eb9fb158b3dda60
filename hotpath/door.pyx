"""A request at the hot door. `hotpath.pure.door` gives the meaning."""

from cpython.bytes cimport PyBytes_FromStringAndSize

cimport cython

from hotpath.clocks cimport now_s
from hotpath.notes cimport Record

from asyncio import CancelledError

from hotpath.pure.door import ABANDONED, LIMITS_KEPT

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(str text)
    const char* PyUnicode_DATA(str text)
    Py_ssize_t PyUnicode_GET_LENGTH(str text)

cdef Py_ssize_t KEPT = LIMITS_KEPT
cdef int LEFT = ABANDONED


@cython.final
@cython.freelist(64)
cdef class Fields:
    """Of one request."""

    def __init__(
        self,
        bytes authorization,
        bytes accept_encoding,
        bytes if_none_match,
        bytes traceparent=None,
        bint plain=True,
    ):
        self.authorization = authorization
        self.accept_encoding = accept_encoding
        self.if_none_match = if_none_match
        self.traceparent = traceparent
        self.plain = plain


@cython.final
@cython.freelist(64)
cdef class Answer:
    """To one request."""

    def __init__(self, int status, list headers not None, bytes body not None, bytes user not None, remaining):
        self.status = status
        self.headers = headers
        self.body = body
        self.user = user
        self.remaining = remaining


cdef Answer answer_of(int status, list headers, bytes body, bytes user, remaining):
    cdef Answer answer = Answer.__new__(Answer)
    answer.status = status
    answer.headers = headers
    answer.body = body
    answer.user = user
    answer.remaining = remaining
    return answer


@cython.final
cdef class Path:
    """One of the table, with what its answers have in common."""

    cdef str name
    cdef object read
    cdef dict limits  # headers by what is left
    cdef dict lines  # by the version of HTTP


cdef class Door:
    """1 µs a request, besides what is asked, the record and ASGI."""

    cdef public object app
    cdef readonly Record record
    cdef readonly dict table
    cdef dict _paths

    def __init__(self, app not None, Record record not None, table not None):
        cdef Path path
        self.app = app
        self.record = record
        self.table = dict(table)
        self._paths = {}
        for name in self.table:
            path = Path.__new__(Path)
            path.name = name
            path.read = self.table[name]
            path.limits, path.lines = {}, {}
            self._paths[name] = path

    def __call__(self, scope, receive, send):
        cdef dict given = <dict?> scope
        cdef Path path = self._paths.get(given.get("path"))
        if path is None or given.get("method") != "GET":
            return self.app(scope, receive, send)
        return self._visit(path, given, receive, send)

    async def settled(self, path, scope, asked, outcome):
        return outcome

    def failed(self, error):
        raise error

    async def handed_on(self, scope, receive, send, outcome, began_s):
        await self.app(scope, receive, send)

    def limits(self, path, remaining):
        return []

    def line(self, path, http_version):
        return f"GET {path} HTTP/{http_version}".encode()

    async def _visit(self, Path path, dict scope, receive, send):
        cdef double began_s = now_s()
        cdef Fields fields = fields_of(scope["headers"])
        cdef Answer answer
        cdef Py_ssize_t sent_bytes = 0
        client = scope.get("client")
        cdef str host = str(client[0]) if client else "-"
        outcome = None
        try:
            asked = path.read.ask(scope["query_string"], fields, host) if fields.plain else None
            if asked is not None:
                outcome = path.read.answer((<tuple?> asked)[1], await (<tuple> asked)[0])
                if type(outcome) is not Answer:
                    outcome = await self.settled(path.name, scope, (<tuple> asked)[1], outcome)
        except CancelledError:
            self._done(path, scope, host, LEFT, began_s, b"-", 0)
            raise
        except Exception as error:
            self.failed(error)
        if type(outcome) is not Answer:
            await self.handed_on(scope, receive, send, outcome, began_s)
            return
        answer = outcome
        headers = self._headers(path, answer, fields)
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
            sent_bytes = len(answer.body)
        finally:
            self._done(path, scope, host, answer.status, began_s, answer.user, sent_bytes)

    cdef list _headers(self, Path path, Answer answer, Fields fields):
        cdef list limits = path.limits.get(answer.remaining)
        if limits is None:
            limits = self.limits(path.name, answer.remaining)
            if len(path.limits) < KEPT:
                path.limits[answer.remaining] = limits
        return [*answer.headers, (b"x-request-id", self.record.trace_id(fields.traceparent)), *limits]

    cdef int _done(
        self, Path path, dict scope, str host, int status, double began_s, bytes user, Py_ssize_t sent_bytes
    ) except -1:
        cdef bytes name, line
        version = scope.get("http_version", "1.1")
        line = path.lines.get(version)
        if line is None:
            line = path.lines[version] = self.line(path.name, version)
        if PyUnicode_IS_ASCII(host):
            name = PyBytes_FromStringAndSize(PyUnicode_DATA(host), PyUnicode_GET_LENGTH(host))
        else:
            name = host.encode("ascii", "backslashreplace")
        self.record.note(path.name, "GET", status, began_s, name, user, line, sent_bytes)
        return 0


cpdef Fields fields_of(headers):
    cdef Fields fields = Fields.__new__(Fields)
    cdef bytes name
    cdef Py_ssize_t size
    fields.plain = True
    for name, value in headers:
        size = len(name)  # most names are told apart by it
        if size == 13 and name == b"authorization":
            fields.plain = fields.plain and fields.authorization is None
            fields.authorization = value
        elif size == 15 and name == b"accept-encoding":
            fields.plain = fields.plain and fields.accept_encoding is None
            fields.accept_encoding = value
        elif size == 13 and name == b"if-none-match":
            fields.plain = fields.plain and fields.if_none_match is None
            fields.if_none_match = value
        elif size == 11 and name == b"traceparent":
            fields.traceparent = fields.traceparent or value
        elif (size == 14 and name == b"content-length") or (size == 17 and name == b"transfer-encoding"):
            fields.plain = False
    return fields
