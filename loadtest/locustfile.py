"""What Locust runs: the people, the shape, and at the end the verdict and the exit code."""

from typing import Any, Final

from locust import LoadTestShape, User, events

from loadtest import outcome, rates
from loadtest.beside import Fan, Guest, Sleeper
from loadtest.rates import Role
from loadtest.settings import Run
from loadtest.users import Anonymous, Creator, Viewer
from loadtest.verdict import judge

RUN: Final = Run.of_environ()
CROWD: Final[list[type[User]]] = [Viewer, Creator, Anonymous]
BESIDE: Final[dict[Role, type[User]]] = {"fan": Fan, "guest": Guest, "sleeper": Sleeper}
SPAWNED_PER_S: Final = 100.0


def _invite() -> None:
    """Of those who may come beside the crowd, only the shape's own."""
    extra = rates.EXTRAS.get(RUN.plan.shape)
    for role, people in BESIDE.items():
        people.abstract = extra is None or extra.role != role
        people.fixed_count = 0 if people.abstract else rates.extras(RUN.plan)


_invite()


class Shape(LoadTestShape):
    """As many people as the plan says; those beside the crowd are there from the start and wait for their time."""

    def tick(self) -> tuple[int, float] | None:
        at_s: float = self.get_run_time()  # type: ignore[no-untyped-call]  # Locust leaves it so
        if at_s >= RUN.plan.seconds:
            return None
        return rates.crowd(RUN.plan, at_s) + rates.extras(RUN.plan), SPAWNED_PER_S


def _conclude(environment: Any, **_: Any) -> None:
    came_to = outcome.of_environment(environment)
    came_to.save(RUN.out)
    lines, well = judge(came_to, RUN.plan, RUN.targets)
    text = "\n".join([*lines, "", "Every target is met." if well else "Not every target is met.", ""])
    (RUN.out / "verdict.txt").write_text(text)
    print(text)
    environment.process_exit_code = 0 if well else 1


events.quitting.add_listener(_conclude)  # type: ignore[no-untyped-call]
