"""Measures the CPU time of each compiled kernel and of its plain twin on the same input, and their ratio.

    python -m perf.bench_kernels [part of a case's name]

Each case is built from a fixed seed, the contenders' answers are compared first, and a time is the best of five runs
of process_time: the median of a shared machine measures its neighbours. Compare ratios within one run; an absolute
time says little about another machine. A further contender (a reference in another language, say) is one more entry
in a case's `contenders`: a name and a callable with the kernel's own signature.
"""

import random
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hotpath import cards, fanout, merge, trending
from hotpath.pure import cards as pure_cards
from hotpath.pure import fanout as pure_fanout
from hotpath.pure import merge as pure_merge
from hotpath.pure import trending as pure_trending

SEED = 20_260_101
NOW_MS = 1_790_000_000_000
RUNS = 5
MIN_RUN_S = 0.1
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Case:
    """One workload. Several inputs take turns, so that no branch predictor learns the only one by heart."""

    name: str
    inputs: Sequence[tuple[Any, ...]]
    contenders: dict[str, Callable[..., Any]]


@dataclass(frozen=True)
class Result:
    name: str
    cpu_s: dict[str, float]  # by contender, for one call


def merge_case(rng: random.Random) -> Case:
    """500 sources of 100 ids each, a tenth of them duplicates, into the newest 100."""

    def lists() -> tuple[Any, ...]:
        pool = [(rng.randrange(10**9), "vid_" + "".join(rng.choices(ALPHABET, k=26))) for _ in range(45_000)]
        sources = [sorted(rng.sample(pool, 100), reverse=True) for _ in range(500)]
        scores = array("q", [score for source in sources for score, _ in source])
        ids = "".join(id_ for source in sources for _, id_ in source).encode()
        return scores, ids, array("q", range(0, 50_001, 100)), 100

    return Case(
        "merge 500 lists of 100 to 100",
        [lists() for _ in range(8)],
        {"pure": pure_merge.merge, "compiled": merge.merge},
    )


def trending_case(rng: random.Random, rows: int, shape: str) -> Case:
    """A ledger of two weeks, its top 100: points with a long tail, or all the same (where only the age decides)."""
    earned = [int(1000 * rng.paretovariate(1)) if shape == "long tail" else 500_000 for _ in range(rows)]
    published = [NOW_MS - rng.randrange(14 * 86_400_000) for _ in range(rows)]
    return Case(
        f"trending top 100 of {rows:,}, {shape}",
        [(array("q", earned), array("q", published), NOW_MS, 100)],
        {"pure": pure_trending.top, "compiled": trending.top},
    )


def fanout_case(rng: random.Random, followers: int, active_share: float) -> Case:
    """A page of followers through the bitmap into commands of 500 keys."""
    ids = b"".join(b"usr_%026d" % number for number in range(followers))
    user_nos = array("I", rng.sample(range(2 * followers), followers))
    bits = "".join("1" if rng.random() < active_share else "0" for _ in range(2 * followers))
    active = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return Case(
        f"fan-out to {followers:,}, {active_share:.0%} active",
        [(ids, user_nos, active, b"a" * 40, b"following:", b"vid_" + b"0" * 26, NOW_MS, 500)],
        {"pure": pure_fanout.encode, "compiled": fanout.encode},
    )


def cards_case(rng: random.Random) -> Case:
    """A page of 20 cards of 800 bytes with four slots each."""
    caption = "".join(rng.choices(ALPHABET, k=600)).encode()
    urls = b",".join(b'"%dp":"\x01/vid/1/%dp.m3u8"' % (height, height) for height in (360, 720, 1080))
    body = b'{"caption":"%b","urls":{%b},"viewer":\x02}' % (caption, urls)
    prefix, viewer = b"/media/~1790000000.0123456789abcdef", b'{"liked":true,"saved":false,"following":true}'
    return Case(
        "splice 20 cards",
        [([body] * 20, [prefix] * 20, [viewer] * 20)],
        {"pure": pure_cards.splice, "compiled": cards.splice},
    )


def measure(case: Case) -> Result:
    """Checks that all contenders give the same answers, then times each. Raises ValueError where they differ."""
    for arguments in case.inputs:
        answers = [contender(*arguments) for contender in case.contenders.values()]
        if any(answer != answers[0] for answer in answers):
            raise ValueError(f"{case.name}: the contenders' answers differ")
    return Result(case.name, {name: _cpu_s(contender, case.inputs) for name, contender in case.contenders.items()})


def _cpu_s(contender: Callable[..., Any], inputs: Sequence[tuple[Any, ...]]) -> float:
    started = time.process_time()
    for arguments in inputs:
        contender(*arguments)
    rounds = 1 + int(MIN_RUN_S / max(time.process_time() - started, 1e-6))
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        for _ in range(rounds):
            for arguments in inputs:
                contender(*arguments)
        best = min(best, time.process_time() - started)
    return best / (rounds * len(inputs))


BUILDERS: tuple[Callable[[random.Random], Case], ...] = (
    merge_case,
    lambda rng: trending_case(rng, 10_000, "long tail"),
    lambda rng: trending_case(rng, 100_000, "long tail"),
    lambda rng: trending_case(rng, 100_000, "all the same"),
    lambda rng: fanout_case(rng, 10_000, 0.5),
    lambda rng: fanout_case(rng, 100_000, 0.5),
    cards_case,
)


def main(wanted: str) -> None:
    for build in BUILDERS:
        case = build(random.Random(SEED))
        if wanted in case.name:
            result = measure(case)
            times = "  ".join(f"{name} {cpu_s * 1e6:11,.1f} µs" for name, cpu_s in result.cpu_s.items())
            print(f"{result.name:42} {times}  ratio {result.cpu_s['pure'] / result.cpu_s['compiled']:6.1f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
