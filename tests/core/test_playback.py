"""Playback tokens: proof of a page served to somebody at some time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.playback import LIFETIME_MS, Playbacks

PLAYBACKS = Playbacks(b"s" * 32)
NOW = 1_800_000_000_000


@given(viewer=st.text(max_size=40), issued_ms=st.integers(0, 2**45))
def test_a_token_tells_to_whom_and_when(viewer: str, issued_ms: int) -> None:
    opened = PLAYBACKS.open(PLAYBACKS.issue(viewer, issued_ms), viewer, issued_ms)

    assert opened is not None
    assert (opened.viewer, opened.issued_ms) == (viewer, issued_ms)


@pytest.mark.parametrize(
    ("later_ms", "good"), [(0, True), (LIFETIME_MS, True), (LIFETIME_MS + 1, False), (-1000, True), (-1001, False)]
)
def test_a_token_lasts_six_hours_and_comes_from_no_future(later_ms: int, good: bool) -> None:
    token = PLAYBACKS.issue("usr", NOW)
    assert (PLAYBACKS.open(token, "usr", NOW + later_ms) is not None) == good


def test_a_token_is_nobody_elses_and_no_other_servers() -> None:
    token = PLAYBACKS.issue("usr_1", NOW)
    assert PLAYBACKS.open(token, "usr_2", NOW) is None
    assert Playbacks(b"t" * 32).open(token, "usr_1", NOW) is None
    assert PLAYBACKS.issue("usr_1", NOW) != token


def test_one_changed_character_closes_it() -> None:
    token = PLAYBACKS.issue("usr_1", NOW)
    for place, letter in enumerate(token[:-1]):  # the last one may hold bits that mean nothing
        changed = token[:place] + ("A" if letter != "A" else "g") + token[place + 1 :]
        assert PLAYBACKS.open(changed, "usr_1", NOW) is None


@given(token=st.text(max_size=300))
def test_no_text_opens_by_chance(token: str) -> None:
    assert PLAYBACKS.open(token, "", NOW) is None
