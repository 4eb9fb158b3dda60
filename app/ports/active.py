"""Who is active, as one bit a user number: `active_users:{YYYY-MM-DD}` (UTC). Today's counts, else yesterday's.

Derived and disposable: with neither there, nobody counts as active, and everybody pulls.
"""

from collections.abc import Sequence
from typing import Protocol


class ActiveUsers(Protocol):
    async def bitmap(self, now_ms: int) -> bytes:
        """The bitmap as Redis stores it, never older than the call; empty if there is none."""

    async def is_active(self, user_no: int, now_ms: int) -> bool:
        """Whether the user counts as active and has not arrived just now (see `arrivals`)."""

    async def staged(self, run: str) -> str:
        """The last user id that a run has looked at; "" at its beginning."""

    async def stage(self, run: str, user_nos: Sequence[int], after_id: str) -> None:
        """Notes more active users of a run, and how far it has come, at once."""

    async def settle(self, run: str, now_ms: int) -> str:
        """Makes a run's bitmap today's, and everybody in it who was not active before an arrival, at once. Returns
        the bitmap's version."""

    async def arrivals(self) -> list[int]:
        """Numbers of those who became active and whose Following feed may still lack what was not pushed to them."""

    async def welcome(self, version: str) -> None:
        """Forgets the arrivals, unless another bitmap was settled since `version`."""
