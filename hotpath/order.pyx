"""One order out of several lists of videos. `hotpath.pure.order` gives the meaning."""

from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memmove

cimport cython

from hotpath._types cimport int64_t

cdef enum:
    MOST_WEIGHT = 1000
    AUTHOR_WINDOW = 5
    TOPIC_WINDOW = 8
    TOPIC_MOST = 4
    # A misfit, the worst part of it first: an author too soon, a topic too often, how lately the author was there.
    AUTHOR_MISFIT = 32
    TOPIC_MISFIT = 16


@cython.final
cdef class Mark:
    """What is asked of a card."""

    cdef readonly str author_id
    cdef readonly str category
    cdef readonly str visibility
    cdef readonly bint active

    def __init__(self, str author_id not None, str category not None, str visibility not None, bint active):
        self.author_id = author_id
        self.category = category
        self.visibility = visibility
        self.active = active


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
        if not weigh(weights, count, places + count):
            raise ValueError("each list needs a weight from 1 to 1000")
        return _blended(kept, places, places + count, limit)
    finally:
        free(places)


def diversify(groups not None, dict marked not None, Py_ssize_t limit):
    """2 µs, and 100 ns an id where nothing is moved."""
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
    cdef Py_ssize_t i
    cdef Py_ssize_t start = 0, done = 0
    cdef dict numbers = {}
    try:
        for i in range(count):
            _number(ids[i], marked, numbers, i, &authors[i], &topics[i])
            waiting[i] = i
        for group in groups:
            done = take_fitting(authors, topics, waiting + start, len(group), chosen, done, most)
            start += len(group)
        return [ids[chosen[i]] for i in range(done)]
    finally:
        free(authors)


cdef bint weigh(object weights, Py_ssize_t count, int64_t* into) except -1:
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
    one, dict marked, dict numbers, Py_ssize_t place, Py_ssize_t* author, Py_ssize_t* topic
) except -1:
    """Equal numbers for equal authors, and for equal topics."""
    mark = marked.get(one)
    author[0] = numbers.setdefault(one if mark is None else (<Mark?> mark).author_id, place)
    topic[0] = author[0] if mark is None else numbers.setdefault((<Mark> mark).category, place)
    return 0


cdef Py_ssize_t take_fitting(
    const Py_ssize_t* authors, const Py_ssize_t* topics, Py_ssize_t* waiting, Py_ssize_t size,
    Py_ssize_t* chosen, Py_ssize_t done, Py_ssize_t most
) noexcept nogil:
    """Moves from a group of those waiting to those chosen, until these are so many; how many they are."""
    cdef Py_ssize_t at
    while size and done < most:
        at = _fitting(authors, topics, waiting, size, chosen, done)
        chosen[done] = waiting[at]
        done += 1
        size -= 1
        memmove(waiting + at, waiting + at + 1, (size - at) * sizeof(Py_ssize_t))
    return done


cdef Py_ssize_t _fitting(
    const Py_ssize_t* authors, const Py_ssize_t* topics, const Py_ssize_t* waiting, Py_ssize_t size,
    const Py_ssize_t* chosen, Py_ssize_t done
) noexcept nogil:
    """The place of what fits best behind those chosen."""
    cdef Py_ssize_t authors_from = max(done - AUTHOR_WINDOW + 1, 0)
    cdef Py_ssize_t topics_from = max(done - TOPIC_WINDOW + 1, 0)
    cdef Py_ssize_t at, i, often, best_at = 0
    cdef int misfit, since
    cdef int best = AUTHOR_MISFIT + TOPIC_MISFIT + AUTHOR_WINDOW
    for at in range(size):
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
