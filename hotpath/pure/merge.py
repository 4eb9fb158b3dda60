"""Merge sorted lists of scored ids into the newest distinct ids: how a feed is put together from its sources."""

from __future__ import annotations  # array[int] is no expression before Python 3.12

import heapq
from array import array
from itertools import pairwise

from hotpath.pure._columns import ID_BYTES, Column, int64s


def merge(scores: Column, ids: bytes, offsets: Column, limit: int) -> array[int]:
    """Positions of the newest `limit` distinct ids of k lists, best first: score descending, then id descending.

    The lists stand one after the other: `scores` is int64[n], `ids` n x 30 bytes, `offsets` int64[k + 1], and list j
    holds the positions offsets[j] up to offsets[j + 1]. Each list must be sorted by (score, id) descending already; an
    unsorted one gives an unspecified choice of valid positions. An id that occurs more than once keeps its best
    occurrence, of equal ones the lowest position. A caller that pages cuts its lists at the cursor first.

    Cost: O(k + (limit + duplicates) log k), whatever n is, because only heads of lists are ever compared (multiway
    merge by selection: Knuth, The Art of Computer Programming, volume 3, 5.4.1).

    Raises ValueError for a negative limit, ids of another length, or offsets that don't rise from 0 to n.
    """
    score_column, bounds = int64s(scores), int64s(offsets)
    n = len(score_column)
    if len(ids) != n * ID_BYTES:
        raise ValueError("ids must hold 30 bytes for each score")
    if limit < 0:
        raise ValueError("limit must not be negative")
    rises = all(start <= end for start, end in pairwise(bounds))
    if not rises or len(bounds) == 0 or bounds[0] != 0 or bounds[-1] != n:
        raise ValueError("offsets must rise from 0 to the number of scores")

    def id_at(position: int) -> bytes:
        return bytes(ids[position * ID_BYTES : (position + 1) * ID_BYTES])

    lists = [range(start, end) for start, end in pairwise(bounds)]
    newest_first = heapq.merge(*lists, key=lambda i: (score_column[i], id_at(i)), reverse=True)
    chosen: array[int] = array("q")
    seen: set[bytes] = set()
    for position in newest_first:
        if len(chosen) >= limit:
            break
        if id_at(position) not in seen:
            seen.add(id_at(position))
            chosen.append(position)
    return chosen
