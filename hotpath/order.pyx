"""One order out of several lists of videos. `hotpath.pure.order` gives the meaning."""

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.unicode cimport PyUnicode_Compare, PyUnicode_DecodeASCII
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memmove

cimport cython

from hotpath._types cimport int64_t
from hotpath.shelf cimport FORMAT, HEADER_BYTES, LENGTHS, STATE, VISIBILITY, Entry, prefetch, raw_of

cdef enum:
    MOST_WEIGHT = 1000
    AUTHOR_WINDOW = 5
    TOPIC_WINDOW = 8
    TOPIC_MOST = 4
    AUTHOR_ID = 23
    AUTHOR_ID_BYTES = 30
    # A misfit, the worst part of it first: an author too soon, a topic too often, how lately the author was there.
    AUTHOR_MISFIT = 32
    TOPIC_MISFIT = 16


ctypedef struct Offered:
    bint wanted
    bint seen
    bint placed
    Py_ssize_t owed
    Py_ssize_t listed_in  # the last list that had it, and one more
    Py_ssize_t blended_in  # the last blend, and one more


@cython.final
@cython.freelist(512)
cdef class Mark:
    """Made from a card in 40 ns: its texts are made when somebody asks."""

    cdef readonly str visibility
    cdef readonly bint active
    cdef str _author_id
    cdef str _category
    cdef object _card  # holds `_text` alive
    cdef const char* _text
    cdef Py_ssize_t _category_at
    cdef Py_ssize_t _category_bytes

    def __init__(self, str author_id not None, str category not None, str visibility not None, bint active):
        self._author_id = author_id
        self._category = category
        self.visibility = visibility
        self.active = active

    @property
    def author_id(self):
        return self._author()

    @property
    def category(self):
        return self._topic()

    cdef str _author(self):
        if self._author_id is None:
            self._author_id = PyUnicode_DecodeASCII(self._text + AUTHOR_ID, AUTHOR_ID_BYTES, NULL)
        return self._author_id

    cdef str _topic(self):
        if self._category is None:
            self._category = PyUnicode_DecodeASCII(self._text + self._category_at, self._category_bytes, NULL)
        return self._category


def marks(list video_ids not None, list cards not None):
    """About 70 ns a card: they lie apart, and all are called for before the first is needed."""
    cdef dict found = {}
    if len(video_ids) != len(cards):
        raise ValueError("ids and cards differ in number")
    for card in cards:
        if type(card) is Entry:
            prefetch(raw_of((<Entry> card)._card))
            prefetch(&raw_of((<Entry> card)._card)[HEADER_BYTES])
    for video_id, card in zip(video_ids, cards):
        mark = None if card is None else _mark_of(card)
        if mark is not None:
            found[video_id] = mark
    return found


def blend(lists not None, weights not None, Py_ssize_t limit, wanted=None):
    """About 60 ns an id."""
    if limit < 0:
        raise ValueError("limit must not be negative")
    cdef list kept = [each if wanted is None else [one for one in each if one in wanted] for each in lists]
    kept = [list(each) for each in kept] if wanted is None else kept
    cdef Py_ssize_t count = len(kept)
    cdef int64_t* places = <int64_t*> calloc(2 * count + 1, sizeof(int64_t))
    if places == NULL:
        raise MemoryError
    try:
        if not _weigh(weights, count, places + count):
            raise ValueError("each list needs a weight from 1 to 1000")
        return _blended(kept, places, places + count, limit)
    finally:
        free(places)


def offer(
    list lists not None, weights not None, list explored not None, tuple places not None, dict marked,
    avoided not None, may not None, own, seen not None,
):
    """About 100 ns an id."""
    cdef Py_ssize_t count = len(lists)
    cdef Py_ssize_t most = len(explored)
    for each in lists:
        most += len(<list?> each)
    # By number: what an id is, and which list it is owed to; by list, one behind the other: the numbers of its ids.
    cdef Offered* offered = <Offered*> calloc(most + 1, sizeof(Offered))
    cdef Py_ssize_t* listed = <Py_ssize_t*> malloc((most + 1) * sizeof(Py_ssize_t))
    cdef Py_ssize_t* kept = <Py_ssize_t*> malloc((most + 1) * sizeof(Py_ssize_t))
    cdef int64_t* heads = <int64_t*> calloc(4 * count + 2, sizeof(int64_t))
    try:
        if offered == NULL or listed == NULL or kept == NULL or heads == NULL:
            raise MemoryError
        if not _weigh(weights, count, heads):
            raise ValueError("each list needs a weight from 1 to 1000")
        return _offered(lists, explored, places, marked, avoided, may, own, seen, offered, listed, kept, heads)
    finally:
        free(offered)
        free(listed)
        free(kept)
        free(heads)


