"""What `kinora tier` says: how a creator's videos reach their followers, and why."""

from typing import Final

from app.core.clock import HOUR_MS
from app.ports.active import ActiveUsers
from app.ports.graph import Graph
from app.ports.tiers import Tiers
from app.ports.users import User
from app.services.feed.tiers import Limits, crossed

PAGE: Final = 10_000
PAGES: Final = 100


class TierReport:
    """Explains standings."""

    def __init__(self, tiers: Tiers, graph: Graph, active: ActiveUsers, limits: Limits) -> None:
        self._tiers = tiers
        self._graph = graph
        self._active = active
        self._limits = limits

    async def lines(self, user: User, now_ms: int) -> list[str]:
        """The report, a line a fact."""
        standing, limits = await self._tiers.standing(user.user_id), self._limits
        counts = await self._graph.counts([user.user_id])
        followers = counts[user.user_id].followers if user.user_id in counts else 0
        lines = [
            f"tier              {standing.tier}, epoch {standing.epoch}",
            f"followers         {followers}",
            f"selective         from {limits.selective_at}, until below {limits.lowered(limits.selective_at)}",
            f"pull              above {limits.pull_at}, until below {limits.lowered(limits.pull_at)}",
            f"active followers  {await self._active_followers(user.user_id, now_ms)}",
        ]
        if now_ms < standing.pull_until:
            lines.append(f"still pulled      by all for {_hours(standing.pull_until - now_ms)} h")
        if now_ms < standing.selective_until:
            lines.append(f"still pulled      by the inactive for {_hours(standing.selective_until - now_ms)} h")
        if (to := crossed(standing, followers, limits, now_ms)) is not None:
            lines.append(f"moves             to {to.tier} with the next follow or video")
        return lines

    async def _active_followers(self, user_id: str, now_ms: int) -> str:
        """How many; "at least" so many where counting all would take too long."""
        bitmap = await self._active.bitmap(now_ms)
        active, after_id = 0, ""
        for _ in range(PAGES):
            rows = await self._graph.follower_batch(user_id, after_id, PAGE)
            active += sum(_is_set(bitmap, number) for _, number in rows)
            if len(rows) < PAGE:
                return str(active)
            after_id = rows[-1][0]
        return f"at least {active}"


def _is_set(bitmap: bytes, number: int) -> bool:
    return number >> 3 < len(bitmap) and bool(bitmap[number >> 3] & (0x80 >> (number & 7)))


def _hours(ms: int) -> int:
    return -(-ms // HOUR_MS)
