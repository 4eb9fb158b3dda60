"""Where a reader stands in a feed: what a feed's cursor holds.

The order is frozen by (generation, upper): scores never change once written, and what is pushed later scores above
`upper`. Below the built feed's last entry the reader goes on through the tail, the published videos by time.

A built For You lives half an hour, a reader may go on for a day. Who comes back to a feed that was rebuilt since goes
on in the new one, without what they were served before: `past` says how far down each earlier order they came,
`pushed` what had been pushed on top of those.
"""

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from app.ports.feeds import BUILT_DIGITS, ORDER_SIZE
from hotpath import seen as kernel

CURSOR_TTL_MS: Final = 24 * 3_600_000
PAGE_MEMORY_S: Final = 30 * 60
FOR_YOU_SIZE: Final = ORDER_SIZE

PAST: Final = 16  # earlier feeds that a reader is remembered in: eight hours without a pause
PUSHED: Final = 64  # pushed videos that a reader is remembered to have been served

_DIGITS: Final = 16
SOURCES: Final = {"f": "fresh", "r": "recommended", "g": "following", "t": "trending", "s": "recycled"}


class Position(msgspec.Struct, array_like=True, frozen=True):
    """After (`score`, `video_id`) of the built feed or, once `in_tail`, of the tail; `served` were served so far."""

    generation: str
    upper: int
    score: int
    video_id: str
    in_tail: bool
    served: int
    past: tuple[tuple[str, int], ...] = ()  # (generation, entries passed) of feeds that were replaced, oldest first
    pushed: bytes = b""  # `hotpath.seen.marks` of videos that were pushed, and served, since their feed was built

    @property
    def after(self) -> tuple[int, str] | None:
        """The key after which to go on; None at the very start of the feed or of the tail."""
        return (self.score, self.video_id) if self.video_id else None

    def moved(self, score: int, video_id: str, *, in_tail: bool) -> "Position":
        """After one more entry was looked at."""
        # For every row of a page: twice as fast as `replace`.
        return Position(self.generation, self.upper, score, video_id, in_tail, self.served, self.past, self.pushed)

    def left(self) -> "Position":
        """Out of a feed that is there no more, at the start of whatever comes next."""
        return msgspec.structs.replace(self, generation="", score=0, video_id="", in_tail=False, past=self.passed())

    def below(self, *, whole: bool) -> "Position":
        """At the start of the tail, from the end of a feed. One that was cut holds no more what it once did above: how
        far its reader came tells what they were served of it."""
        past = self.past if whole else self.passed()
        return msgspec.structs.replace(self, score=0, video_id="", in_tail=True, past=past)

    def passed(self) -> tuple[tuple[str, int], ...]:
        """`past`, and how far one came in the feed one is in."""
        name, depth = self.generation[:_DIGITS], self._depth()
        known = self.in_tail and self.past[-1:] and self.past[-1][0] == name  # from when its end was reached
        if known or not name or not (depth or self.pushed):
            return self.past
        return (*self.past, (name, depth))[-PAST:]

    def serving(self, rows: Sequence[tuple[int, str]]) -> "Position":
        """With those of these (score, id) noted, once, that were pushed into the built feed rather than built."""
        since_ms = built_ms(self.generation)
        lowest_ms = since_ms - ORDER_SIZE
        if not since_ms or not rows or (lowest_ms < min(rows)[0] and max(rows)[0] <= since_ms):
            return self  # as for nearly every page
        pushes = [video_id for score, video_id in rows if not lowest_ms < score <= since_ms]
        new = [mark for mark in map(_mark, pushes) if not self._noted(mark)]
        if not new or len(self.pushed) >= PUSHED * kernel.MARK_BYTES:
            return self
        pushed = b"".join([self.pushed, *new])[: PUSHED * kernel.MARK_BYTES]
        return msgspec.structs.replace(self, pushed=pushed)

    def served_push(self, video_id: str) -> bool:
        """Whether it was pushed and served; taken for such, of a stranger, once in 100,000 times."""
        return bool(self.pushed) and self._noted(_mark(video_id))

    def _noted(self, mark: bytes) -> bool:
        return any(self.pushed[at : at + len(mark)] == mark for at in range(0, len(self.pushed), len(mark)))

    def _depth(self) -> int:
        """How many entries of the order as it was built lie above."""
        if not self.generation or not self.after:
            return ORDER_SIZE if self.generation and self.in_tail else 0
        return ORDER_SIZE if self.in_tail else max(0, built_ms(self.generation) - self.score + 1)


class Session(msgspec.Struct, array_like=True):
    """The starts of the pages a login session was served: `starts[n]` is where page n begins."""

    limit: int
    starts: list[Position]


def _mark(video_id: str) -> bytes:
    return kernel.marks(video_id.encode())


def new_generation(now_ms: int, letters: str) -> str:
    """The name of a For You that is built now: 12 digits of its time, 4 random ones, a letter for each source."""
    return f"{now_ms:0{BUILT_DIGITS}x}{random.getrandbits(16):04x}{letters}"  # a name, not a secret


def built_ms(generation: str) -> int:
    """When a For You was built: its first entry's score. 0 if that can't be told."""
    try:
        return int(generation[:BUILT_DIGITS], 16)
    except ValueError:
        return 0


def sources_of(generation: str) -> list[str]:
    """Which sources a built For You came from: the letters behind the 16 digits of its generation."""
    return [SOURCES[letter] for letter in generation[_DIGITS:] if letter in SOURCES]


def letters_of(sources: Sequence[str]) -> str:
    """The other way round, each once, in one order."""
    return "".join(letter for letter, source in SOURCES.items() if source in sources)
