"""The choice of a For You. `hotpath.pure.choice` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_Compare, PyUnicode_DecodeLatin1
from libc.stdlib cimport calloc, free, malloc

cimport cython

from hotpath._names cimport Names, Text, found, make_room, numbered
from hotpath._types cimport int64_t
from hotpath.order cimport take_fitting, weigh
from hotpath.shelf cimport HEADER_BYTES, STATE, VISIBILITY, Card, Entry, prefetch, raw_of

from hotpath.order import Mark

cdef enum:
    AUTHOR_ID = 23
    AUTHOR_ID_BYTES = 30


cdef struct Offered:
    bint wanted
    bint seen
    bint placed
    Py_ssize_t owed
    Py_ssize_t blended_in  # the last blend, and one more
    Py_ssize_t rank  # how lately it was seen, the latest the highest


cdef struct Work:  # of one order; by number of a candidate, unless it is said otherwise
    Offered* offered
    Py_ssize_t* authors
    Py_ssize_t* topics
    Py_ssize_t* kept  # of each list, one behind the other, those that are blended
    Py_ssize_t* unseen  # numbers in order, and then those seen
    Py_ssize_t* chosen
    int64_t* weights  # by list
    int64_t* heads  # places in `kept`
    int64_t* scores  # of the heads
    Py_ssize_t* kept_ends


@cython.final
cdef class Choice:
    """About 30 µs for 300 candidates in 600 places of lists, a third of it for numbering them."""

    cdef list _ids
    cdef Names _names  # of `_ids`, which hold the texts
    cdef Py_ssize_t _lists
    cdef Py_ssize_t* _listed  # of each list, one behind the other, the numbers of its ids, each once
    cdef Py_ssize_t* _ends  # of each list there
    cdef Py_ssize_t* _owed  # by number, the first list that has it
    cdef Py_ssize_t* _explored  # numbers, each once
    cdef Py_ssize_t _explored_count

    def __cinit__(self, list lists not None, list explored not None):
        cdef Py_ssize_t most = len(explored)
        cdef Py_ssize_t i, number, before, size = 0
        for each in lists:
            most += len(<list?> each)
        self._ids = []
        self._lists = len(lists)
        self._listed = <Py_ssize_t*> malloc((4 * most + self._lists + 1) * sizeof(Py_ssize_t))
        if self._listed == NULL:
            raise MemoryError
        self._owed = self._listed + most
        self._explored = self._owed + most
        cdef Py_ssize_t* last = self._explored + most  # by number, the last list that had it
        self._ends = last + most
        make_room(&self._names, most)
        for i in range(self._lists):
            for one in <list> lists[i]:
                before = self._names.count
                number = self._number_of(one)
                if number == before:
                    self._owed[number] = i
                elif last[number] == i:
                    continue
                last[number] = i
                self._listed[size] = number
                size += 1
            self._ends[i] = size
        for one in explored:
            before = self._names.count
            number = self._number_of(one)
            if number == before:
                self._owed[number] = self._lists
            elif last[number] == self._lists:
                continue  # there is room for each number once
            last[number] = self._lists
            self._explored[self._explored_count] = number
            self._explored_count += 1

    def __dealloc__(self):
        free(self._listed)
        free(self._names.texts)

    @property
    def ids(self):
        return list(self._ids)

    def dead(self, list cards not None):
        if len(cards) != self._names.count:
            raise ValueError("ids and cards differ in number")
        cdef Py_ssize_t i
        return [
            self._ids[self._explored[i]] for i in range(self._explored_count)
            if not _is_public(_taken(cards[self._explored[i]]))
        ]

    def order(
        self, list cards, bytes seen not None, recent not None, weights not None, tuple places not None,
        avoided not None, may not None, str own not None, Py_ssize_t limit,
    ):
        cdef Py_ssize_t count = self._names.count
        cdef Py_ssize_t all_listed = self._ends[self._lists - 1] if self._lists else 0
        cdef Work work
        if cards is not None and len(cards) != count:
            raise ValueError("ids and cards differ in number")
        if len(seen) != count:
            raise ValueError("ids and what was seen differ in number")
        work.offered = <Offered*> calloc(count + 1, sizeof(Offered))
        work.authors = <Py_ssize_t*> malloc((5 * count + all_listed + self._lists + 1) * sizeof(Py_ssize_t))
        work.weights = <int64_t*> calloc(3 * self._lists + 2, sizeof(int64_t))
        try:
            if work.offered == NULL or work.authors == NULL or work.weights == NULL:
                raise MemoryError
            work.topics = work.authors + count
            work.unseen = work.topics + count
            work.chosen = work.unseen + 2 * count
            work.kept = work.chosen + count
            work.kept_ends = work.kept + all_listed
            work.heads = work.weights + self._lists
            work.scores = work.heads + self._lists
            if not weigh(weights, self._lists, work.weights):
                raise ValueError("each list needs a weight from 1 to 1000")
            held = None if cards is None else list(cards)  # while `may` is asked they must not go
            return self._ordered(&work, held, seen, recent, places, avoided, may, own, limit)
        finally:
            free(work.offered)
            free(work.authors)
            free(work.weights)

    cdef tuple _ordered(
        self, Work* work, list cards, bytes seen, recent, tuple places, avoided, may, str own, Py_ssize_t limit
    ):
        cdef Py_ssize_t number, unseen, again, done, i, owner
        owner = self._judge(work, cards, avoided, may, own)
        self._note_seen(work, seen, recent)
        placed = self._place(work, places, owner)
        unseen = self._blend(work, False, work.unseen)
        unseen = self._insert_placed(work, placed, places, unseen)
        again = self._blend(work, True, work.unseen + unseen)
        _sort(work.offered, work.unseen + unseen, again)
        cdef Py_ssize_t most = max(0, min(limit, unseen + again))
        done = take_fitting(work.authors, work.topics, work.unseen, unseen, work.chosen, 0, most)
        done = take_fitting(work.authors, work.topics, work.unseen + unseen, again, work.chosen, done, most)
        chosen, owed = [], []
        for i in range(done):
            number = work.chosen[i]
            chosen.append(self._ids[number])
            if work.offered[number].placed:
                owed.append(self._lists - 1)
            else:
                owed.append(self._lists if work.offered[number].seen else self._owed[number])
        return chosen, owed, [self._ids[one] for one in placed]

    cdef Py_ssize_t _judge(self, Work* work, list cards, avoided, may, str own) except -2:
        """Notes who wants what; the number of the author `own`, or -1 if none of them is."""
        cdef Py_ssize_t count = self._names.count
        cdef Py_ssize_t i, number
        cdef const Card* card
        cdef Names people, topics
        cdef Text text
        if cards is None:
            for i in range(count):
                work.offered[i].wanted = True
                work.authors[i] = work.topics[i] = i
            return -1
        people.texts = topics.texts = NULL
        cdef bint* shunned = <bint*> calloc(count + 1, sizeof(bint))
        try:
            if shunned == NULL:
                raise MemoryError
            make_room(&people, count)
            make_room(&topics, count)
            for one in cards:
                card = _taken(one)
                if card != NULL:
                    prefetch(raw_of(card))
                    prefetch(&raw_of(card)[HEADER_BYTES])
            for i in range(count):
                card = _taken(cards[i])
                if card == NULL:
                    continue
                text.at, text.size = raw_of(card) + AUTHOR_ID, AUTHOR_ID_BYTES
                work.authors[i] = numbered(&people, text)
                work.topics[i] = numbered(&topics, _category(card))
            for one in avoided:
                number = found(&people, _text_of(one))
                if number >= 0:
                    shunned[number] = True
            for i in range(count):
                card = _taken(cards[i])
                if card != NULL:
                    work.offered[i].wanted = (_is_public(card) and not shunned[work.authors[i]]) or may(_mark(card))
            return found(&people, _text_of(own))
        finally:
            free(people.texts)
            free(topics.texts)
            free(shunned)

    cdef int _note_seen(self, Work* work, bytes seen, recent) except -1:
        cdef const char* flags = PyBytes_AS_STRING(seen)
        cdef Py_ssize_t count = len(recent)
        cdef Py_ssize_t i, number
        for i in range(self._names.count):
            work.offered[i].seen = flags[i] != 0
            work.offered[i].rank = -count
        for i in range(count):
            number = found(&self._names, _text_of(recent[i]))
            if number >= 0:
                work.offered[number].seen = True
                work.offered[number].rank = -i
        return 0

    cdef list _place(self, Work* work, tuple places, Py_ssize_t owner):
        """The numbers of those explored that have places, in their order."""
        cdef Py_ssize_t most = places[2]
        cdef Py_ssize_t i, number
        cdef list placed = []
        for i in range(self._explored_count):
            if len(placed) >= most:
                break
            number = self._explored[i]
            if work.offered[number].wanted and not work.offered[number].seen:
                if owner < 0 or work.authors[number] != owner:
                    placed.append(number)
        for number in placed:
            work.offered[number].placed = True
        return placed

    cdef Py_ssize_t _insert_placed(self, Work* work, list placed, tuple places, Py_ssize_t size) except -1:
        """Each behind those that stand before its place, of which there may be too few; how many there are then."""
        cdef Py_ssize_t first = places[0]
        cdef Py_ssize_t step = places[1]
        cdef Py_ssize_t i, at, place
        for i in range(len(placed)):
            place = min(first + step * i, size)
            for at in range(size, place, -1):
                work.unseen[at] = work.unseen[at - 1]
            work.unseen[place] = placed[i]
            size += 1
        return size

    cdef Py_ssize_t _blend(self, Work* work, bint seen, Py_ssize_t* into) except -1:
        """By head selection (`hotpath.order.blend`), of those wanted that were seen, or that were not and have no place
        yet; how many there are."""
        cdef Py_ssize_t size = 0, count = 0, start = 0
        cdef Py_ssize_t i, at, number, best, best_number
        for i in range(self._lists):
            work.heads[i], work.scores[i] = size, 0
            for at in range(start, self._ends[i]):
                number = self._listed[at]
                if work.offered[number].wanted and work.offered[number].seen == seen:
                    if not work.offered[number].placed:
                        work.kept[size] = number
                        size += 1
            start = self._ends[i]
            work.kept_ends[i] = size
        while True:
            best, best_number = -1, -1
            for i in range(self._lists):
                if work.heads[i] < work.kept_ends[i]:
                    number = work.kept[work.heads[i]]
                    if best < 0 or work.scores[i] < work.scores[best] or (
                        work.scores[i] == work.scores[best]
                        and PyUnicode_Compare(self._ids[number], self._ids[best_number]) > 0
                    ):
                        best, best_number = i, number
            if best < 0:
                return count
            work.heads[best] += 1
            start = work.kept_ends[best - 1] if best > 0 else 0
            work.scores[best] = (work.heads[best] - start) * 1000 // work.weights[best]
            if work.offered[best_number].blended_in != 1 + seen:
                work.offered[best_number].blended_in = 1 + seen
                into[count] = best_number
                count += 1

    cdef Py_ssize_t _number_of(self, one) except -1:
        cdef Py_ssize_t before = self._names.count
        cdef Py_ssize_t number = numbered(&self._names, _text_of(one))
        if self._names.count != before:
            self._ids.append(one)
        return number


def categories(list cards not None, Py_ssize_t most):
    """1 µs for 60 cards."""
    cdef Py_ssize_t number, best
    cdef const Card* card
    cdef Names topics
    cdef Py_ssize_t* times = <Py_ssize_t*> calloc(len(cards) + 1, sizeof(Py_ssize_t))
    topics.texts = NULL
    chosen = []
    try:
        if times == NULL:
            raise MemoryError
        make_room(&topics, len(cards))
        for one in cards:
            card = _taken(one)
            if card != NULL and raw_of(card)[STATE] == c"A":
                times[numbered(&topics, _category(card))] += 1
        while len(chosen) < min(most, topics.count):
            best = 0
            for number in range(1, topics.count):
                if times[number] > times[best]:
                    best = number
            chosen.append((_text_from(topics.texts[best]), times[best]))
            times[best] = 0
        return chosen
    finally:
        free(topics.texts)
        free(times)


cdef inline const Card* _taken(one) except? NULL:
    return NULL if one is None else (<Entry?> one)._card


cdef inline bint _is_public(const Card* card) noexcept nogil:
    return card != NULL and raw_of(card)[STATE] == c"A" and raw_of(card)[VISIBILITY] == c"P"


cdef inline Text _category(const Card* card) noexcept nogil:
    cdef Text text
    text.at = raw_of(card) + HEADER_BYTES + card.media_version_bytes
    text.size = card.body_at - HEADER_BYTES - card.media_version_bytes
    return text


cdef object _mark(const Card* card):
    cdef char seen_by = raw_of(card)[VISIBILITY]
    return Mark(
        PyUnicode_DecodeLatin1(raw_of(card) + AUTHOR_ID, AUTHOR_ID_BYTES, NULL),
        _text_from(_category(card)),
        "public" if seen_by == c"P" else "friends" if seen_by == c"F" else "private",
        raw_of(card)[STATE] == c"A",
    )


cdef inline str _text_from(Text text):
    return PyUnicode_DecodeLatin1(text.at, text.size, NULL)


cdef inline Text _text_of(one) except *:
    """As long as the object lives."""
    cdef Text text
    text.at = PyUnicode_AsUTF8AndSize(<str?> one, &text.size)
    return text


cdef void _sort(const Offered* offered, Py_ssize_t* numbers, Py_ssize_t count) noexcept nogil:
    """By rank; those of one rank stay in their order. Most have the lowest: to insert each is quick."""
    cdef Py_ssize_t i, at, number
    for i in range(1, count):
        number = numbers[i]
        at = i
        while at > 0 and offered[numbers[at - 1]].rank > offered[number].rank:
            numbers[at] = numbers[at - 1]
            at -= 1
        numbers[at] = number
