"""The printed tables: one row a figure."""

from collections.abc import Iterator

from perf.budgets import Budget
from perf.curves.point import Curve
from perf.measure import Beside, Figure
from perf.readings import Reading

COLUMNS = "{:52} {:>10} {:>11} {:>9} {:>7} {:>7} {:>9}"
PATH_COLUMNS = "{:64} {:>10} {:>10} {:>9} {:>9} {:>16}"
CURVE_COLUMNS = "{:>12} {:>9} {:>9} {:>10} {:>9}  {}"
BAR = 48  # characters
BAR_END = 1.5  # the share of the limit at a bar's end


def head() -> str:
    """The line above the rows. Times are CPU times; a ratio below 1 means faster than the C++ reference, or than numpy
    in a row that says so."""
    return COLUMNS.format(
        "kernel, against C++ -O3", "CPU a call", "ns/element", "against", "ratio", "limit", "required"
    )


def row(figure: Figure, budget: Budget) -> str:
    """One figure beside its limit."""
    return COLUMNS.format(
        figure.title,
        duration(figure.call_s),
        f"{figure.kernel_ns:.2f}",
        f"{figure.reference_ns:.2f}",
        f"{figure.ratio:.3f}",
        f"{budget.limit:.3f}",
        required(figure.ratio, budget, ".2f"),
    )


def numpy_row(numpy: Beside) -> str:
    """What the kernel of the row above comes to beside numpy."""
    return COLUMNS.format("  against numpy", "", "", f"{numpy.ns:.2f}", f"{numpy.ratio:.3f}", "", "not gated")


def path_head() -> str:
    """The line above the rows of paths. Times are CPU times of a request."""
    return PATH_COLUMNS.format("path", "CPU", "against", "value", "limit", "required")


def path_row(reading: Reading, budget: Budget) -> str:
    """One path beside its limit."""
    return PATH_COLUMNS.format(
        reading.title,
        duration(reading.own_us * 1e-6) if reading.own_us else "",
        duration(reading.against_us * 1e-6) if reading.against_us else "",
        shown(reading),
        f"{budget.limit:.3g}",
        required(reading.value, budget, ".3g"),
    )


def required(value: float, budget: Budget, form: str) -> str:
    """What is required, and whether it is missed: by what was committed, or this time."""
    met = budget.met and value <= budget.required
    return f"≤ {budget.required:{form}}{'' if met else ' MISSED'}"


def shown(reading: Reading) -> str:
    """The value with its unit."""
    return f"{reading.value:.3f}" if reading.unit == "×" else f"{reading.value:.1f} {reading.unit}"


def duration(seconds: float) -> str:
    """In microseconds, or in milliseconds from one on."""
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def bar(value: float, limit: float | None, end: float = BAR_END) -> str:
    """The value as a bar, with a mark at the limit if there is one."""
    cells = ["█" if cell < value / end * BAR else "·" for cell in range(BAR)]
    if limit is not None:
        cells[min(int(limit / end * BAR), BAR - 1)] = "│"
    return "".join(cells)


def curve(drawn: Curve) -> Iterator[str]:
    """A table with a bar for the CPU of each point."""
    yield CURVE_COLUMNS.format(drawn.title[-12:], "CPU µs", "Valkey", "p99 µs", "1/s", drawn.title)
    most_us = max(point.cost.cpu_us for point in drawn.points)
    for point in drawn.points:
        cost = point.cost
        filled = "█" * round(BAR * cost.cpu_us / most_us)
        yield CURVE_COLUMNS.format(
            point.at, f"{cost.cpu_us:.1f}", f"{cost.redis_us:.1f}", f"{cost.p99_us:.0f}", f"{cost.per_s:.0f}", filled
        )
