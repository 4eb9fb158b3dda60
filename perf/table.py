"""The printed table: one row a figure."""

from perf.budgets import Budget
from perf.measure import Figure

COLUMNS = "{:52} {:>10} {:>11} {:>9} {:>7} {:>7} {:>9}"
BAR = 48  # characters
BAR_END = 1.5  # the ratio at a bar's end


def head() -> str:
    """The line above the rows. Times are CPU times; a ratio below 1 means faster than the C++ reference."""
    return COLUMNS.format("figure", "CPU a call", "ns/element", "C++ -O3", "ratio", "limit", "required")


def row(figure: Figure, budget: Budget) -> str:
    """One figure beside its limit."""
    return COLUMNS.format(
        figure.title,
        duration(figure.call_s),
        f"{figure.kernel_ns:.2f}",
        f"{figure.reference_ns:.2f}",
        f"{figure.ratio:.3f}",
        f"{budget.limit:.3f}",
        f"≤ {budget.required:.2f}",
    )


def duration(seconds: float) -> str:
    """In microseconds, or in milliseconds from one on."""
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def bar(ratio: float, limit: float) -> str:
    """The ratio as a bar, with a mark at the limit."""
    cells = ["█" if cell < ratio / BAR_END * BAR else "·" for cell in range(BAR)]
    cells[min(int(limit / BAR_END * BAR), BAR - 1)] = "│"
    return "".join(cells)
