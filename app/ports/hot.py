"""What a feed page needs where everything is in the cache, asked in one trip."""

from typing import Protocol

import msgspec

from app.ports.feeds import Kind
from app.ports.limiter import Verdict
from hotpath import rows as lists
from hotpath import shelf


class Hit(msgspec.Struct, frozen=True, gc=False):
    """Everything the cache said at once.

    `alive` is whether it knows the session and knows it to live; otherwise its row must be asked. `marker` names the
    feed's generation, None where no feed is built. `rows` are the feed's entries by id and score, best first.
    """

    verdict: Verdict
    alive: bool
    marker: str | None
    rows: lists.Rows
    blob: bytes | None


class HotPages(Protocol):
    async def fetch(
        self,
        policy: tuple[str, int, int],
        session_id: str,
        kind: Kind,
        user_id: str,
        upper: int,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Hit | Verdict | None:
        """Counts the user's request under `policy` (name, limit, window in s) and reads what its page needs: at most
        `limit` entries with a score ≤ `upper`, after the given one if any. A verdict where the request is known to be
        one too many; None, with nothing counted, if it can't be told without a second trip. Raises Unavailable."""

    async def count(self, caller: str, policy: tuple[str, int, int]) -> Verdict | None:
        """Counts a request that needs nothing else. None and Unavailable as `fetch`."""

    def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        """`Feeds.remember`, without waiting: a session that is lost costs its reader a walk, nothing else."""


class HeldCards(Protocol):
    """The cards that this process holds, ready to be spliced."""

    def find_rows(self, rows: lists.Rows) -> list[shelf.Entry] | None:
        """Those of all rows, or None where one is not held; what changed anywhere since is not held."""

    async def fetch(self, video_ids: list[bytes]) -> list[shelf.Entry | None]:
        """Those held, in the order asked, and the others from the cache, held from then on if they may be. Raises
        Unavailable."""
