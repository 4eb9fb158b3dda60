"""One order out of several lists of videos: what is asked of their cards, a blend by proportion, diversity."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from hotpath.pure.shelf import FORMAT, HEADER_BYTES, Entry

MOST_WEIGHT = 1000  # so that no two of one list stand at one place
AUTHOR_WINDOW = 5  # of so many in a row no two are one author's
TOPIC_WINDOW, TOPIC_MOST = 8, 4  # of so many in a row, so many at most have one category
_VISIBILITY = {ord("P"): "public", ord("F"): "friends", ord("X"): "private"}


class Mark:
    """What rules and diversity ask of a card; the category is "" unless it is active."""

    __slots__ = ("active", "author_id", "category", "visibility")

    def __init__(self, author_id: str, category: str, visibility: str, active: bool) -> None:
        self.author_id = author_id
        self.category = category
        self.visibility = visibility
        self.active = active


def marks(video_ids: Sequence[str], cards: Sequence[bytes | Entry | None]) -> dict[str, Mark]:
    """By id, of cards as bytes or taken in; none of what is no card of this format, and of None. Raises ValueError
    unless there are as many cards as ids."""
    if len(video_ids) != len(cards):
        raise ValueError("ids and cards differ in number")
    found = {}
    for video_id, card in zip(video_ids, cards, strict=True):
        mark = None if card is None else _mark(card.raw if isinstance(card, Entry) else card)
        if mark is not None:
            found[video_id] = mark
    return found


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


def offer(
    lists: Sequence[Sequence[str]],
    weights: Sequence[int],
    explored: Sequence[str],
    places: tuple[int, int, int],
    marked: Mapping[str, Mark] | None,
    avoided: Collection[str],
    may: Callable[[Mark], bool],
    own: str,
    seen: Collection[str],
) -> tuple[list[str], list[str], list[str], dict[str, int]]:
    """What may be offered: the blend of what was not seen, that of what was; which of `explored` have places in the
    first; and for each the list it is owed to. What a list has twice it has where it comes first.

    What has a mark may be offered if it is active, public and of no author avoided, or if `may` says so; without any
    marks everything may. Of those explored that were not seen, and are not of the author `own`, the first so many of
    `places` (first, every, at most) stand in those places, and are owed to the last list. Else a video is owed to the
    first list that has it, and what was seen to none: the number of lists. Raises ValueError as `blend` does.
    """
    lists = [list(dict.fromkeys(each)) for each in lists]
    every = dict.fromkeys([one for each in (*lists, explored) for one in each])
    wanted = {one for one in every if marked is None or _is_offered(marked.get(one), avoided, may)}
    new = [one for one in explored if one in wanted and one not in seen]
    first, step, most = places
    placed = [one for one in new if marked is None or marked[one].author_id != own][:most]
    unseen = blend(lists, weights, len(wanted), {one for one in wanted if one not in seen and one not in placed})
    again = blend(lists, weights, len(wanted), {one for one in wanted if one in seen})
    owed = {one: number for number in reversed(range(len(lists))) for one in lists[number] if one in wanted}
    owed |= dict.fromkeys(placed, len(lists) - 1) | dict.fromkeys(again, len(lists))
    for number, one in enumerate(placed):
        unseen.insert(first + step * number, one)
    return unseen, again, placed, owed


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


def _is_offered(mark: Mark | None, avoided: Collection[str], may: Callable[[Mark], bool]) -> bool:
    if mark is None:
        return False
    return (mark.active and mark.visibility == "public" and mark.author_id not in avoided) or may(mark)


def _mark(card: bytes) -> Mark | None:
    lengths = card[66:HEADER_BYTES]
    if len(card) < HEADER_BYTES or card[20] != FORMAT or card[21] not in _VISIBILITY or not lengths.isdigit():
        return None
    start = HEADER_BYTES + int(lengths[:2])
    end = start + int(lengths[2:])
    if len(card) < end or not (card[23:53] + card[start:end]).isascii():
        return None
    category = card[start:end].decode("ascii")
    return Mark(card[23:53].decode("ascii"), category, _VISIBILITY[card[21]], card[22] == ord("A"))


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
