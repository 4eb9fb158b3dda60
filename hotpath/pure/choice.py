"""The choice of a For You: candidates from several lists, each once, and the one order that is made of them."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter

from hotpath.pure.order import Mark, blend, diversify
from hotpath.pure.shelf import Entry

_VISIBILITY = {b"P": "public", b"F": "friends", b"X": "private"}


class Choice:
    """Candidates: those of lists, each list the best first, and those that are there to be explored."""

    def __init__(self, lists: Sequence[Sequence[str]], explored: Sequence[str]) -> None:
        if not all(isinstance(each, list) and all(isinstance(one, str) for one in each) for each in (*lists, explored)):
            raise TypeError("candidates are lists of texts")
        self._lists = [list(dict.fromkeys(each)) for each in lists]
        self._explored = list(dict.fromkeys(explored))
        self._ids = list(dict.fromkeys(one for each in (*lists, explored) for one in each))

    @property
    def ids(self) -> list[str]:
        """Each candidate once."""
        return list(self._ids)

    def dead(self, cards: Sequence[Entry | None]) -> list[str]:
        """Of those explored the ones that are not there for everybody: without a card, not active or not public."""
        by_id = self._by_id(cards)
        return [one for one in self._explored if not _is_public(by_id[one])]

    def order(
        self,
        cards: Sequence[Entry | None] | None,
        seen: bytes,
        recent: Sequence[str],
        weights: Sequence[int],
        places: tuple[int, int, int],
        avoided: Collection[str],
        may: Callable[[Mark], bool],
        own: str,
        limit: int,
    ) -> tuple[list[str], list[int], list[str]]:
        """At most `limit` ids; to which list each is owed; and which of those explored have places of their own.

        First the blend of what was not seen by these weights (`hotpath.pure.order.blend`), then what was seen, the
        longest ago first: what is not among the `recent`, which are the last seen, the latest first, then these. Each
        of the two in its order but for what diversity moves down (`diversify`).

        What has a card may be offered if it is active, public and of no author avoided, or if `may` says so of its
        mark; without any cards (None) everything may, and each is the only one of its author. Of those explored that
        were not seen, and are not of the author `own`, the first so many of `places` (first, every, at most) stand in
        those places, and are owed to the last list. Else a video is owed to the first list that has it, and what was
        seen to none: the number of lists.

        `cards`, and `seen` with a byte that is not 0 for what was, are in the order of `ids`: ValueError for another
        number of them, and for weights as `blend` raises it.
        """
        by_id = None if cards is None else self._by_id(cards)
        if len(seen) != len(self._ids):
            raise ValueError("ids and what was seen differ in number")
        known = {one for one, byte in zip(self._ids, seen, strict=True) if byte}.union(recent)
        wanted = {one for one in self._ids if by_id is None or _is_offered(by_id[one], avoided, may)}
        marks = {one: _mark(card) for one, card in (by_id or {}).items() if card is not None}
        new = [one for one in self._explored if one in wanted and one not in known]
        first, step, most = places
        placed = [one for one in new if by_id is None or marks[one].author_id != own][: max(most, 0)]
        unseen = blend(self._lists, weights, len(wanted), {one for one in wanted - known if one not in placed})
        again = blend(self._lists, weights, len(wanted), wanted & known)
        for number, one in enumerate(placed):
            unseen.insert(first + step * number, one)
        lately = {one: -rank for rank, one in enumerate(recent)}
        again.sort(key=lambda one: lately.get(one, -len(recent)))
        chosen = diversify([unseen, again], marks, limit)
        return chosen, [self._owed(one, placed, known) for one in chosen], placed

    def _by_id(self, cards: Sequence[Entry | None]) -> dict[str, Entry | None]:
        if len(cards) != len(self._ids):
            raise ValueError("ids and cards differ in number")
        return dict(zip(self._ids, cards, strict=True))

    def _owed(self, one: str, placed: Collection[str], known: Collection[str]) -> int:
        if one in placed:
            return len(self._lists) - 1
        if one in known:
            return len(self._lists)
        return next(number for number, each in enumerate(self._lists) if one in each)


def categories(cards: Sequence[Entry | None], most: int) -> list[tuple[str, int]]:
    """The categories that most of these cards are of, and of how many, at most `most`; of equal ones those that came
    first. What is not active does not count."""
    times = Counter(_mark(card).category for card in cards if card is not None and card.active)
    return sorted(times.items(), key=itemgetter(1), reverse=True)[: max(most, 0)]


def _is_public(card: Entry | None) -> bool:
    return card is not None and card.active and card.visibility == b"P"


def _is_offered(card: Entry | None, avoided: Collection[str], may: Callable[[Mark], bool]) -> bool:
    if card is None:
        return False
    mark = _mark(card)
    return (_is_public(card) and mark.author_id not in avoided) or may(mark)


def _mark(card: Entry) -> Mark:
    author, category = card.raw[23:53].decode("latin-1"), card.category.decode("latin-1")
    return Mark(author, category, _VISIBILITY[card.visibility], card.active)
