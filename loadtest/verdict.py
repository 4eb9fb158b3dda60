"""From Locust's figures to the verdict on the documented targets."""

from pathlib import Path
from typing import Any, Final

from loadtest import targets
from loadtest.rates import Plan
from loadtest.targets import Measured, Targets, Verdict

WHOLE: Final = ("steady", "spike")  # shapes in which every target must have been measured


def of_stats(stats: Any) -> tuple[list[Measured], Measured]:
    """Each endpoint, and all together, of Locust's `RequestStats`."""
    each = [_measured(f"{entry.method} {entry.name}", entry) for entry in stats.entries.values()]
    return sorted(each, key=lambda one: one.name), _measured("all", stats.total)


def _measured(name: str, entry: Any) -> Measured:
    p50, p95, p99 = (float(entry.get_response_time_percentile(part) or 0) for part in (0.50, 0.95, 0.99))
    return Measured(name, entry.num_requests, entry.num_failures, p50, p95, p99)


def judge(stats: Any, plan: Plan, path: Path) -> tuple[list[str], bool]:
    """The verdicts in words, and whether all is well."""
    wanted: Targets = targets.load(path)
    each, together = of_stats(stats)
    verdicts: list[Verdict] = targets.check(each, together, wanted, whole=plan.shape in WHOLE)
    rate = together.requests / plan.seconds
    lines = [f"{plan.shape}: {together.requests} requests in {plan.seconds:.0f} s, {rate:.1f} a second", ""]
    lines += [str(verdict) for verdict in verdicts if verdict.value is not None or not verdict.well]
    lines += ["", *(f"not from here: {other.what} ({other.where})" for other in wanted.elsewhere)]
    return lines, together.requests > 0 and all(verdict.well for verdict in verdicts)
