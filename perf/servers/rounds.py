"""Two servers under load in turns, and what a request cost each.

A neighbour on the machine slows both sides of a round, or one round of many: a figure is the median of the rounds'
ratios. Never compare times of two runs.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from perf.servers.load import Answered, drive
from perf.servers.machine import cpu_s
from perf.servers.stage import Server, Stage

CONNECTIONS: Final = 64
ROUND_S: Final = 2
ROUNDS: Final = 5
WARM_S: Final = 2
WARM_TRIES: Final = 60
LOG_ENTRIES: Final = 50  # of a person's log, at most 100 of which are within a minute


class Side(msgspec.Struct, frozen=True):
    """One server and what is asked of it; `tokens` are taken in turn, None asks without one."""

    server: Server
    path: str
    tokens: Path | None
    people: int = 1  # how many tokens there are
    by_chance: bool = False  # which token comes next


class Cost(msgspec.Struct, frozen=True):
    """Of one request in one round, or the medians over rounds."""

    cpu_us: float  # of the server's process tree
    redis_us: float  # of Valkey
    per_s: float
    p99_us: float  # from sending a request to its whole answer


class Pair(msgspec.Struct, frozen=True):
    """Both sides of a comparison, round by round."""

    measured: Sequence[Cost]
    against: Sequence[Cost]

    def ratio(self, quantity: Callable[[Cost], float]) -> float:
        """The median of the rounds' ratios."""
        return median(quantity(one) / quantity(other) for one, other in zip(self.measured, self.against, strict=True))


def middle(costs: Sequence[Cost]) -> Cost:
    """The medians, each by itself."""
    return Cost(*(median(column) for column in zip(*map(msgspec.structs.astuple, costs), strict=True)))


def warm(side: Side) -> None:
    """Loads the side until everybody was served once, and their pages are kept wherever they are kept."""
    asked = 0
    for _ in range(WARM_TRIES):
        asked += _drive(side, WARM_S, CONNECTIONS, asked).requests
        if asked >= side.people:
            return


def compare(stage: Stage, measured: Side, against: Side, rounds: int, connections: int = CONNECTIONS) -> Pair:
    """Warms both sides, then loads them in turns."""
    warm(measured)
    warm(against)
    costs: dict[int, list[Cost]] = {0: [], 1: []}
    sides = (measured, against)
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            costs[which].append(one_round(stage, sides[which], connections))
    return Pair(costs[0], costs[1])


def one_round(stage: Stage, side: Side, connections: int = CONNECTIONS, seconds: int = ROUND_S) -> Cost:
    """Loads one side once."""
    _shorten_logs(stage)
    redis_s, own_s = stage.redis_cpu_s(), cpu_s(side.server.pid)
    answered = _drive(side, seconds, connections, 0)
    own_s, redis_s = cpu_s(side.server.pid) - own_s, stage.redis_cpu_s() - redis_s
    own_us, redis_us = own_s / answered.requests * 1e6, redis_s / answered.requests * 1e6
    return Cost(own_us, redis_us, answered.per_s, answered.p99_us)


def _shorten_logs(stage: Stage) -> None:
    """Makes the limits' logs as long as they are where the limits hold, of which a round asks for many times as much:
    all without a token are one address, whose log begins anew; a person's log holds what a busy minute leaves."""
    if logs := stage.keys_like("ratelimit:ip-*"):
        stage.redis("UNLINK", *logs)
    stage.redis_many([("LTRIM", log, 0, LOG_ENTRIES - 1) for log in stage.keys_like("ratelimit:usr_*")])


def _drive(side: Side, seconds: int, connections: int, start: int) -> Answered:
    first = None if side.by_chance else start
    return drive(side.server.url, side.path, side.tokens, connections=connections, seconds=seconds, start=first)