def diversify(groups not None, dict marked not None, Py_ssize_t limit):
    """2 µs, and 50 ns an id where nothing is moved."""
    cdef list ids = [one for group in groups for one in group]
    cdef Py_ssize_t count = len(ids)
    cdef Py_ssize_t most = max(0, min(limit, count))
    # Numbers of authors and topics of all; places in `ids` that wait; places chosen.
    cdef Py_ssize_t* authors = <Py_ssize_t*> malloc((3 * count + most + 1) * sizeof(Py_ssize_t))
    if authors == NULL:
        raise MemoryError
    cdef Py_ssize_t* topics = authors + count
    cdef Py_ssize_t* waiting = topics + count
    cdef Py_ssize_t* chosen = waiting + count
    cdef Py_ssize_t size, i
    cdef Py_ssize_t start = 0, done = 0
    cdef dict numbers = {}
    try:
        for i in range(count):
            authors[i] = -1  # numbered when it is looked at, which most are not
        for group in groups:
            size = len(group)
            for i in range(size):
                waiting[i] = start + i
            start += size
            while size and done < most:
                i = _next(ids, marked, numbers, authors, topics, waiting, size, chosen, done)
                chosen[done] = waiting[i]
                done += 1
                size -= 1
                memmove(waiting + i, waiting + i + 1, (size - i) * sizeof(Py_ssize_t))
        return [ids[chosen[i]] for i in range(done)]
    finally:
        free(authors)


cdef Mark _mark_of(card):
    if type(card) is Entry:
        return _mark(card, raw_of((<Entry> card)._card), (<Entry> card)._card.raw_bytes)
    return _mark(card, PyBytes_AS_STRING(<bytes?> card), len(<bytes> card))


cdef Mark _mark(card, const char* text, Py_ssize_t size):
    cdef Py_ssize_t i, start, end
    if size < HEADER_BYTES or text[FORMAT] != c"2":
        return None
    for i in range(LENGTHS, HEADER_BYTES):
        if not c"0" <= text[i] <= c"9":
            return None
    start = HEADER_BYTES + _two_digits(text + LENGTHS)
    end = start + _two_digits(text + LENGTHS + 2)
    if size < end or not _is_ascii(text + AUTHOR_ID, AUTHOR_ID_BYTES) or not _is_ascii(text + start, end - start):
        return None
    cdef Mark mark = Mark.__new__(Mark)
    if text[VISIBILITY] == c"P":
        mark.visibility = "public"
    elif text[VISIBILITY] == c"F":
        mark.visibility = "friends"
    elif text[VISIBILITY] == c"X":
        mark.visibility = "private"
    else:
        return None
    mark._card = card
    mark._text = text
    mark._category_at = start
    mark._category_bytes = end - start
    mark.active = text[STATE] == c"A"
    return mark


cdef inline Py_ssize_t _two_digits(const char* text) noexcept nogil:
    return 10 * (text[0] - c"0") + text[1] - c"0"


