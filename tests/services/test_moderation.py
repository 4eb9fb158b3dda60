"""The rule-based check of words: what it stops however it is spelled, and what it leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.video import moderation
from tests.factories import record

AUTHOR = "usr_" + "0" * 26


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("free bitcoin", "fraud"),
        ("FREE BITCOIN now", "fraud"),
        ("freebitcoins", "fraud"),
        ("fr33 b1tc01n", "fraud"),
        ("ｆｒｅｅ ｂｉｔｃｏｉｎ", "fraud"),
        ("frée bitcóin", "fraud"),
        ("free-bitcoin", "fraud"),
        ("double your money", "fraud"),
        ("kill yourself", "violence"),
        ("white power", "hate_speech"),
        ("gas them", "hate_speech"),
    ],
)
def test_the_plainest_cases_are_flagged_however_they_are_spelled(text: str, flag: str) -> None:
    assert moderation.judge_words(text) == (flag,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "How I learned to dance",
        "feel free, bit by bit, coin by coin",
        "The white powder on my cake",
        "my snuffbox film",
        "Скачай бесплатно",
        "日本語のタイトル 🎉",
        "carefree bitcoiners",
    ],
)
def test_honest_words_pass(text: str) -> None:
    assert moderation.judge_words(text) == ()


def test_every_text_counts_and_flags_are_named_once() -> None:
    assert moderation.judge_words("free bitcoin", "double your money", "kill yourself") == ("fraud", "violence")


def test_a_verdict_reads_title_description_and_hashtags() -> None:
    assert moderation.judge(record(AUTHOR, 1)) == ("approved", ())
    for fields in ({"title": "free bitcoin"}, {"description": "x free bitcoin"}, {"hashtags": ("freebitcoin",)}):
        assert moderation.judge(record(AUTHOR, 1, **fields)) == ("rejected", ("fraud",))


@given(text=st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    moderation.judge_words(text)
