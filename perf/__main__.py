"""Prints every figure: CPU time, the ratio to C++ -O3 and to the twin in pure Python, and a picture of the ratios.

    python -m perf

Judges nothing: that is `python -m perf.gate`.
"""

import sys
import tempfile
from pathlib import Path

from perf.budgets import load
from perf.cases import AnswersDiffer
from perf.kernels import BUILDERS, build
from perf.measure import measure, measure_plain
from perf.native import CannotBuild, References
from perf.table import bar, head, row


def main() -> int:
    """Measures all and prints; 1 where that can't be done."""
    budgets = load()
    picture = []
    print(head(), f"{'Python':>9}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            references = References(Path(folder))
            for name in BUILDERS:
                case = build(name, references)
                figure = measure(case)
                times = measure_plain(case) / figure.kernel_ns
                print(row(figure, budgets[name]), f"{f'× {times:.0f}':>9}", flush=True)
                picture.append(f"{name:14} {bar(figure.ratio, budgets[name].limit)} {figure.ratio:.2f}")
        except (CannotBuild, AnswersDiffer) as error:
            print(error, file=sys.stderr)
            return 1
    print("\nCPU time as a share of the C++ reference's; │ is the gate's limit", *picture, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
