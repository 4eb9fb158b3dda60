"""What each figure may be: budgets.json, how it is judged, and how it is written anew.

    python -m perf.budgets [--runs N] [FIGURE ...]

measures the figures `N` times and writes the median of the ratios as its budget, and as its noise the largest
distance of a run above that median, doubled: what it did in so few runs is not the worst it can do.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from perf.cases import Case
from perf.kernels import BUILDERS, build
from perf.measure import measure
from perf.native import References
from perf.paths import GATED, PATHS
from perf.servers.rounds import ROUNDS
from perf.servers.stage import USERS, VIDEOS, stage

FILE = Path(__file__).with_name("budgets.json")
RUNS = 15
LEAST_NOISE = 0.1  # a few runs of one hour on one machine know nothing of the next compiler and the next machine


@dataclass(frozen=True)
class Budget:
    """The committed ratio, its noise (how far above a run may lie, as a share of it) and what is required anyhow.

    A figure that has not come to what is required is held to what it has come to, and every table says so.
    """

    ratio: float
    noise: float
    required: float

    @property
    def limit(self) -> float:
        """The largest ratio that passes."""
        reached = self.ratio * (1 + self.noise)
        return min(reached, self.required) if self.met else reached

    @property
    def met(self) -> bool:
        """Whether the committed ratio is what is required, or better."""
        return self.ratio <= self.required


@dataclass(frozen=True)
class Verdict:
    """Whether a ratio passes, and by what share it is beyond the limit (negative: so much is left)."""

    passes: bool
    beyond: float


def judge(ratio: float, budget: Budget) -> Verdict:
    """A ratio equal to the limit passes."""
    return Verdict(ratio <= budget.limit, ratio / budget.limit - 1)


def load(file: Path = FILE) -> dict[str, Budget]:
    """The committed budgets by figure."""
    return {name: Budget(**fields) for name, fields in json.loads(file.read_text()).items()}


def renewed(ratios: Sequence[float], required: float) -> Budget:
    """The budget that these runs of one figure justify."""
    middle = median(ratios)
    noise = max(2 * (max(ratios) / middle - 1), LEAST_NOISE)
    return Budget(round(middle, 3), round(noise, 3), required)


def main(arguments: list[str]) -> None:
    """Measures in turns, figure after figure, so that a busy minute meets all of them; then writes the file."""
    known = [*BUILDERS, *GATED]
    parser = argparse.ArgumentParser(prog="python -m perf.budgets", description="Writes budgets.json anew.")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(known)}; default: all")
    chosen = parser.parse_args(arguments)
    wanted = chosen.figures or known
    if unknown := set(wanted) - set(known):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    budgets = load()
    with ExitStack() as stack:
        measures = _kernels(stack, wanted) | _paths(stack, wanted)
        values: dict[str, list[float]] = {name: [] for name in measures}
        for number in range(chosen.runs):
            for name in random.sample(list(measures), len(measures)):
                values[name].append(measures[name]())
            shown = "  ".join(f"{name} {seen[-1]:.3f}" for name, seen in values.items())
            print(f"run {number + 1} of {chosen.runs}: {shown}", flush=True)
    budgets |= {name: renewed(seen, budgets[name].required) for name, seen in values.items()}
    FILE.write_text(json.dumps({name: asdict(budget) for name, budget in budgets.items()}, indent=2) + "\n")


def _kernels(stack: ExitStack, wanted: Sequence[str]) -> dict[str, Callable[[], float]]:
    """A way to measure each kernel among `wanted`."""
    if not set(wanted) & set(BUILDERS):
        return {}
    references = References(Path(stack.enter_context(tempfile.TemporaryDirectory())))
    cases = {name: build(name, references) for name in wanted if name in BUILDERS}

    def measuring(case: Case) -> Callable[[], float]:
        return lambda: measure(case).ratio

    return {name: measuring(case) for name, case in cases.items()}


def _paths(stack: ExitStack, wanted: Sequence[str]) -> dict[str, Callable[[], float]]:
    """A way to measure each path among `wanted`, on one stage of the gate's size."""
    if not set(wanted) & set(PATHS):
        return {}
    servers = stack.enter_context(stage(USERS, VIDEOS))

    def measuring(name: str) -> Callable[[], float]:
        def value() -> float:
            servers.kept.clear()
            return PATHS[name](servers, ROUNDS, False).value

        return value

    return {name: measuring(name) for name in wanted if name in PATHS}


if __name__ == "__main__":
    main(sys.argv[1:])
