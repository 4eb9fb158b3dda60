"""What a run came to is kept, and a load test that stumbled itself has not passed."""

from pathlib import Path

import pytest

from loadtest import outcome
from loadtest.outcome import CameOfIt, Outcome, Refused
from loadtest.rates import Plan
from loadtest.targets import Measured
from loadtest.verdict import judge

PLAN = Plan("herd", rate=10, seconds=10)
TARGETS = """
target = [{what = "Errors", source = "", endpoints = ["all"], measure = "failed_percent", below = 0.1}]
elsewhere = [{what = "Another", where = "somewhere"}]
"""


def came_to(failures: int = 0, crashes: tuple[str, ...] = (), requests: int = 100) -> Outcome:
    asked = Measured("GET it", requests, failures, 1.0, 2.0, 3.0)
    refused = [Refused("GET it", "503", failures)] if failures else []
    return Outcome([asked], asked, refused, list(crashes), {"usr_1": 3})


@pytest.mark.parametrize(
    ("ran", "well", "line"),
    [
        (came_to(), True, "ok    Errors           all"),
        (came_to(failures=1), False, "MISS  Errors           all"),
        (came_to(crashes=("it broke, 2 times",)), False, "MISS  the load test itself: it broke, 2 times"),
        (came_to(requests=0), False, "herd: 0 requests in 10 s, 0.0 a second"),
    ],
)
def test_a_run_is_well_that_asked_missed_nothing_and_did_not_stumble(
    tmp_path: Path, ran: Outcome, well: bool, line: str
) -> None:
    (tmp_path / "targets.toml").write_text(TARGETS)
    lines, found = judge(ran, PLAN, tmp_path / "targets.toml")
    assert found is well
    assert any(each.startswith(line) for each in lines), lines
    assert lines[-1] == "not from here: Another (somewhere)"


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = came_to(failures=2, crashes=("it broke",))
    written.save(tmp_path)
    assert outcome.load(tmp_path) == written


def test_people_are_counted_once_a_subject() -> None:
    kept = CameOfIt()
    for subject, user_id in (("usr_1", "usr_2"), ("usr_1", "usr_3"), ("usr_1", "usr_2"), ("vid_1", "usr_2")):
        kept.note(subject, user_id)
    assert kept.people() == {"usr_1": 2, "vid_1": 1}
