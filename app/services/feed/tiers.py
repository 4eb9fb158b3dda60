"""Which tier a creator belongs in: pure rules, and the one write that moves them.

    followers   < selective_at   selective_at … pull_at    > pull_at
    tier        push             selective                 pull

Up at the limit, down only when the number has fallen below it by the hysteresis: who hovers at a limit stays put.
"""

from typing import Final

import msgspec

from app.core.clock import HOUR_MS, Clock
from app.core.config import Settings
from app.ports.feeds import TTL_S
from app.ports.graph import Graph
from app.ports.tiers import Standing, Tier, Tiers

# A Following feed that lacks what was not pushed lives so long at most; the hour is room for clocks that differ.
OVERLAP_MS: Final = TTL_S["following"] * 1000 + HOUR_MS
_TRIES: Final = 3


class Limits(msgspec.Struct, frozen=True):
    """Numbers of followers."""

    selective_at: int
    pull_at: int
    hysteresis_percent: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(settings.tier_selective_at, settings.tier_pull_at, settings.tier_hysteresis_percent)

    def lowered(self, limit: int) -> int:
        """Below so many followers a creator falls back under `limit`."""
        return limit - limit * self.hysteresis_percent // 100


def tier_of(now: Tier, followers: int, limits: Limits) -> Tier:
    """The tier for so many followers, coming from tier `now`."""
    if followers > limits.pull_at or (now == "pull" and followers >= limits.lowered(limits.pull_at)):
        return "pull"
    if followers >= limits.selective_at or (now != "push" and followers >= limits.lowered(limits.selective_at)):
        return "selective"
    return "push"


def crossed(standing: Standing, followers: int, limits: Limits, now_ms: int) -> Standing | None:
    """The standing after this number of followers, or None if it stays."""
    tier = tier_of(standing.tier, followers, limits)
    if tier == standing.tier:
        return None
    left: dict[str, int] = {}
    if standing.tier != "push":
        left = {f"{standing.tier}_until": now_ms + OVERLAP_MS}
    return msgspec.structs.replace(standing, tier=tier, epoch=standing.epoch + 1, **left)


def pulled(standing: Standing, now_ms: int, *, active: bool) -> bool:
    """Whether a follower, active or not, must pull this creator's videos to miss none."""
    if standing.tier == "pull" or now_ms < standing.pull_until:
        return True
    return not active and (standing.tier == "selective" or now_ms < standing.selective_until)


class Tiering:
    """Moves creators between tiers."""

    def __init__(self, tiers: Tiers, graph: Graph, limits: Limits, clock: Clock) -> None:
        self._tiers = tiers
        self._graph = graph
        self._limits = limits
        self._clock = clock

    async def settle(self, user_id: str) -> Standing:
        """Where the creator stands, moved first if the number of followers says so."""
        standing = await self._tiers.standing(user_id)
        for _ in range(_TRIES):
            counts = await self._graph.counts([user_id])
            followers = counts[user_id].followers if user_id in counts else 0
            to = crossed(standing, followers, self._limits, self._clock())
            if to is None:
                return standing
            if await self._tiers.cross(to):
                return to
            standing = await self._tiers.standing(user_id)  # somebody else moved them: look again
        return standing
