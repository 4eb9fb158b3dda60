"""What each figure may be: budgets.json, how it is judged, and how it is written anew.

    python -m perf.budgets [runs]

measures every figure `runs` times and writes the median of the ratios as its budget, and as its noise the largest
distance of a run above that median, doubled: what it did in so few runs is not the worst it can do.
"""

import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from perf.kernels import BUILDERS, build
from perf.measure import measure
from perf.native import References

FILE = Path(__file__).with_name("budgets.json")
RUNS = 15
LEAST_NOISE = 0.1  # a few runs of one hour on one machine know nothing of the next compiler and the next machine


@dataclass(frozen=True)
class Budget:
    """The committed ratio, its noise (how far above a run may lie, as a share of it) and what is required anyhow."""

    ratio: float
    noise: float
    required: float

    @property
    def limit(self) -> float:
        """The largest ratio that passes."""
        return min(self.ratio * (1 + self.noise), self.required)


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


def main(runs: int) -> None:
    """Measures in turns, figure after figure, so that a busy minute meets all of them; then writes the file."""
    with tempfile.TemporaryDirectory() as folder:
        references = References(Path(folder))
        cases = [build(name, references) for name in BUILDERS]
        ratios: dict[str, list[float]] = {case.name: [] for case in cases}
        for number in range(runs):
            random.shuffle(cases)
            for case in cases:
                ratios[case.name].append(measure(case).ratio)
            print(
                f"run {number + 1}: " + "  ".join(f"{name} {seen[-1]:.3f}" for name, seen in ratios.items()), flush=True
            )
    required = {name: budget.required for name, budget in load().items()}
    budgets = {name: asdict(renewed(seen, required[name])) for name, seen in ratios.items()}
    FILE.write_text(json.dumps(budgets, indent=2) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
