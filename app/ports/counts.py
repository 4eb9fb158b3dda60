"""Counts against the truth they are derived from. One keeper a store, whose counts and truth change in one write."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

PAGE = 500  # entities in one comparison


class Drift(msgspec.Struct, frozen=True):
    """An entity whose count `stored` is not the `truth`, both as of one moment."""

    subject: str
    stored: int
    truth: int


class Compared(msgspec.Struct, frozen=True):
    """One page: `compared` entities, those that drifted, and the subject to go on after (None at the end)."""

    compared: int
    drifts: list[Drift]
    after: str | None


class Copy(msgspec.Struct, frozen=True):
    """A group of counts copied to a video's record (`app.ports.videos`); version -1 if there is no copy yet."""

    video_id: str
    group: str
    version: int
    numbers: dict[str, int]


class Counts(Protocol):
    """What one store counts and keeps the truth of."""

    kinds: tuple[str, ...]

    async def reconcile(self, kind: str, after: str, limit: int, *, repair: bool) -> Compared:
        """Compares the next `limit` (at most PAGE) entities after `after` ("" at the start). With `repair` it adds
        what is missing or takes off what is too much, so that a change made meanwhile stays counted."""


class Received(Protocol):
    """Likes an author received in all: counted in another store than the one that knows whose the videos are."""

    async def reconcile_received(self, videos: Mapping[str, Sequence[str]], *, repair: bool) -> list[Drift]:
        """Compares authors given with all their videos. A like whose event is still under way is no drift; of an author
        who has made one more video meanwhile nothing is said."""


class Copies(Protocol):
    """What the video store holds of other stores' counts, and who owns which videos."""

    async def authors(self, after_id: str, limit: int) -> dict[str, list[str]]:
        """The next `limit` authors by id, each with all videos ever made, deleted ones too."""

    async def copies(self, after_id: str, limit: int) -> list[Copy]:
        """Every group's copy of the next `limit` videos by id."""

    async def put_copy(self, copy: Copy, seen_version: int) -> bool:
        """Replaces a copy if it still has `seen_version`; whether it had. The new version may be a lower one."""