cdef inline bint _is_ascii(const char* text, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        if <unsigned char> text[i] > 127:
            return False
    return True


cdef tuple _offered(
    list lists, list explored, tuple places, dict marked, avoided, may, own, seen,
    Offered* offered, Py_ssize_t* listed, Py_ssize_t* kept, int64_t* heads,
):
    """`heads` holds the weights, and room for the bounds of each list in `listed`."""
    cdef Py_ssize_t count = len(lists)
    cdef int64_t* ends = heads + count
    cdef Py_ssize_t number, i
    cdef Py_ssize_t size = 0
    cdef dict numbers = {}
    cdef list names = []
    for i in range(count):
        for one in <list> lists[i]:
            number = _number_of(one, numbers, names, offered, i)
            if offered[number].listed_in != i + 1:
                offered[number].listed_in = i + 1
                listed[size] = number
                size += 1
        ends[i] = size
    for one in explored:
        _number_of(one, numbers, names, offered, count)
    for number in range(len(names)):
        one = names[number]
        offered[number].wanted = marked is None or _is_offered(marked.get(one), avoided, may)
        offered[number].seen = one in seen
    cdef Py_ssize_t first, step, most
    first, step, most = places
    cdef list placed = []
    for one in explored:
        if len(placed) >= most:
            break
        number = numbers[one]
        if offered[number].wanted and not offered[number].seen:
            if marked is None or (<Mark?> marked[one])._author() != own:
                offered[number].placed = True
                placed.append(one)
    cdef list unseen = _blend_of(names, offered, listed, kept, heads, count, False)
    cdef list again = _blend_of(names, offered, listed, kept, heads, count, True)
    cdef dict owed = {}
    for number in range(len(names)):
        if offered[number].wanted:
            if offered[number].placed:
                owed[names[number]] = count - 1
            elif offered[number].listed_in:
                owed[names[number]] = count if offered[number].seen else offered[number].owed
    for i in range(len(placed)):
        unseen.insert(first + step * i, placed[i])
    return unseen, again, placed, owed


cdef Py_ssize_t _number_of(one, dict numbers, list names, Offered* offered, Py_ssize_t owed) except -1:
    known = numbers.get(one)
    if known is not None:
        return <Py_ssize_t> known
    cdef Py_ssize_t number = len(names)
    numbers[one] = number
    names.append(one)
    offered[number].owed = owed
    return number


cdef bint _is_offered(mark, avoided, may) except -1:
    if mark is None:
        return False
    cdef Mark known = <Mark?> mark
    if known.active and known.visibility == "public" and (not avoided or known._author() not in avoided):
        return True
    return bool(may(mark))


cdef list _blend_of(
    list names, Offered* offered, const Py_ssize_t* listed, Py_ssize_t* kept, int64_t* heads, Py_ssize_t count,
    bint seen
):
    """As `_blended`, of numbers: those wanted that were seen, or that were not and have no place yet."""
    cdef const int64_t* weights = heads
    cdef const int64_t* ends = heads + count
    cdef int64_t* kept_ends = heads + 2 * count  # of the lists of those wanted
    cdef int64_t* places = heads + 3 * count
    cdef list chosen = []
    cdef Py_ssize_t size = 0
    cdef Py_ssize_t i, at, number, best, best_number
    cdef int64_t score, best_score = 0, start = 0
    for i in range(count):
        places[i] = 0
        for at in range(start, ends[i]):
            number = listed[at]
            if offered[number].wanted and offered[number].seen == seen and not offered[number].placed:
                kept[size] = number
                size += 1
        start = ends[i]
        kept_ends[i] = size
    while True:
        best, best_number, start = -1, -1, 0
        for i in range(count):
            if start + places[i] < kept_ends[i]:
                number = kept[start + places[i]]
                score = places[i] * 1000 // weights[i]
                if best < 0 or score < best_score or (
                    score == best_score and PyUnicode_Compare(names[number], names[best_number]) > 0
                ):
                    best, best_score, best_number = i, score, number
            start = kept_ends[i]
        if best < 0:
            return chosen
        places[best] += 1
        if offered[best_number].blended_in != 1 + seen:
            offered[best_number].blended_in = 1 + seen
            chosen.append(names[best_number])


cdef bint _weigh(weights, Py_ssize_t count, int64_t* into) except -1:
    """False if there are not so many, or one is out of bounds."""
    cdef Py_ssize_t i = 0
    if len(weights) != count:
        return False
    for weight in weights:
        if not 1 <= weight <= MOST_WEIGHT:
            return False
        into[i] = weight
        i += 1
    return True


cdef list _blended(list lists, int64_t* places, const int64_t* weights, Py_ssize_t limit):
    """By head selection: of a few lists each offers its next."""
    cdef list chosen = []
    cdef set taken = set()
    cdef list each
    cdef Py_ssize_t count = len(lists)
    cdef Py_ssize_t i, best
    cdef int64_t score
    cdef int64_t best_score = 0
    while len(chosen) < limit:
        best, best_id = -1, None
        for i in range(count):
            each = <list> lists[i]
            if places[i] == len(each):
                continue
            score = places[i] * 1000 // weights[i]
            if best < 0 or score < best_score or (score == best_score and each[places[i]] > best_id):
                best, best_score, best_id = i, score, each[places[i]]
        if best < 0:
            break
        places[best] += 1
        if best_id not in taken:
            taken.add(best_id)
            chosen.append(best_id)
    return chosen


cdef int _number(
    list ids, dict marked, dict numbers, Py_ssize_t place, Py_ssize_t* author, Py_ssize_t* topic
) except -1:
    """Equal numbers for equal authors, and for equal topics."""
    mark = marked.get(ids[place])
    author[0] = numbers.setdefault(ids[place] if mark is None else (<Mark?> mark)._author(), place)
    topic[0] = author[0] if mark is None else numbers.setdefault((<Mark> mark)._topic(), place)
    return 0


cdef Py_ssize_t _next(
    list ids, dict marked, dict numbers, Py_ssize_t* authors, Py_ssize_t* topics,
    const Py_ssize_t* waiting, Py_ssize_t size, const Py_ssize_t* chosen, Py_ssize_t done,
) except -1:
    """The place of what fits best behind those chosen."""
    cdef Py_ssize_t authors_from = max(done - AUTHOR_WINDOW + 1, 0)
    cdef Py_ssize_t topics_from = max(done - TOPIC_WINDOW + 1, 0)
    cdef Py_ssize_t at, i, often, best_at = 0
    cdef int misfit, since
    cdef int best = AUTHOR_MISFIT + TOPIC_MISFIT + AUTHOR_WINDOW
    for at in range(size):
        if authors[waiting[at]] < 0:
            _number(ids, marked, numbers, waiting[at], &authors[waiting[at]], &topics[waiting[at]])
        since = 0
        for i in range(authors_from, done):
            if authors[chosen[i]] == authors[waiting[at]]:
                since = <int> (i - authors_from) + 1
        often = 0
        for i in range(topics_from, done):
            often += topics[chosen[i]] == topics[waiting[at]]
        misfit = (AUTHOR_MISFIT if since else 0) + (TOPIC_MISFIT if often >= TOPIC_MOST else 0) + since
        if misfit < best:
            best, best_at = misfit, at
            if best == 0:
                break
    return best_at
