"""Passports: who asks and how it was counted, believed for as long as it can't be forged or old."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.passport import AHEAD_MS, VALID_MS, Counted, Passports

PASSPORTS = Passports(b"s" * 32)
NOW = 1_800_000_000_000
COUNTS = st.none() | st.tuples(st.booleans(), st.integers(0, 2**31), st.integers(0, 2**31))


@given(host=st.text(max_size=60), port=st.integers(0, 65_535), verdict=COUNTS)
def test_it_tells_who_and_how_it_was_counted(host: str, port: int, verdict: Counted | None) -> None:
    opened = PASSPORTS.open(PASSPORTS.issue(host, port, NOW, verdict), NOW)
    assert opened is not None
    assert (opened.host, opened.port, opened.verdict) == (host, port, verdict)


@pytest.mark.parametrize(
    ("later_ms", "good"),
    [(0, True), (VALID_MS, True), (VALID_MS + 1, False), (-AHEAD_MS, True), (-AHEAD_MS - 1, False)],
)
def test_it_lasts_seconds_and_comes_from_no_future(later_ms: int, good: bool) -> None:
    assert (PASSPORTS.open(PASSPORTS.issue("::1", 1, NOW, None), NOW + later_ms) is not None) == good


def test_another_deployments_is_none() -> None:
    assert Passports(b"t" * 32).open(PASSPORTS.issue("::1", 1, NOW, None), NOW) is None


def test_one_changed_character_closes_it() -> None:
    value = PASSPORTS.issue("192.0.2.1", 1, NOW, (True, 9, 60))
    for place in range(len(value) - 1):  # the last one may hold bits that mean nothing
        letter = b"A" if value[place : place + 1] != b"A" else b"g"
        assert PASSPORTS.open(value[:place] + letter + value[place + 1 :], NOW) is None


def test_no_part_of_one_opens() -> None:
    value = PASSPORTS.issue("192.0.2.1", 1, NOW, None)
    assert all(PASSPORTS.open(value[:length], NOW) is None for length in range(len(value)))
    assert PASSPORTS.open(value + value, NOW) is None


@given(value=st.binary(max_size=600))
def test_nothing_opens_by_chance(value: bytes) -> None:
    assert PASSPORTS.open(value, NOW) is None
