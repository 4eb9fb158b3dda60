"""Fails when a figure is worse than committed in budgets.json, by more than noise: kernels against their C++
references, then whole paths against their floors.

    python -m perf.gate [--plant FIGURE] [FIGURE ...]

`--plant` makes what one figure measures slower (a kernel works three times in two calls, a path through each request
twice), to see the gate fail; the product itself is not touched. A figure beyond its limit is measured once more with
more rounds, and the second measurement counts. The table is kept in perf/results. Exit codes: 0 all within their
limits, 1 one beyond (or something to measure with is missing, or answers differ).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from perf.budgets import Budget, judge, load
from perf.cases import AnswersDiffer, Case
from perf.kernels import BUILDERS, build
from perf.measure import ROUNDS, Clock, Figure, measure, slowed
from perf.native import CannotBuild, References
from perf.paths import GATED, PATHS
from perf.readings import Reading
from perf.results import Results
from perf.servers.load import CannotLoad
from perf.servers.machine import TooFewCores
from perf.servers.rounds import ROUNDS as PATH_ROUNDS
from perf.servers.stage import USERS, VIDEOS, stage
from perf.table import head, path_head, path_row, row

ROUNDS_AGAIN = 3 * ROUNDS
PATH_ROUNDS_AGAIN = 3 * PATH_ROUNDS  # a minute

CANNOT_MEASURE = (CannotBuild, AnswersDiffer, CannotLoad, TooFewCores)

Print = Callable[[str], object]
Paths = Mapping[str, Callable[[int], Reading]]
"""By name, how to measure a path with so many rounds."""


def hold(
    cases: Iterable[Case], budgets: Mapping[str, Budget], clock: Clock = time.thread_time, out: Print = print
) -> list[str]:
    """Measures the cases one by one, printing a row for each; a sentence for each that is beyond its limit."""
    failures = []
    out(head())
    for case in cases:
        budget = budgets[case.name]
        figure = measure(case, ROUNDS, clock)
        if not judge(figure.ratio, budget).passes:
            out(f"{case.title}: {figure.ratio:.3f} is beyond {budget.limit:.3f}; once more with {ROUNDS_AGAIN} rounds.")
            figure = measure(case, ROUNDS_AGAIN, clock)
        out(row(figure, budget))
        if not judge(figure.ratio, budget).passes:
            failures.append(sentence(figure, budget))
    return failures


def hold_paths(paths: Paths, budgets: Mapping[str, Budget], out: Print = print) -> list[str]:
    """As `hold`, of paths."""
    failures = []
    out(path_head())
    for name, measured in paths.items():
        budget = budgets[name]
        reading = measured(PATH_ROUNDS)
        if not judge(reading.value, budget).passes:
            beyond = f"{reading.value:.3f} is beyond {budget.limit:.3f}"
            out(f"{reading.title}: {beyond}; once more with {PATH_ROUNDS_AGAIN} rounds.")
            reading = measured(PATH_ROUNDS_AGAIN)
        out(path_row(reading, budget))
        if not judge(reading.value, budget).passes:
            failures.append(path_sentence(reading, budget))
    return failures


def sentence(figure: Figure, budget: Budget) -> str:
    """Which figure fails, and by how much."""
    ratio = f"{figure.ratio:.3f} of the C++ reference's CPU time"
    return f"{figure.name} is too slow: {ratio}, {_beyond(figure.ratio, budget)}"


def path_sentence(reading: Reading, budget: Budget) -> str:
    """Which path fails, and by how much."""
    return (
        f"{reading.name} is too slow: {reading.value:.3f} of what it is held against, {_beyond(reading.value, budget)}"
    )


def _beyond(value: float, budget: Budget) -> str:
    return (
        f"{judge(value, budget).beyond:.0%} beyond the limit of {budget.limit:.3f} (committed {budget.ratio:.3f}, "
        f"noise {budget.noise:.0%}, required {budget.required:.2f})."
    )


def main(arguments: list[str]) -> int:
    """Measures and judges; the exit code."""
    known = [*BUILDERS, *GATED]
    parser = argparse.ArgumentParser(prog="python -m perf.gate", description="Every figure against its budget.")
    parser.add_argument("--plant", choices=known, help="make what this figure measures slower")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(known)}; default: all")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.figures) - set(known):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    wanted = chosen.figures or known
    try:
        failures = _hold_all(wanted, chosen.plant, load(), Results("gate"))
    except CANNOT_MEASURE as error:
        failures = [str(error)]
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _hold_all(wanted: Sequence[str], plant: str | None, budgets: Mapping[str, Budget], out: Print) -> list[str]:
    failures = []
    if kernels := [name for name in wanted if name in BUILDERS]:
        with tempfile.TemporaryDirectory() as folder:
            references = References(Path(folder))
            failures += hold((planted(build(name, references), plant) for name in kernels), budgets, out=out)
    if paths := [name for name in wanted if name in PATHS]:
        with stage(USERS, VIDEOS) as servers:

            def measuring(name: str) -> Callable[[int], Reading]:
                return lambda rounds: PATHS[name](servers, rounds, name == plant)

            failures += hold_paths({name: measuring(name) for name in paths}, budgets, out)
    return failures


def planted(case: Case, plant: str | None) -> Case:
    """The case, with a slowed kernel if it is the one that `plant` names."""
    return replace(case, kernel=slowed(case.kernel)) if case.name == plant else case


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
