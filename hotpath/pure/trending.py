"""The documented trending rule as a function of counts and time, and its passes over a whole ledger.

    score = 1000 views + 500 likes + 2000 shares - 50 age_hours - 50 ticks

The age is a real number of hours and a tick is a five-minute UTC boundary since publishing. 50 points an hour are one
point in 72,000 ms, so in units of 1/72,000 point every term is a whole number and the score is exact: only what is
reported is rounded, once, down.

What a video loses from publishing to now is faded(now) - faded(published), the same function at two times. The part
that belongs to the video never changes, and it is the rank key: rank_key = 72,000 points + faded(published). The order
of rank keys is the order of exact scores at every moment, and a threshold that moves with faded(now) stands for the
sweep every five minutes (forward decay: Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009).
"""

from __future__ import annotations  # array[int] is no expression before Python 3.12

import heapq
from array import array

from hotpath.pure._columns import Column, int64s

POINTS_PER_VIEW, POINTS_PER_LIKE, POINTS_PER_SHARE = 1000, 500, 2000
MIN_SCORE = 100  # a video below this leaves the list

UNITS_PER_POINT = 72_000
TICK_MS = 300_000
UNITS_PER_TICK = 50 * UNITS_PER_POINT

MAX_POINTS = 100_000_000_000_000  # keeps every key within int64: 10^11 views
MAX_TIME_MS = 2**48 - 1  # what an id's time field holds


def score(views: int, likes: int, shares: int, published_ms: int, now_ms: int) -> int:
    """The score at `now_ms`, rounded down. A time of publishing before 1970 counts as 1970, a future one as now."""
    earned = POINTS_PER_VIEW * views + POINTS_PER_LIKE * likes + POINTS_PER_SHARE * shares
    return (rank_key(earned, _past(published_ms, now_ms)) - _faded(now_ms)) // UNITS_PER_POINT


def rank_key(points: int, published_ms: int) -> int:
    """A key whose order is the order of exact scores at any time, for an index; `published_ms` is not in the future.

    It fits int64 for |points| <= 10^14, and a double (a sorted set) exactly up to 1.2 x 10^11 points.
    """
    return UNITS_PER_POINT * points + _faded(published_ms)


def threshold(now_ms: int) -> int:
    """The smallest rank key whose score is at least 100 at `now_ms`."""
    return UNITS_PER_POINT * MIN_SCORE + _faded(now_ms)


def top(points: Column, published: Column, now_ms: int, limit: int) -> tuple[array[int], array[int]]:
    """Positions and scores of the best `limit` rows that score at least 100 at `now_ms`.

    `points` and `published` (ms since 1970) are int64 columns of one ledger. Best first by the exact score (see the
    module's docstring), then the later published, then the lower position; a time of publishing before 1970 counts as
    1970, a future one as now. A limit of 0 looks at nothing.

    Raises ValueError for columns of different lengths, a negative limit, a time outside 0 to 2^48 - 1 or points
    beyond 10^14.
    """
    earned, times = int64s(points), int64s(published)
    if len(earned) != len(times):
        raise ValueError("points and published differ in length")
    if limit < 0:
        raise ValueError("limit must not be negative")
    if not 0 <= now_ms <= MAX_TIME_MS:
        raise ValueError("now_ms must lie between 0 and 2^48 - 1")
    if limit == 0:
        return array("q"), array("q")
    if any(total > MAX_POINTS for total in earned):
        raise ValueError(f"points are beyond {MAX_POINTS}")
    past = [_past(published_ms, now_ms) for published_ms in times]
    keys = [rank_key(total, published_ms) for total, published_ms in zip(earned, past, strict=True)]
    cut = threshold(now_ms)
    survivors = (position for position, key in enumerate(keys) if key >= cut)
    best = heapq.nlargest(limit, survivors, key=lambda i: (keys[i], past[i], -i))
    return array("q", best), array("q", [(keys[i] - _faded(now_ms)) // UNITS_PER_POINT for i in best])


def _faded(time_ms: int) -> int:
    """Units that a score loses from 1970 to `time_ms`: one a millisecond, and 50 points at each tick."""
    return time_ms + UNITS_PER_TICK * (time_ms // TICK_MS)


def _past(published_ms: int, now_ms: int) -> int:
    return min(max(published_ms, 0), now_ms)
