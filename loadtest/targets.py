"""The documented targets as data (`targets.toml`), and the verdict on what was measured. Pure but for one file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

FILE: Final = Path(__file__).with_name("targets.toml")
ALL: Final = "all"
EACH: Final = "*"


class Measured(msgspec.Struct, frozen=True):
    """One endpoint's figures, times counted from when each request was due. `name` is method and route."""

    name: str
    requests: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def failed_percent(self) -> float:
        return 100 * self.failures / self.requests if self.requests else 0.0


class Target(msgspec.Struct, frozen=True):
    """The measure of each endpoint must be below the limit; `least` requests are needed to tell."""

    what: str
    source: str
    endpoints: tuple[str, ...]
    measure: Literal["p50_ms", "p95_ms", "p99_ms", "failed_percent"]
    below: float
    least: int = 20


class Elsewhere(msgspec.Struct, frozen=True):
    """A documented target that is measured somewhere else."""

    what: str
    where: str


class Targets(msgspec.Struct, frozen=True):
    target: tuple[Target, ...]
    elsewhere: tuple[Elsewhere, ...]


class Verdict(msgspec.Struct, frozen=True):
    """`value` is None for an endpoint that was asked too seldom to tell: `well` then says whether that may be."""

    target: Target
    endpoint: str
    value: float | None
    well: bool

    def __str__(self) -> str:
        shown = "asked too seldom to tell" if self.value is None else f"{self.value:.1f} < {self.target.below:g}"
        mark = "ok  " if self.well and self.value is not None else "    " if self.well else "MISS"
        return f"{mark}  {self.target.what:<16} {self.endpoint:<30} {self.target.measure:<15} {shown}"


def load(path: Path = FILE) -> Targets:
    """The targets of a file."""
    return msgspec.toml.decode(path.read_bytes(), type=Targets)


def check(measured: Sequence[Measured], together: Measured, targets: Targets, *, whole: bool) -> list[Verdict]:
    """One verdict a target and endpoint. With `whole` an endpoint that a target names must have been asked often
    enough: a run that measured nothing has not passed."""
    return [
        verdict
        for target in targets.target
        for endpoint in target.endpoints
        for verdict in _verdicts(target, endpoint, measured, together, whole)
    ]


def _verdicts(
    target: Target, endpoint: str, measured: Sequence[Measured], together: Measured, whole: bool
) -> Iterator[Verdict]:
    if endpoint == EACH:
        for each in measured:
            yield _verdict(target, each.name, each, whole=False)
        return
    found = together if endpoint == ALL else next((each for each in measured if each.name == endpoint), None)
    yield _verdict(target, endpoint, found, whole)


def _verdict(target: Target, endpoint: str, found: Measured | None, whole: bool) -> Verdict:
    if found is None or found.requests < target.least:
        return Verdict(target, endpoint, None, not whole)
    value: float = getattr(found, target.measure)
    return Verdict(target, endpoint, value, value < target.below)
