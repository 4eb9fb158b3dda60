"""Entries of a sorted set as Redis lists them (ZRANGE WITHSCORES, RESP2): read where they lie, found on the shelf."""

import re

from hotpath.pure.shelf import Entry, Shelf

_HEADER = re.compile(rb"([*$])([0-9]{1,15})\r\n")
_SCORE = re.compile(rb"-?[0-9]{1,15}")


def texts(reply: bytes) -> list[bytes]:
    """A whole reply that is a flat list of texts, as `hotpath.resp.Parser` gives it with `whole_arrays`. Raises
    ValueError for another."""
    found = optional_texts(reply)
    present = [value for value in found if value is not None]
    if len(present) < len(found):
        raise ValueError("not a list of texts")
    return present


def optional_texts(reply: bytes) -> list[bytes | None]:
    """The same where some of them may be absent: those are None."""
    count, at = _header(b"*", reply, 0)
    found: list[bytes | None] = []
    for _ in range(count):
        if reply[at : at + 5] == b"$-1\r\n":
            found.append(None)
            at += 5
            continue
        size, at = _header(b"$", reply, at)
        found.append(reply[at : at + size])
        at += size + 2
        if at > len(reply):
            break
    if at != len(reply):
        raise ValueError("not a list of texts")
    return found


class Rows:
    """The first `most` members and scores; `ties` with a lower member than `after` come before those of `reply`.

    Both are whole replies, as `hotpath.resp.Parser` gives them with `whole_arrays`. Raises ValueError for what is no
    flat list of members and scores, scores being whole numbers of at most 15 digits.
    """

    def __init__(self, reply: bytes, most: int, ties: bytes | None = None, after: bytes | None = None) -> None:
        rows = _taken(reply)
        if ties is not None and after is not None:
            rows = [row for row in _taken(ties) if row[0] < after] + rows
        elif ties is not None or after is not None:
            raise ValueError("ties are those of a member")
        self._rows = rows[: max(most, 0)]

    def __len__(self) -> int:
        return len(self._rows)

    def member(self, place: int) -> bytes:
        """Raises IndexError."""
        return self._row(place)[0]

    def score(self, place: int) -> int:
        """Raises IndexError."""
        return self._row(place)[1]

    def members(self) -> list[bytes]:
        """All of them."""
        return [member for member, _ in self._rows]

    def find(self, shelf: Shelf) -> list[Entry] | None:
        """The entries of all members; None if one is not kept."""
        found = [entry for member in self.members() for entry in shelf.find([member]) if entry is not None]
        return found if len(found) == len(self) else None

    def _row(self, place: int) -> tuple[bytes, int]:
        if not 0 <= place < len(self._rows):
            raise IndexError("no such row")
        return self._rows[place]


def _taken(reply: bytes) -> list[tuple[bytes, int]]:
    words = texts(reply)
    if len(words) % 2 or not all(_SCORE.fullmatch(score) for score in words[1::2]):
        raise ValueError("not a list of members and scores")
    return [(member, int(score)) for member, score in zip(words[::2], words[1::2], strict=True)]


def _header(kind: bytes, reply: bytes, at: int) -> tuple[int, int]:
    match = _HEADER.match(reply, at)
    if match is None or match[1] != kind:
        raise ValueError("not a list of texts")
    return int(match[2]), match.end()
