"""Cards as a process keeps them. `hotpath.pure.shelf` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_CheckExact
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy, memset

cimport cython

from hotpath._types cimport ID_BYTES, uint8_t, uint16_t, uint32_t, uint64_t

from hotpath.pure.shelf import ENTRY_BYTES

cdef enum:
    LINE = 64  # bytes that memory gives at once
    BARE_BYTES = 26  # an id without its kind of four characters
    MAX_GAP_BYTES = 65535
    LOOKS = 32
    FEWEST_PLACES = 64

cdef Py_ssize_t FIXED_BYTES = ENTRY_BYTES
cdef uint64_t ONES = 0x0101010101010101ULL  # in each byte of a word
cdef uint64_t HIGH_BITS = 0x8080808080808080ULL


@cython.final
cdef class Entry:
    """A card taken in once; about 1 µs."""

    def __cinit__(self, bytes video_id not None, bytes raw not None):
        if len(video_id) != ID_BYTES:
            raise ValueError("a video's id has 30 bytes")
        cdef const char* text = PyBytes_AS_STRING(raw)
        cdef Py_ssize_t size = len(raw)
        cdef Py_ssize_t body_at = _body_at(text, size)
        if body_at < 0:
            raise ValueError("the card's header is malformed")
        cdef Py_ssize_t slots = _count_slots(text, body_at, size)
        if slots < 0:
            raise ValueError("the card's slots are too far apart")
        self._card = <Card*> malloc(sizeof(Card) + slots * sizeof(uint16_t) + size + STEP)
        if self._card == NULL:
            raise MemoryError
        self._card.raw_bytes = <uint32_t> size
        self._card.slots = <uint16_t> slots
        self._card.used = False
        self._card.media_version_bytes = <uint8_t> _length(text + LENGTHS)
        self._card.body_at = <uint8_t> body_at
        memcpy(self._card.video_id, PyBytes_AS_STRING(video_id), ID_BYTES)
        memcpy(raw_of(self._card), text, size)
        memset(raw_of(self._card) + size, 0, STEP)
        _note_slots(self._card)

    def __dealloc__(self):
        free(self._card)

    @property
    def video_id(self):
        return self._card.video_id[:ID_BYTES]

    @property
    def raw(self):
        return PyBytes_FromStringAndSize(raw_of(self._card), self._card.raw_bytes)

    @property
    def author(self):
        return PyBytes_FromStringAndSize(raw_of(self._card) + AUTHOR, BARE_BYTES)

    @property
    def media_version(self):
        return PyBytes_FromStringAndSize(raw_of(self._card) + HEADER_BYTES, self._card.media_version_bytes)

    @property
    def category(self):
        cdef Py_ssize_t at = HEADER_BYTES + self._card.media_version_bytes
        return PyBytes_FromStringAndSize(raw_of(self._card) + at, self._card.body_at - at)

    @property
    def visibility(self):
        return PyBytes_FromStringAndSize(raw_of(self._card) + VISIBILITY, 1)

    @property
    def active(self):
        return raw_of(self._card)[STATE] == c"A"

    @property
    def size_bytes(self):
        return _cost(self._card)


cdef inline Py_ssize_t _cost(const Card* card) noexcept nogil:
    return <Py_ssize_t> card.raw_bytes + 2 * <Py_ssize_t> card.slots + FIXED_BYTES


cdef Py_ssize_t _body_at(const char* raw, Py_ssize_t size) noexcept nogil:
    """-1 if these bytes are no card of this format."""
    cdef Py_ssize_t i, media_version, category
    if size < HEADER_BYTES or size > 0x7FFFFFFF:
        return -1
    for i in range(HEADER_BYTES):
        if (i < FORMAT or i >= PUBLISHED) and not c"0" <= raw[i] <= c"9":
            return -1
    if raw[FORMAT] != c"2" or raw[VISIBILITY] not in (c"P", c"F", c"X") or raw[STATE] not in (c"A", c"-"):
        return -1
    media_version = _length(raw + LENGTHS)
    category = _length(raw + LENGTHS + 2)
    if media_version > MEDIA_VERSION_BYTES or category > CATEGORY_BYTES:
        return -1
    i = HEADER_BYTES + media_version + category
    return i if i <= size else -1


cdef inline Py_ssize_t _length(const char* digits) noexcept nogil:
    return 10 * (digits[0] - c"0") + (digits[1] - c"0")


cdef Py_ssize_t _count_slots(const char* raw, Py_ssize_t body_at, Py_ssize_t size) noexcept nogil:
    """-1 if two are too far apart to note, or too many."""
    cdef Py_ssize_t start = body_at
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t slot = _next_slot(raw, body_at, size)
    while slot < size:
        if slot - start > MAX_GAP_BYTES or count == MAX_GAP_BYTES:
            return -1
        count += 1
        start = slot + 1
        slot = _next_slot(raw, start, size)
    return count


cdef void _note_slots(Card* card) noexcept nogil:
    cdef const char* raw = raw_of(card)
    cdef uint16_t* gaps = gaps_of(card)
    cdef Py_ssize_t i, slot
    cdef Py_ssize_t start = card.body_at
    card.viewer_slots = 0
    for i in range(card.slots):
        slot = _next_slot(raw, start, card.raw_bytes)
        card.viewer_slots += raw[slot] == VIEWER_SLOT
        gaps[i] = <uint16_t> (slot - start)
        start = slot + 1


@cython.overflowcheck(False)  # bits are moved around: nothing of it is arithmetic that could go wrong
cdef Py_ssize_t _next_slot(const char* raw, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    """Where the next one is, `size` if there is none: eight bytes at a time, as no text of JSON has a byte as low."""
    cdef uint64_t word
    while at < size:
        if at + 8 <= size:
            memcpy(&word, raw + at, 8)
            if (word - 3 * ONES) & ~word & HIGH_BITS == 0:  # none is below 3 (Anderson, Bit Twiddling Hacks, hasless)
                at += 8
                continue
        if raw[at] == PREFIX_SLOT or raw[at] == VIEWER_SLOT:
            return at
        at += 1
    return size


@cython.final
cdef class Shelf:
    """Open addressing with linear probing over pointers to entries; a find costs 20 ns and what memory takes."""

    def __cinit__(self, Py_ssize_t max_bytes):
        self.max_bytes = max_bytes
        self._places = FEWEST_PLACES
        self._table = <PyObject**> calloc(self._places, sizeof(PyObject*))
        if self._table == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self._table != NULL:
            self._release()
            free(self._table)

    def __len__(self):
        return self._count

    def put(self, bytes video_id not None, bytes raw not None):
        cdef Entry entry = Entry(video_id, raw)
        cdef Py_ssize_t size = _cost(entry._card)
        self._forget(PyBytes_AS_STRING(video_id))
        if size > self.max_bytes:
            return entry
        self._make_room(size)
        if 4 * (self._count + 1) > 3 * self._places:
            self._resize(2 * self._places)
        Py_INCREF(entry)
        self._table[self._place(entry._card.video_id)] = <PyObject*> entry
        self._count += 1
        self.size_bytes += size
        return entry

    def find(self, list video_ids not None):
        cdef Py_ssize_t count = len(video_ids)
        cdef Py_ssize_t i
        cdef const char** wanted = <const char**> malloc((count + 1) * sizeof(char*))
        try:
            if wanted == NULL:
                raise MemoryError
            for i in range(count):
                wanted[i] = _id_of(video_ids[i])
            self.foresee(wanted, count)
            return [self.look(wanted[i]) if wanted[i] != NULL else None for i in range(count)]
        finally:
            free(wanted)

    cdef void foresee(self, const char** video_ids, Py_ssize_t count) noexcept:
        """Fetches what is read of each card first: place, entry and head lie apart, and one wait for all of a kind is
        shorter than one for each. NULL stands for none."""
        cdef PyObject* entry
        cdef const char* card
        cdef Py_ssize_t i, kind
        for kind in range(3):
            for i in range(count):
                if video_ids[i] == NULL:
                    continue
                if kind == 0:
                    prefetch(self.home(video_ids[i]))
                    continue
                entry = self.home(video_ids[i])[0]
                if entry == NULL:
                    continue
                if kind == 1:
                    prefetch(<char*> entry)
                else:
                    card = <const char*> (<Entry> entry)._card
                    prefetch(card)
                    prefetch(card + LINE)
                    prefetch(card + 2 * LINE)

    cdef object look(self, const char* video_id):
        """The entry of an id of ID_BYTES, None without one."""
        cdef PyObject* kept = self._table[self._place(video_id)]
        if kept == NULL:
            return None
        (<Entry> kept)._card.used = True
        return <Entry> kept

    cdef PyObject** home(self, const char* video_id) noexcept:
        """The place where a search for this id begins."""
        return &self._table[_hash(video_id) & (self._places - 1)]

    def drop(self, list video_ids not None):
        for video_id in video_ids:
            if _is_id(video_id):
                self._forget(PyBytes_AS_STRING(video_id))

    def clear(self):
        self._release()
        self._resize(FEWEST_PLACES)

    cdef Py_ssize_t _place(self, const char* video_id) noexcept:
        """Where it is, or the empty place where it would go."""
        cdef Py_ssize_t last = self._places - 1
        cdef Py_ssize_t place = _hash(video_id) & last
        while self._table[place] != NULL and memcmp(_card_of(self._table[place]).video_id, video_id, ID_BYTES) != 0:
            place = (place + 1) & last
        return place

    cdef int _forget(self, const char* video_id) except -1:
        cdef Py_ssize_t place = self._place(video_id)
        if self._table[place] != NULL:
            self._take_out(place)
        return 0

    cdef int _take_out(self, Py_ssize_t place) except -1:
        """Moves what follows up, so that no search ends at the hole (Knuth, TAOCP 3, 6.4, algorithm R)."""
        cdef PyObject* out = self._table[place]
        cdef Py_ssize_t last = self._places - 1
        cdef Py_ssize_t next_place = place
        cdef Py_ssize_t home
        while True:
            next_place = (next_place + 1) & last
            if self._table[next_place] == NULL:
                break
            home = _hash(_card_of(self._table[next_place]).video_id) & last
            if ((next_place - home) & last) >= ((next_place - place) & last):
                self._table[place] = self._table[next_place]
                place = next_place
        self._table[place] = NULL
        self._count -= 1
        self.size_bytes -= _cost(_card_of(out))
        Py_DECREF(<Entry> out)
        return 0

    cdef int _make_room(self, Py_ssize_t wanted_bytes) except -1:
        """The table is the clock's face. A hand that only swept would hold the loop up when everything was used."""
        cdef Py_ssize_t looks = 0
        cdef Card* card
        while self.size_bytes + wanted_bytes > self.max_bytes:
            self._hand &= self._places - 1
            if self._table[self._hand] == NULL:
                self._hand += 1
                continue
            card = _card_of(self._table[self._hand])
            if card.used and looks < LOOKS:
                looks += 1
                card.used = False
                self._hand += 1
            else:
                looks = 0
                self._take_out(self._hand)
        return 0

    cdef int _resize(self, Py_ssize_t places) except -1:
        cdef PyObject** old = self._table
        cdef Py_ssize_t old_places = self._places
        cdef Py_ssize_t i
        cdef PyObject** table = <PyObject**> calloc(places, sizeof(PyObject*))
        if table == NULL:
            raise MemoryError
        self._table = table
        self._places = places
        for i in range(old_places):
            if old[i] != NULL:
                self._table[self._place(_card_of(old[i]).video_id)] = old[i]
        free(old)
        return 0

    cdef int _release(self) except -1:
        cdef Py_ssize_t i
        for i in range(self._places):
            if self._table[i] != NULL:
                Py_DECREF(<Entry> self._table[i])
                self._table[i] = NULL
        self._count = 0
        self.size_bytes = 0
        return 0


