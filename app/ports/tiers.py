"""In which tier each creator is, and how far the fan-out of each event has come.

    push       few followers: a video is pushed into every follower's built feeds
    selective  pushed to active followers; the others pull
    pull       not pushed: every follower pulls

A built feed may be older than a crossing and lack what was not pushed before it. So a creator who leaves `selective`
or `pull` goes on being pulled until such feeds are gone: that is what the two times are.
"""

from typing import Literal, Protocol

import msgspec

Tier = Literal["push", "selective", "pull"]


class Standing(msgspec.Struct, frozen=True):
    """`epoch` grows by one with each crossing; a creator without a row stands at (push, 0). Times are ms."""

    user_id: str
    tier: Tier = "push"
    epoch: int = 0
    selective_until: int = 0
    pull_until: int = 0
    changed_at: int = 0


class Stamp(msgspec.Struct, frozen=True):
    """The author's tier and epoch when the fan-out of an event began; it goes on after follower `after_id`."""

    tier: Tier
    epoch: int
    after_id: str
    done: bool


class Tiers(Protocol):
    async def standing(self, user_id: str) -> Standing:
        """Where a creator stands."""

    async def cross(self, to: Standing) -> bool:
        """Writes a standing if the stored epoch is the one before `to.epoch`; whether it did. Sets `changed_at`."""

    async def changed_since(self, since_ms: int, after_id: str, limit: int) -> tuple[list[Standing], int]:
        """Standings after (changed_at, user_id), ascending: at (0, "") the first page of all. And what time it is by
        the clock that sets `changed_at`."""

    async def stamp(self, event_id: str, video_id: str, author_id: str, now_ms: int) -> Stamp:
        """Stamps an event with its author's present standing, once: a repeat gets the first stamp and its progress."""

    async def advance(self, event_id: str, after_id: str, *, done: bool) -> None:
        """Notes the last follower reached; never moves back."""

    async def unfinished(self, before_ms: int, limit: int) -> list[tuple[str, str, Stamp]]:
        """(event id, video id, stamp) of fan-outs stamped before then and not done, the oldest first."""

    async def prune(self, before_ms: int, limit: int) -> int:
        """Forgets at most `limit` stamps older than that; how many."""
