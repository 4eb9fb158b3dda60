"""Times both sides of a figure in turns, by the CPU clock of the one thread that runs them.

A neighbour on the machine slows both sides of a round alike, or one round out of many: the figure is the median of the
rounds' ratios. Never compare times of two runs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from perf.cases import Case, call

BLOCK_S = 0.01  # of CPU, for one side in one round: long against a clock's step and against what a switch costs
ROUNDS = 41
PLAIN_ROUNDS = 3

Clock = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """What one run found; times are CPU times."""

    name: str
    title: str
    kernel_ns: float  # per element
    reference_ns: float
    ratio: float  # median over the rounds; below 1 the kernel is the faster side
    rounds: int
    call_s: float  # of the kernel, for one input


def slowed(kernel: Callable[..., object]) -> Callable[..., object]:
    """A twin of `kernel` that is half as slow again: every second call does its work twice."""
    calls = 0

    def twin(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            kernel(*arguments)
        return kernel(*arguments)

    return twin


def measure(case: Case, rounds: int = ROUNDS, clock: Clock = time.thread_time) -> Figure:
    """Compares the answers, then times kernel and reference in turns. Raises AnswersDiffer."""
    case.check()
    kernel_times, reference_times = _times(case.run_kernel, clock), _times(case.reference.run, clock)
    kernel_s, reference_s = [], []
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):  # each leaves the caches to the other as often
            if side == 0:
                kernel_s.append(_cpu_s(case.run_kernel, kernel_times, clock) / kernel_times)
            else:
                reference_s.append(_cpu_s(case.reference.run, reference_times, clock) / reference_times)
    return Figure(
        case.name,
        case.title,
        median(kernel_s) / case.elements * 1e9,
        median(reference_s) / case.elements * 1e9,
        median([kernel / reference for kernel, reference in zip(kernel_s, reference_s, strict=True)]),
        rounds,
        median(kernel_s) / len(case.inputs),
    )


def measure_plain(case: Case, clock: Clock = time.thread_time) -> float:
    """CPU nanoseconds per element of the kernel's twin in pure Python."""
    seconds = [_cpu_s(lambda _: call(case.plain, case.inputs, 1), 1, clock) for _ in range(PLAIN_ROUNDS)]
    return median(seconds) / case.elements * 1e9


def _times(run: Callable[[int], object], clock: Clock) -> int:
    """How often to work through the inputs for a block; even, because a slowed twin takes turns."""
    spent_s = _cpu_s(run, 2, clock)  # the first of the two warms the caches
    return 2 * max(1, round(BLOCK_S / max(spent_s, 1e-9)))


def _cpu_s(run: Callable[[int], object], times: int, clock: Clock) -> float:
    started = clock()
    run(times)
    return clock() - started
