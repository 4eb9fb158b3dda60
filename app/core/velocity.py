"""Trending's second rule, `velocity-1`: how much faster than usual those who can be trusted take to a video.

    heat   = sum of weight * 2^(-age / 2 h)   a viewer's view weighs 1, their like 2, their share 3, each once a video
    base   = the same with a half-life of 24 h: what is usual for this video
    growth = (heat / 2 h) / (base / 24 h)     12 for what is wholly new, 1 for what goes on as it did, less as it fades
    score  = 100 * heat * growth              rounded down; a heat below 1 is not on the list

Decay is never written: a term is kept as weight * 2^((t - landmark) / half-life), which no later moment changes, and
both sums as their log2, so that the landmark never has to move (forward decay: Cormode, Shkapenyuk, Srivastava, Xu,
ICDE 2009, exponential decay). At any time the order of heats is the order of their log2.
"""

import math
from collections.abc import Iterable
from typing import Final

from app.core import ids
from app.core.clock import HOUR_MS

LANDMARK_MS: Final = 1_767_225_600_000  # 2026; any other would do, a near one keeps digits
HALF_LIFE_MS: Final = 2 * HOUR_MS
BASE_HALF_LIFE_MS: Final = 24 * HOUR_MS
VIEW, LIKE, SHARE = 1, 2, 3
POINTS: Final = 100
MIN_HEAT: Final = 1.0


def log2_heat(weight: float, at_ms: int, half_life_ms: int = HALF_LIFE_MS) -> float:
    """What one term is kept as; `weight` is positive."""
    return math.log2(weight) + (at_ms - LANDMARK_MS) / half_life_ms


def log2_sum(terms: Iterable[float | None]) -> float | None:
    """log2 of the sum of what these are the log2 of; None is nothing. Relative error 1e-12 a term."""
    known = [term for term in terms if term is not None]
    if not known:
        return None
    largest = max(known)
    return largest + math.log2(math.fsum(2.0 ** (term - largest) for term in known))


def at(log2_total: float | None, now_ms: int, half_life_ms: int = HALF_LIFE_MS) -> float:
    """What a kept sum is worth at `now_ms`."""
    if log2_total is None:
        return 0.0
    return float(2.0 ** min(log2_total - (now_ms - LANDMARK_MS) / half_life_ms, 1000.0))


def threshold(now_ms: int) -> float:
    """The smallest kept heat that is on the list at `now_ms`."""
    return log2_heat(MIN_HEAT, now_ms)


def growth(heat: float, base: float) -> float:
    """How the present rate stands to the usual one; 0 without either."""
    return min(heat / base, 1.0) * BASE_HALF_LIFE_MS / HALF_LIFE_MS if base > 0 else 0.0


def score(log2_of_heat: float | None, log2_of_base: float | None, now_ms: int) -> int:
    """The score at `now_ms`."""
    heat = at(log2_of_heat, now_ms)
    return math.floor(POINTS * heat * growth(heat, at(log2_of_base, now_ms, BASE_HALF_LIFE_MS)))


def trusted(actor: str, at_ms: int, after_ms: int) -> bool:
    """Whether what `actor` did at `at_ms` weighs anything: a signed-in account, by then at least `after_ms` old. An id
    says when it was made. Who is anonymous is not trusted: one person can be any number of them."""
    return ids.is_id(actor, "usr") and at_ms - ids.made_at_ms(actor) >= after_ms
