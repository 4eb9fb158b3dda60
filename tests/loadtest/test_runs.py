"""Whole runs of the load test, in a process of their own: what is slow fails them, and they say what it was."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest import outcome, targets
from tests.loadtest.running import run
from tests.loadtest.stand_in import standing_in
from tests.servers.local.runs import ROOT

BRIEF = ("--rate", "80", "--seconds", "15", "--pace", "1", "--uploads", "400")
FAR_FROM_IT = """
target = [{what = "All", source = "", endpoints = ["all"], measure = "p95_ms", below = 500}]
elsewhere = []
"""


@pytest.fixture
def brief(tmp_path: Path) -> tuple[str, ...]:
    """Fifteen seconds, the documented targets, and a single request to tell by."""
    lines = [line for line in targets.FILE.read_text().splitlines() if not line.startswith("least")]
    path = tmp_path / "targets.toml"
    path.write_text("\n".join(lines).replace("measure =", "least = 1\nmeasure ="))
    return (*BRIEF, "--targets", str(path))


def test_a_slow_endpoint_fails_the_run_by_name(tmp_path: Path, brief: tuple[str, ...]) -> None:
    with standing_in(slow=("feed/trending", 0.2)) as url:
        code, said = run(tmp_path, "--url", url, *brief)
    assert code == 1, said
    missed = [
        line
        for line in (tmp_path / "verdict.txt").read_text().splitlines()
        if line.startswith("MISS") and "too seldom" not in line
    ]
    assert missed, said
    assert all("GET feed/trending" in line for line in missed), missed
    assert "<html" in (tmp_path / "report.html").read_text()


@pytest.mark.long
def test_a_service_that_keeps_up_passes(tmp_path: Path, brief: tuple[str, ...]) -> None:
    with standing_in() as url:
        code, said = run(tmp_path, "--url", url, *brief)
    assert code == 0, said
    assert "MISS" not in (tmp_path / "verdict.txt").read_text()


@pytest.mark.long
@pytest.mark.parametrize("fields", [{"retry-after": "7"}, {}])
def test_a_sign_in_is_put_off_by_saying_until_when(tmp_path: Path, fields: dict[str, str]) -> None:
    (tmp_path / "targets.toml").write_text(FAR_FROM_IT)
    few = ("--shape", "herd", "--rate", "12", "--pace", "1", "--seconds", "4")
    with standing_in(full=fields) as url:
        code, said = run(tmp_path, "--url", url, *few, "--targets", str(tmp_path / "targets.toml"))
    came_to = outcome.load(tmp_path)
    [login] = [each for each in came_to.each if each.name == "POST auth/login"]
    assert code == 0, said
    assert login.requests > 0
    assert login.failures == (0 if fields else login.requests)
    assert "signed in" not in came_to.people


@pytest.mark.long
@pytest.mark.parametrize(("stall", "code"), [((5.0, 8.0), 1), ((0.0, 0.0), 0)])
def test_five_people_feel_a_stall_as_the_crowd_would(tmp_path: Path, stall: tuple[float, float], code: int) -> None:
    # Five who waited for their answers would have asked five times in the stall, and never have filled the last 5 %.
    (tmp_path / "targets.toml").write_text(FAR_FROM_IT)
    few = ("--rate", "50", "--seconds", "20", "--pace", "0.1", "--targets", str(tmp_path / "targets.toml"))
    with standing_in(stall=stall) as url:
        assert run(tmp_path, "--url", url, *few)[0] == code, (tmp_path / "verdict.txt").read_text()


def test_nothing_to_run_against_is_said_in_words(tmp_path: Path) -> None:
    code, said = run(tmp_path, "--url", "http://127.0.0.1:9", "--seconds", "2", "--rate", "5", "--pace", "1")
    came_to = outcome.load(tmp_path)
    assert code == 1
    assert came_to.together.requests == came_to.together.failures == sum(each.times for each in came_to.refused) > 0
    assert all("Connection refused" in each.error for each in came_to.refused)
    assert came_to.crashes == [], said


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_minutes_of_the_documents_crowd_meet_every_target(tmp_path: Path) -> None:
    code, said = run(tmp_path, "--rate", "25", "--seconds", "120", "--uploads", "40", timeout_s=600)
    assert code == 0, said
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_neither_locust_nor_gevent_gets_into_the_application() -> None:
    named = {
        name.partition(".")[0]
        for path in [*(ROOT / "app").rglob("*.py"), *(ROOT / "hotpath").rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not named & {"locust", "gevent", "greenlet", "loadtest"}
    loaded = "import sys, app.main, app.workers, app.commands, loadtest.targets, loadtest.rates, loadtest.proportions"
    words = [sys.executable, "-c", f"{loaded}; print('gevent' in sys.modules or 'locust' in sys.modules)"]
    assert subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "False\n"
