"""Built feeds in the cache: `feed:{user_id}` (For You), `following:{user_id}`, and `creator:{user_id}`, the newest
videos of a creator whose followers pull them.

A built feed is a sorted set with one marker member `!{generation}` below all scores; so an empty built feed differs
from an absent one, and nothing can be pushed into an absent one. Scores never change once written. While a feed is
being built its marker is `?{generation}`: it takes pushes, so that none is lost to the build, and reads as absent.

The marker's score tells whether the feed is whole, or was cut to its kind's size. What is older than the last entry
of a cut feed is missing, so nothing is ever added there: it would look as if nothing lay between.

The generation of a For You begins with the time it was built at, BUILT_DIGITS hexadecimal digits of ms. That is its
first entry's score, each other's is one less than the one's before, and there are ORDER_SIZE at most; what is pushed
has no score among these. So an entry's score tells whether it was built or pushed.
"""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import msgspec

Kind = Literal["feed", "following", "creator"]
KEEP: dict[Kind, int] = {"feed": 200, "following": 500, "creator": 100}
BUILT_DIGITS: Final = 12
ORDER_SIZE: Final = 100
TTL_S: dict[Kind, int] = {"feed": 30 * 60, "following": 7 * 24 * 3600, "creator": 24 * 3600}


class FeedSlice(msgspec.Struct, frozen=True):
    """Entries are (score, video_id), best first by (score desc, video_id desc). Below the feed's last entry there is
    nothing if it is `whole`; else more than the feed holds."""

    generation: str
    entries: list[tuple[int, str]]
    whole: bool = True


class Feeds(Protocol):
    async def read(
        self, kind: Kind, user_id: str, *, upper: int, after: tuple[int, str] | None, limit: int
    ) -> FeedSlice | None:
        """At most `limit` entries with a score ≤ `upper`, after the given (score, id) if any; None if not built."""

    async def read_many(
        self, kind: Kind, user_ids: Sequence[str], *, upper: int, after: tuple[int, str] | None, limit: int
    ) -> list[FeedSlice | None]:
        """`read` of at most 500 feeds in one trip, in the order asked."""

    async def build(
        self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]], *, whole: bool = True
    ) -> None:
        """Replaces the feed as a whole, marker included, with the kind's TTL. What it is too small for cuts it."""

    async def begin(self, kind: Kind, user_id: str, generation: str) -> None:
        """Replaces the feed by an empty one that is being built: from here on it takes pushes. Call before reading
        the stores; it vanishes by itself if `finish` does not come within half a minute."""

    async def finish(
        self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]], *, whole: bool
    ) -> bool:
        """Adds what was read to what was pushed meanwhile, and makes the feed readable; False (and nothing done) if
        it is not this build's any more."""

    async def add(self, kind: Kind, user_id: str, entries: Sequence[tuple[int, str]], *, whole: bool) -> int:
        """Adds entries to one feed if it is there; returns how many. Of a cut feed only above its last entry. If they
        are not the `whole` of their source, and reach to the feed's end, the feed counts as cut."""

    async def push(
        self,
        kind: Kind,
        followers: bytes,
        user_nos: Sequence[int],
        video_id: str,
        score: int,
        active: bytes | None = None,
    ) -> int:
        """Adds one video to the built feeds among `followers` (n ids of 30 bytes, joined), of those only who are in
        the bitmap `active` if one is given; trims to the kind's size; returns how many feeds had it added. One
        guarded call per at most 500 keys. What is no younger than a For You is put below all that was built."""

    async def withdraw(self, kind: Kind, user_ids: Sequence[str], video_id: str) -> None:
        """Takes one video out of many feeds."""

    async def remove(self, kind: Kind, user_id: str, video_ids: Sequence[str]) -> None:
        """Takes videos out of one feed."""

    async def drop(self, kind: Kind, user_id: str) -> None:
        """Forgets a feed: the next read rebuilds it."""

    async def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        """Keeps the paging state of a login session (`page=N` continues from it)."""

    async def recall(self, kind: Kind, session_id: str) -> bytes | None:
        """The paging state, or None."""
