"""The documented targets, and what a run must show of them."""

import re

import pytest

from loadtest import targets
from loadtest.targets import Measured, Target, Targets, Verdict, check

GOOD = {
    "GET feed/for-you": 120,
    "GET feed/following": 120,
    "GET feed/trending": 60,
    "POST videos/upload": 130,
    "PUT upload_url": 130,
    "POST videos/:id/views": 40,
}


def measured(name: str, p99_ms: float, requests: int = 1000, failures: int = 0) -> Measured:
    return Measured(name, requests, failures, p99_ms / 2, p99_ms, p99_ms)


def verdicts(slow: str = "", slow_ms: float = 0, **more: int) -> list[Verdict]:
    each = [measured(name, slow_ms if name == slow else p99_ms) for name, p99_ms in GOOD.items()]
    return check(each, measured("all", 100, requests=6000, **more), targets.load(), whole=True)


def test_a_good_run_meets_every_target() -> None:
    assert all(verdict.well and verdict.value is not None for verdict in verdicts())


@pytest.mark.parametrize("name", GOOD)
def test_each_slow_endpoint_is_named(name: str) -> None:
    missed = [verdict for verdict in verdicts(slow=name, slow_ms=501) if not verdict.well]
    assert missed
    assert {verdict.endpoint for verdict in missed} == {name}
    assert all(name in str(verdict) and str(verdict).startswith("MISS") for verdict in missed)


def test_trending_has_a_target_of_its_own() -> None:
    [missed] = [verdict for verdict in verdicts(slow="GET feed/trending", slow_ms=101) if not verdict.well]
    assert missed.target.what == "Trending"


@pytest.mark.parametrize(("failures", "well"), [(5, True), (6, False)])
def test_one_error_in_a_thousand_is_too_many(failures: int, well: bool) -> None:
    assert all(verdict.well for verdict in verdicts(failures=failures)) is well


def test_what_was_not_asked_has_not_passed() -> None:
    each = [measured(name, p99_ms) for name, p99_ms in GOOD.items() if name != "GET feed/trending"]
    together = measured("all", 100)
    [missed] = [verdict for verdict in check(each, together, targets.load(), whole=True) if not verdict.well]
    assert (missed.endpoint, missed.value) == ("GET feed/trending", None)
    assert all(verdict.well for verdict in check(each, together, targets.load(), whole=False))


def test_too_few_requests_tell_nothing() -> None:
    target = Target("Some", "", ("GET it",), "p99_ms", 100, least=20)
    for requests, told in ((19, False), (20, True)):
        [verdict] = check([measured("GET it", 900, requests)], measured("all", 1), Targets((target,), ()), whole=False)
        assert (verdict.value is not None) is told
        assert verdict.well is not told


def test_the_file_holds_the_documents_numbers() -> None:
    wanted = targets.load()
    numbers = {(target.what, target.below) for target in wanted.target}
    assert numbers == {
        ("For You", 500),
        ("Trending", 100),
        ("Upload start", 500),
        ("Upload success", 0.5),
        ("API latency p50", 100),
        ("API latency p99", 500),
        ("Error rate", 0.1),
    }
    for target in wanted.target:
        assert re.search(r"[<>] [\d.]+", target.source)
    assert len(wanted.elsewhere) == 5
