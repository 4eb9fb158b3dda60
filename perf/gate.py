"""Fails when a kernel is slower against its C++ reference than committed in budgets.json, by more than noise.

    python -m perf.gate [--plant FIGURE] [FIGURE ...]

`--plant` makes the kernel of one figure half as slow again, in this process, to see the gate fail. A figure beyond its
limit is measured once more with more rounds, and the second measurement counts. Exit codes: 0 all within their limits,
1 one beyond (or no C++ compiler, or answers that differ).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from perf.budgets import Budget, judge, load
from perf.cases import AnswersDiffer, Case
from perf.kernels import BUILDERS, build
from perf.measure import ROUNDS, Clock, Figure, measure, slowed
from perf.native import CannotBuild, References
from perf.table import head, row

ROUNDS_AGAIN = 3 * ROUNDS

Print = Callable[[str], object]


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


def sentence(figure: Figure, budget: Budget) -> str:
    """Which figure fails, and by how much."""
    by = judge(figure.ratio, budget).beyond
    return (
        f"{figure.name} is too slow: {figure.ratio:.3f} of the C++ reference's CPU time, {by:.0%} beyond the limit of "
        f"{budget.limit:.3f} (committed {budget.ratio:.3f}, noise {budget.noise:.0%}, required {budget.required:.2f})."
    )


def main(arguments: list[str]) -> int:
    """Measures and judges; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m perf.gate", description="Kernels against C++ -O3.")
    parser.add_argument("--plant", choices=BUILDERS, help="make this figure's kernel half as slow again")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(BUILDERS)}; default: all")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.figures) - set(BUILDERS):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            references = References(Path(folder))
            failures = hold(
                (planted(build(name, references), chosen.plant) for name in chosen.figures or BUILDERS), load()
            )
        except (CannotBuild, AnswersDiffer) as error:
            failures = [str(error)]
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def planted(case: Case, plant: str | None) -> Case:
    """The case, with a slowed kernel if it is the one that `plant` names."""
    return replace(case, kernel=slowed(case.kernel)) if case.name == plant else case


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
