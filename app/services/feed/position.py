"""Where a reader stands in a feed: what a feed's cursor holds.

The order is frozen by (generation, upper): scores never change once written, and what is pushed later scores above
`upper`. Below the built feed's last entry the reader goes on through the tail, the published videos by time.
"""

import msgspec

CURSOR_TTL_MS = 24 * 3_600_000
PAGE_MEMORY_S = 30 * 60


class Position(msgspec.Struct, array_like=True, frozen=True):
    """After (`score`, `video_id`) of the built feed or, once `in_tail`, of the tail; `served` were served so far."""

    generation: str
    upper: int
    score: int
    video_id: str
    in_tail: bool
    served: int
    past: tuple[tuple[str, int, str], ...] = ()  # (generation, score, id) of the places reached in feeds before this

    @property
    def after(self) -> tuple[int, str] | None:
        """The key after which to go on; None at the very start of the feed or of the tail."""
        return (self.score, self.video_id) if self.video_id else None

    def moved(self, score: int, video_id: str, *, in_tail: bool) -> "Position":
        """After one more entry was looked at."""
        return msgspec.structs.replace(self, score=score, video_id=video_id, in_tail=in_tail)


class Session(msgspec.Struct, array_like=True):
    """The starts of the pages a login session was served: `starts[n]` is where page n begins."""

    limit: int
    starts: list[Position]


_SOURCES = {"f": "following", "g": "fresh", "t": "trending"}


def sources_of(generation: str) -> list[str]:
    """Which sources a built For You came from: the letters behind the 16 digits of its generation."""
    return [_SOURCES[letter] for letter in generation[16:] if letter in _SOURCES] or ["fresh", "following", "trending"]
