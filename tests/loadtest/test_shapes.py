"""The shapes against Kinora itself, a few seconds each: every answer is one that was expected, and what a shape is
named for has come about. No latency is judged, and a third of what would come on an idle machine is enough."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.local.program import wait_until
from loadtest import outcome, people, stack
from loadtest.outcome import Outcome
from loadtest.stack import Stack
from tests.loadtest.running import run

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

SECONDS = 8
SELECTIVE_AT, PULL_AT = 25, 30  # some forty fans come in such a run
KNOWN_S = 30.0  # until workers have counted
NOTHING_FAILS = """
target = [{what = "Errors", source = "", endpoints = ["all"], measure = "failed_percent", below = 0.01}]
elsewhere = []
"""


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    with stack.running(users=300, videos=600, tiers=(SELECTIVE_AT, PULL_AT)) as started:
        yield started


def shaped(own: Stack, out: Path, shape: str, rate: int, least: dict[str, int]) -> Outcome:
    """What the run came to, of which nothing failed, and that asked each endpoint at least so often."""
    targets = out / "nothing-fails.toml"
    targets.write_text(NOTHING_FAILS)
    words = ["--shape", shape, "--rate", str(rate), "--pace", "2", "--seconds", str(SECONDS)]
    code, said = run(out, "--url", own.url, "--tokens", str(own.tokens), "--targets", str(targets), *words)
    assert (out / outcome.FILE).exists(), said
    came_to = outcome.load(out)
    assert (came_to.refused, came_to.crashes, code) == ([], [], 0), said
    requests = {each.name: each.requests for each in came_to.each}
    assert {name: number for name, number in least.items() if requests.get(name, 0) < number} == {}, said
    assert (out / "verdict.txt").read_text().startswith(f"{shape}: {came_to.together.requests} requests in {SECONDS} s")
    assert (out / "report.html").stat().st_size > 10_000
    return came_to


def asked(own: Stack, path: str) -> Any:
    with urllib.request.urlopen(f"{own.url}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)


def tier(own: Stack, user_id: str) -> dict[str, str]:
    """The lines of the report, by what they begin with."""
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in own.command("tier", user_id).splitlines()}


def pulled(own: Stack, user_id: str) -> dict[str, str]:
    """The report once it says that nothing of this creator's is pushed any more."""
    report: dict[str, str] = {}

    def known() -> bool:
        report.update(tier(own, user_id))
        return report["tier"].startswith("pull, ")

    assert wait_until(known, KNOWN_S), report
    return report


def test_a_viral_video_is_counted_for_everybody_whose_view_was_acknowledged(own: Stack, tmp_path: Path) -> None:
    # The first of these tests: nothing has been watched in a seeded community, and who has watched it in another test
    # would not be counted again within half an hour.
    came_to = shaped(own, tmp_path, "viral", 10, {"GET videos/:id": 15, "POST videos/:id/views": 40})

    video_id, viewers = max(came_to.people.items(), key=lambda known: known[1])
    assert viewers >= 15

    def views() -> Any:
        return asked(own, f"videos/{video_id}")["stats"]["views"]

    assert wait_until(lambda: views() == viewers, KNOWN_S), (views(), viewers)


def test_fans_carry_creators_over_both_limits_of_fan_out(own: Stack, tmp_path: Path) -> None:
    everybody = [people.of_token(token).user_id for token in own.tokens.read_text().split()]
    before = {user_id: asked(own, f"users/{user_id}")["follower_count"] for user_id in everybody}

    came_to = shaped(own, tmp_path, "celebrity", 14, {"POST users/:id/follow": 45, "GET users/:id": 3})

    stars = {subject: fans for subject, fans in came_to.people.items() if subject in before and fans >= 15}
    assert len(stars) == 3
    star = min(stars, key=lambda star: before[star])
    followers = asked(own, f"users/{star}")["follower_count"]
    assert before[star] < SELECTIVE_AT < PULL_AT < followers <= before[star] + stars[star]
    report = pulled(own, star)
    assert int(report["tier"].rpartition(" ")[2]) >= 1  # the epoch: it was another tier before


def test_a_herd_signs_in(own: Stack, tmp_path: Path) -> None:
    came_to = shaped(own, tmp_path, "herd", 20, {"GET users/me": 7, "POST auth/login": 7, "GET feed/for-you": 7})

    [login] = [each for each in came_to.each if each.name == "POST auth/login"]
    assert came_to.people["signed in"] == login.requests  # nobody had to be put off


def test_a_spike_is_five_times_the_crowd_for_a_quarter(own: Stack, tmp_path: Path) -> None:
    came_to = shaped(own, tmp_path, "spike", 8, {"POST videos/:id/views": 10, "GET feed/for-you": 10})

    assert came_to.together.requests >= 1.25 * 8 * SECONDS  # twice as many as without
