"""One figure: what is called, with which inputs, and what it is held against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class AnswersDiffer(Exception):
    """The two sides of a figure do not compute the same: their speeds say nothing."""


class Reference(Protocol):
    """The C++ side of a figure."""

    def run(self, times: int) -> None:
        """Works through all inputs `times` times, within one call."""

    def answers(self) -> list[Any]:
        """One answer for each input, in the kernel's own types."""


@dataclass(frozen=True)
class Case:
    """One workload. Several small inputs take turns, so that no branch predictor learns the only one by heart."""

    name: str  # as in budgets.json
    title: str
    elements: int  # what one pass over all inputs works through
    inputs: Sequence[tuple[Any, ...]]
    kernel: Callable[..., Any]
    plain: Callable[..., Any]  # the twin in pure Python
    reference: Reference
    numpy: Callable[..., Any] | None = None  # the same by numpy's columns, where that is natural; shown, never gated

    def run_kernel(self, times: int) -> None:
        """Calls the kernel with every input `times` times, as Python code does."""
        call(self.kernel, self.inputs, times)

    def check(self) -> None:
        """Raises AnswersDiffer unless kernel and reference, and numpy if it takes part, give equal answers for every
        input."""
        answers = [self.kernel(*arguments) for arguments in self.inputs]
        if answers != self.reference.answers():
            raise AnswersDiffer(f"{self.name}: the kernel and the C++ reference give different answers.")
        if self.numpy is not None and answers != [self.numpy(*arguments) for arguments in self.inputs]:
            raise AnswersDiffer(f"{self.name}: the kernel and numpy give different answers.")


def call(contender: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], times: int) -> None:
    """Calls `contender` with each input in turn, `times` times over; answers are dropped at once."""
    for _ in range(times):
        for arguments in inputs:
            contender(*arguments)