cdef inline const char* _id_of(object video_id) except? NULL:
    """Its bytes, as long as the object lives; NULL for what is no id."""
    cdef Py_ssize_t size
    cdef const char* text
    if PyUnicode_CheckExact(video_id):
        text = PyUnicode_AsUTF8AndSize(video_id, &size)
        return text if size == ID_BYTES else NULL
    return PyBytes_AS_STRING(video_id) if _is_id(video_id) else NULL


cdef inline bint _is_id(object video_id) noexcept:
    return PyBytes_CheckExact(video_id) and PyBytes_GET_SIZE(video_id) == ID_BYTES


cdef inline Card* _card_of(PyObject* entry) noexcept:
    return (<Entry> entry)._card


@cython.overflowcheck(False)  # which a product of hashes is meant to do
cdef inline uint64_t _hash(const char* video_id) noexcept nogil:
    """Of the last 24 characters: ids of one moment differ in the end alone, made-up ones perhaps nowhere else."""
    cdef uint64_t word
    cdef uint64_t mixed = 0
    cdef Py_ssize_t i
    for i in range(ID_BYTES - 24, ID_BYTES, 8):
        memcpy(&word, video_id + i, 8)
        mixed = (mixed + word) * <uint64_t> 0x9E3779B97F4A7C15
        mixed ^= mixed >> 32
    return mixed
