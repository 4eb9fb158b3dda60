"""From candidate lists to one order, by the merge kernel, and no author or topic too often in a row. Pure."""

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from hotpath import merge as kernel

AUTHOR_WINDOW: Final = 5  # of so many in a row no two are one author's
TOPIC_WINDOW, TOPIC_MOST = 8, 4  # of so many in a row, so many at most have one category

Entry = tuple[int, str]  # (score, video id)


class Candidate(NamedTuple):
    """What diversity asks of a video."""

    video_id: str
    author: str
    topic: str


def newest(lists: Sequence[Sequence[Entry]], limit: int) -> list[Entry]:
    """The newest distinct videos of several lists, each sorted by (score desc, id desc)."""
    entries = [entry for each in lists for entry in each]
    scores = array("q", (score for score, _ in entries))
    ids = "".join(video_id for _, video_id in entries).encode("ascii")
    offsets = array("q", accumulate((len(each) for each in lists), initial=0))
    return [entries[position] for position in kernel.merge(scores, ids, offsets, limit)]


def interleave(sources: Sequence[tuple[Sequence[str], int]], limit: int) -> list[str]:
    """Distinct ids drawn from ordered sources in proportion to their weights.

    The n-th id of a source of weight w stands at n / w: the same merge then orders them all. Equal places go to the
    larger id, which is the newer video.
    """
    lists = [
        sorted(((-(place * 1000 // weight), video_id) for place, video_id in enumerate(ids)), reverse=True)
        for ids, weight in sources
    ]
    return [video_id for _, video_id in newest(lists, limit)]


def diversify(groups: Sequence[Sequence[Candidate]], limit: int) -> list[str]:
    """At most `limit` ids, group after group, each group in its order but for what diversity moves down.

    Greedy: each place goes to the first that fits. Where none of a group does, rather a topic too often than an author;
    and of authors the one whose last video is the longest ago. Windows reach over the groups, and over all pages that
    are cut from the order.
    """
    chosen: list[Candidate] = []
    for group in groups:
        waiting = list(group)
        while waiting and len(chosen) < limit:
            chosen.append(waiting.pop(_next(waiting, chosen)))
    return [candidate.video_id for candidate in chosen]


def _next(waiting: Sequence[Candidate], chosen: Sequence[Candidate]) -> int:
    """The place of the candidate that fits best behind `chosen`."""
    recent = {candidate.author: place for place, candidate in enumerate(chosen[1 - AUTHOR_WINDOW :], 1)}
    topics = Counter(candidate.topic for candidate in chosen[1 - TOPIC_WINDOW :])
    best, best_at = (True, True, AUTHOR_WINDOW), 0
    for at, candidate in enumerate(waiting):
        since = recent.get(candidate.author, 0)
        misfit = (since > 0, topics[candidate.topic] >= TOPIC_MOST, since)
        if misfit < best:
            best, best_at = misfit, at
            if best == (False, False, 0):
                break
    return best_at
