"""Prints every figure: kernels beside C++ -O3, numpy and their twins in pure Python, whole paths beside their floors,
pictures of both, and how a page's cost moves with its circumstances.

    python -m perf

Judges nothing: that is `python -m perf.gate`. What is printed is kept in perf/results.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from perf.budgets import Budget, load
from perf.curves import CURVES
from perf.gate import CANNOT_MEASURE
from perf.kernels import BUILDERS, build
from perf.measure import measure, measure_plain
from perf.native import References
from perf.paths import PATHS
from perf.results import Results
from perf.servers.rounds import ROUNDS
from perf.servers.stage import stage
from perf.table import bar, curve, head, numpy_row, path_head, path_row, row, shown

MANY_USERS, MANY_VIDEOS = 10_000, 50_000


def main() -> int:
    """Measures all and prints; 1 where that can't be done."""
    budgets, out = load(), Results("perf")
    try:
        _kernels(budgets, out)
        _paths(budgets, out)
    except CANNOT_MEASURE as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _kernels(budgets: Mapping[str, Budget], out: Results) -> None:
    picture = []
    out(f"{head()} {'Python':>9}")
    with tempfile.TemporaryDirectory() as folder:
        references = References(Path(folder))
        for name in BUILDERS:
            case = build(name, references)
            figure = measure(case, with_numpy=True)
            times = measure_plain(case) / figure.kernel_ns
            out(f"{row(figure, budgets[name])} {f'× {times:.0f}':>9}")
            picture.append(f"{name:20} {bar(figure.ratio, budgets[name].limit)} {figure.ratio:.2f}")
            if figure.numpy is not None:
                out(numpy_row(figure.numpy))
                picture.append(f"{'  of numpy':20} {bar(figure.numpy.ratio, None)} {figure.numpy.ratio:.2f}")
    out("\nCPU time as a share of the C++ reference's, or of numpy's; │ is the gate's limit")
    for line in picture:
        out(line)


def _paths(budgets: Mapping[str, Budget], out: Results) -> None:
    picture = []
    with stage(MANY_USERS, MANY_VIDEOS) as servers:
        out(f"\n{path_head()}")
        for name, measured in PATHS.items():
            reading = measured(servers, ROUNDS, False)
            out(path_row(reading, budgets[name]))
            drawn = bar(reading.value / budgets[name].required, budgets[name].limit / budgets[name].required)
            picture.append(f"{name:20} {drawn} {shown(reading)}")
        out("\nEach as a share of what is required of it; │ is the gate's limit")
        for line in picture:
            out(line)
        out("\nWhat a For You page costs, by circumstance")
        for measure_curve in CURVES:
            for line in curve(measure_curve(servers)):
                out(line)


if __name__ == "__main__":
    sys.exit(main())
