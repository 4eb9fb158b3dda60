"""Times the sides of a figure in turns, by the CPU clock of the one thread that runs them.

A neighbour on the machine slows all sides of a round alike, or one round out of many: the figure is the median of the
rounds' ratios. Never compare times of two runs.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from perf.cases import Case, call

BLOCK_S = 0.01  # of CPU, for one side in one round: long against a clock's step and against what a switch costs
ROUNDS = 41
PLAIN_ROUNDS = 3

Clock = Callable[[], float]
Side = Callable[[int], object]
"""Works through all inputs so many times."""


@dataclass(frozen=True)
class Beside:
    """A further side of a figure, for people: nothing is held to it."""

    ns: float  # of CPU per element
    ratio: float  # of the kernel's time to it, median over the rounds


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
    numpy: Beside | None = None


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


def measure(case: Case, rounds: int = ROUNDS, clock: Clock = time.thread_time, *, with_numpy: bool = False) -> Figure:
    """Compares the answers, then times kernel and reference in turns, and numpy with them if it is wanted and takes
    part. Raises AnswersDiffer."""
    case.check()
    sides: list[Side] = [case.run_kernel, case.reference.run]
    if with_numpy and case.numpy is not None:
        sides.append(partial(call, case.numpy, case.inputs))
    kernel_s, reference_s, *further_s = _in_turns(sides, rounds, clock)
    return Figure(
        case.name,
        case.title,
        median(kernel_s) / case.elements * 1e9,
        median(reference_s) / case.elements * 1e9,
        _ratio(kernel_s, reference_s),
        rounds,
        median(kernel_s) / len(case.inputs),
        *(Beside(median(numpy_s) / case.elements * 1e9, _ratio(kernel_s, numpy_s)) for numpy_s in further_s),
    )


def measure_plain(case: Case, clock: Clock = time.thread_time) -> float:
    """CPU nanoseconds per element of the kernel's twin in pure Python."""
    seconds = [_cpu_s(lambda _: call(case.plain, case.inputs, 1), 1, clock) for _ in range(PLAIN_ROUNDS)]
    return median(seconds) / case.elements * 1e9


def _in_turns(sides: Sequence[Side], rounds: int, clock: Clock) -> list[list[float]]:
    """CPU seconds of one pass over the inputs, by side and round."""
    times = [_times(run, clock) for run in sides]
    spent_s: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        for turn in range(len(sides)):
            side = (number + turn) % len(sides)  # each begins a round, and leaves the caches to the next, as often
            spent_s[side].append(_cpu_s(sides[side], times[side], clock) / times[side])
    return spent_s


def _ratio(kernel_s: Sequence[float], other_s: Sequence[float]) -> float:
    return median([kernel / other for kernel, other in zip(kernel_s, other_s, strict=True)])


def _times(run: Side, clock: Clock) -> int:
    """How often to work through the inputs for a block; even, because a slowed twin takes turns."""
    spent_s = _cpu_s(run, 2, clock)  # the first of the two warms the caches
    return 2 * max(1, round(BLOCK_S / max(spent_s, 1e-9)))


def _cpu_s(run: Side, times: int, clock: Clock) -> float:
    started = clock()
    run(times)
    return clock() - started
