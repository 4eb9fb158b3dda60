"""What a feed page needs where everything is in the cache, asked in one trip."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from app.ports.feeds import Kind
from app.ports.limiter import Verdict
from hotpath import hits, sliding
from hotpath import shelf as shelves

Waiter = asyncio.Future[list[Any]]

Policy = tuple[str, int, int]
"""Name, limit, window in seconds."""


class HotPages(Protocol):
    @property
    def admitted(self) -> sliding.SlidingLog:
        """What this process admitted of late, by the names that `log_of` gives."""

    def log_of(self, user_id: str, policy: Policy) -> str:
        """Under which name a person's requests are logged."""

    def questions(self, kind: Kind, policy: Policy, remember_s: int) -> hits.Questions:
        """What pages of this kind ask; a session's pages are remembered for so long."""

    def stamp(self) -> tuple[int, int] | None:
        """The time by the limit's server in µs and by this process in ms; None if it can't be told without a trip."""

    def fetch(self, hit: hits.Hit) -> Waiter:
        """Sends what a hit asks, its request being counted by that, for the replies in their order. Raises Unavailable,
        now or when awaited."""

    async def judge(self, hit: hits.Hit, policy: Policy, replies: Sequence[Any]) -> Verdict:
        """Whether the request may go on, where the replies do not say it plainly: it takes another trip. Raises
        Unavailable."""

    def forget(self, hit: hits.Hit) -> None:
        """Takes out of the limit's log what a hit found to have left its window, without waiting."""

    def tell(self, hit: hits.Hit) -> None:
        """Sends what a written page leaves behind, without waiting: a session that is lost costs its reader a walk,
        nothing else."""

    def count(self, caller: str, policy: Policy) -> tuple[Waiter, Any] | None:
        """Counts a request that needs nothing else: who is to be awaited, and what `counted` is to be told with the
        replies. None, with nothing counted, where that takes more than a trip. Raises as `fetch`."""

    def counted(self, attempt: Any, replies: Sequence[Any]) -> Verdict:
        """What came of it. Raises Unavailable."""


class HeldCards(Protocol):
    """The cards that this process holds, ready to be spliced."""

    @property
    def shelf(self) -> shelves.Shelf:
        """Where they are; what changed anywhere since it came is not there."""

    async def fetch(self, video_ids: list[bytes]) -> list[shelves.Entry | None]:
        """Those held, in the order asked, and the others from the cache, held from then on if they may be. Raises
        Unavailable."""
