"""From what a run came to, to the verdict on the documented targets."""

from pathlib import Path
from typing import Final

from loadtest import targets
from loadtest.outcome import Outcome
from loadtest.rates import Plan

WHOLE: Final = ("steady", "spike")  # shapes in which every target must have been measured


def judge(outcome: Outcome, plan: Plan, path: Path) -> tuple[list[str], bool]:
    """The verdicts in words, and whether all is well. A load test that stumbled itself has measured too little."""
    wanted = targets.load(path)
    together = outcome.together
    verdicts = targets.check(outcome.each, together, wanted, whole=plan.shape in WHOLE)
    rate = together.requests / plan.seconds
    lines = [f"{plan.shape}: {together.requests} requests in {plan.seconds:.0f} s, {rate:.1f} a second", ""]
    lines += [str(verdict) for verdict in verdicts if verdict.value is not None or not verdict.well]
    lines += [f"MISS  the load test itself: {crash}" for crash in outcome.crashes]
    lines += ["", *(f"not from here: {other.what} ({other.where})" for other in wanted.elsewhere)]
    well = together.requests > 0 and not outcome.crashes and all(verdict.well for verdict in verdicts)
    return lines, well
