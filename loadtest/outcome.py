"""What a run came to: `outcome.json`, for whoever looks at the service afterwards and knows what must have happened."""

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import msgspec

from loadtest.targets import Measured

FILE: Final = "outcome.json"
LATER: Final = 429  # with Retry-After: not now


class CameOfIt:
    """Who has done what to whom or what, as it was acknowledged. One a process: a run of Locust is one."""

    def __init__(self) -> None:
        self._people: defaultdict[str, set[str]] = defaultdict(set)

    def note(self, subject: str, user_id: str) -> None:
        """A fan of a star, a viewer of a video whose view counts, somebody who signed in."""
        self._people[subject].add(user_id)

    def people(self) -> dict[str, int]:
        """How many, by subject."""
        return {subject: len(them) for subject, them in self._people.items()}


CAME_OF_IT: Final = CameOfIt()


class Refused(msgspec.Struct, frozen=True):
    """An answer that was none of those expected, or no answer; `endpoint` is method and route."""

    endpoint: str
    error: str
    times: int


class Outcome(msgspec.Struct, frozen=True):
    """All that was asked, each endpoint and all together; what was refused; errors of the load test itself; and how
    many people have acknowledged dealings with each subject."""

    each: list[Measured]
    together: Measured
    refused: list[Refused]
    crashes: list[str]
    people: dict[str, int]

    def save(self, folder: Path) -> None:
        (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(self)))


def load(folder: Path) -> Outcome:
    """The outcome of the run whose report lies there."""
    return msgspec.json.decode((folder / FILE).read_bytes(), type=Outcome)


def of_environment(environment: Any) -> Outcome:
    """From Locust's `Environment`."""
    stats = environment.stats
    each = [_measured(f"{entry.method} {entry.name}", entry) for entry in stats.entries.values()]
    return Outcome(
        sorted(each, key=lambda one: one.name),
        _measured("all", stats.total),
        [
            Refused(f"{error.method} {error.name}", str(error.error), error.occurrences)
            for error in stats.errors.values()
        ],
        [f"{crash['msg']}, {crash['count']} times" for crash in environment.runner.exceptions.values()],
        CAME_OF_IT.people(),
    )


def _measured(name: str, entry: Any) -> Measured:
    p50, p95, p99 = (float(entry.get_response_time_percentile(part) or 0) for part in (0.50, 0.95, 0.99))
    return Measured(name, entry.num_requests, entry.num_failures, p50, p95, p99)
