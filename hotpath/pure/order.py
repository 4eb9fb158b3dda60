"""One order out of several lists of videos: a blend by proportion, diversity."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

MOST_WEIGHT = 1000  # so that no two of one list stand at one place
AUTHOR_WINDOW = 5  # of so many in a row no two are one author's
TOPIC_WINDOW, TOPIC_MOST = 8, 4  # of so many in a row, so many at most have one category


class Mark:
    """What rules and diversity ask of a card; the category is "" unless it is active."""

    __slots__ = ("active", "author_id", "category", "visibility")

    def __init__(self, author_id: str, category: str, visibility: str, active: bool) -> None:
        self.author_id = author_id
        self.category = category
        self.visibility = visibility
        self.active = active


def blend(
    lists: Sequence[Sequence[str]], weights: Sequence[int], limit: int, wanted: Collection[str] | None = None
) -> list[str]:
    """At most `limit` distinct ids, drawn from lists in proportion to their weights; `wanted`: no others.

    The n-th id (of those wanted) of a list of weight w stands at n / w, in thousandths rounded down. Equal places go
    to the larger id. Raises ValueError for a weight that is not from 1 to MOST_WEIGHT, for another number of them than
    of lists, and for a negative limit.
    """
    if limit < 0:
        raise ValueError("limit must not be negative")
    if len(weights) != len(lists) or not all(1 <= weight <= MOST_WEIGHT for weight in weights):
        raise ValueError("each list needs a weight from 1 to 1000")
    kept = [[one for one in each if wanted is None or one in wanted] for each in lists]
    offers = [
        (-(place * 1000 // weight), one)
        for each, weight in zip(kept, weights, strict=True)
        for place, one in enumerate(each)
    ]
    return list(dict.fromkeys(one for _, one in sorted(offers, reverse=True)))[:limit]


def diversify(groups: Sequence[Sequence[str]], marked: Mapping[str, Mark], limit: int) -> list[str]:
    """At most `limit` ids, group after group, each group in its order but for what diversity moves down.

    Greedy: each place goes to the first that fits. Where none of a group does, rather a topic too often than an author;
    and of authors the one whose last video is the longest ago. Windows reach over the groups. What has no mark is the
    only one of its author and its topic.
    """
    chosen: list[tuple[str, str, str]] = []
    for group in groups:
        waiting = [_traits(one, marked) for one in group]
        while waiting and len(chosen) < limit:
            chosen.append(waiting.pop(_next(waiting, chosen)))
    return [one for one, _, _ in chosen]


def _traits(one: str, marked: Mapping[str, Mark]) -> tuple[str, str, str]:
    mark = marked.get(one)
    return (one, one, one) if mark is None else (one, mark.author_id, mark.category)


def _next(waiting: Sequence[tuple[str, str, str]], chosen: Sequence[tuple[str, str, str]]) -> int:
    """The place of what fits best behind `chosen`."""
    recent = {author: place for place, (_, author, _) in enumerate(chosen[1 - AUTHOR_WINDOW :], 1)}
    topics = Counter(topic for _, _, topic in chosen[1 - TOPIC_WINDOW :])
    best, best_at = (True, True, AUTHOR_WINDOW), 0
    for at, (_, author, topic) in enumerate(waiting):
        since = recent.get(author, 0)
        misfit = (since > 0, topics[topic] >= TOPIC_MOST, since)
        if misfit < best:
            best, best_at = misfit, at
    return best_at
