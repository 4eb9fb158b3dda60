"""A hot read of a feed. `hotpath.pure.reads` gives the meaning."""

from hotpath._types cimport int64_t
from hotpath.dice cimport Dice
from hotpath.door cimport Answer, Fields, answer_of
from hotpath.hits cimport Hit, Hits
from hotpath.readers cimport Reader

from hotpath.pure.hits import GO_ON, NONCE_BYTES, READY
from hotpath.pure.reads import HEADERS_KEPT

cdef Py_ssize_t KEPT = HEADERS_KEPT
cdef Py_ssize_t NONCE = NONCE_BYTES
cdef int TO_WRITE = READY
cdef int ELSEWHERE = GO_ON


cdef class Trips:
    """Of one process."""

    cdef readonly object common, feeds

    def __init__(self, common, feeds):
        self.common = common
        self.feeds = feeds

    def fetch(self, Hit hit not None):
        return self.both(hit) if hit.reading_replies else self.common.ask(hit.commands, hit.replies)

    def forget(self, Hit hit not None):
        self.common.tell(hit.forgotten, hit.forgets)

    def tell(self, Hit hit not None):
        self.feeds.tell(hit.told, 1)

    def both(self, hit):
        raise ValueError("the feeds are elsewhere")


cdef class Read:
    """1 µs a page, besides the trip and `hotpath.hits`."""

    cdef readonly Hits hits
    cdef public object pages
    cdef dict _known
    cdef object _clock
    cdef bint _pulls
    cdef Dice _dice
    cdef list _headers
    cdef dict _sized

    def __init__(
        self,
        Hits made not None,
        pages not None,
        dict known not None,
        clock not None,
        *,
        bint pulls,
        list headers not None,
    ):
        self.hits = made
        self.pages = pages
        self._known = known
        self._clock = clock
        self._pulls = pulls
        self._dice = Dice()
        self._headers = list(headers)
        self._sized = {}

    def ask(self, bytes query not None, Fields fields not None, host):
        cdef int64_t now_ms
        cdef Reader reader
        cdef Hit hit
        if fields.authorization is None:
            return None
        now_ms = self._clock()
        reader = self._known.get(fields.authorization)
        if reader is None or now_ms >= reader.until_ms:
            reader = self.find(fields.authorization, now_ms)
        stamp = self.pages.stamp()
        if reader is None or stamp is None:
            return None
        hit = self.hits.ask(reader, query, now_ms, (<tuple?> stamp)[0], (<tuple> stamp)[1])
        return None if hit is None else (self.pages.fetch(hit), hit)

    def answer(self, Hit hit not None, list replies not None):
        cdef int came_to = self.hits.read(hit, replies)
        if hit.forgets:
            self.pages.forget(hit)
        if came_to == TO_WRITE and not (self._pulls and self.pulled(hit)):
            return self._written(hit, None)
        return self.otherwise(hit, replies, came_to)

    def written(self, Hit hit not None, list entries):
        return self._written(hit, entries)

    def personal(self, Hit hit not None, bytes body not None, remaining):
        return self._personal(hit, body, remaining)

    def find(self, authorization, now_ms):
        return None

    def pulled(self, hit):
        return False

    def otherwise(self, hit, replies, came_to):
        return None

    cdef object _written(self, Hit hit, list entries):
        cdef bytes body = self.hits.write(hit, entries, self._dice.draw(NONCE))
        if body is None:
            return self.otherwise(hit, [], ELSEWHERE)
        if hit.told:
            self.pages.tell(hit)
        return self._personal(hit, body, hit.remaining)

    cdef Answer _personal(self, Hit hit, bytes body, remaining):
        cdef Py_ssize_t size = len(body)
        cdef list headers = self._sized.get(size)
        if headers is None:
            headers = [*self._headers, (b"content-length", b"%d" % size)]
            if len(self._sized) < KEPT:
                self._sized[size] = headers
        return answer_of(200, headers, body, hit.reader.user_id, remaining)
