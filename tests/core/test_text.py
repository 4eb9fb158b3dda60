"""What people write: kept as it was meant, refused where it would harm."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import text
from app.core.errors import Invalid


def code_of(refused: pytest.ExceptionInfo[Invalid]) -> tuple[str, str]:
    error = refused.value.errors[0]
    return error.pointer, error.code


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  hello  ", "hello"),
        ("e\u0301", "é"),
        ("👨‍👩‍👧‍👦 family", "👨‍👩‍👧‍👦 family"),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
        ("newer than our Unicode: \U0001fae8 \U0001f6d8", "newer than our Unicode: \U0001fae8 \U0001f6d8"),
        ("مرحبا שלום नमस्ते สวัสดี", "مرحبا שלום नमस्ते สวัสดี"),
        ("__proto__ <script> '; DROP TABLE", "__proto__ <script> '; DROP TABLE"),
    ],
)
def test_honest_words_are_kept(written: str, kept: str) -> None:
    assert text.clean(written, "/x", longest=100, shortest=1) == kept


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(
            (f"a{letter}b", "bad_character")
            for letter in "\0\x07\x1b\x7f\x85\ud800\udfff\ue000\ufdd0\uffff\U0010ffff\n\t"
        ),
        *((f"a{letter}b", "bad_character") for letter in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"),
        ("a" + "\u0300" * 6, "bad_character"),
        ("", "too_short"),
        (" \u3000 ", "too_short"),
        ("\u200b\u200d\ufeff", "too_short"),
        ("\u0301", "too_short"),
        ("x" * 101, "too_long"),
        ("x" * 10**6, "too_long"),
        ("a" + "\u0301" * 10_000, "too_long"),
    ],
)
def test_harmful_words_are_refused_and_named(written: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        text.clean(written, "/x", longest=100, shortest=1)
    assert code_of(refused) == ("/x", code)


def test_line_breaks_are_kept_where_they_may_be() -> None:
    assert text.clean("a\r\nb\nc", "/x", longest=100, lines=True) == "a\nb\nc"
    assert text.clean("", "/x", longest=100) == ""


@given(written=st.text(max_size=60))
def test_what_is_kept_is_normal_and_cleaning_it_again_changes_nothing(written: str) -> None:
    try:
        kept = text.clean(written, "/x", longest=50, lines=True)
    except Invalid:
        return
    assert unicodedata.is_normalized("NFC", kept)
    assert len(kept) <= 50
    assert kept.encode() and "\0" not in kept if kept else True
    assert text.clean(kept, "/x", longest=50, lines=True) == kept


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("#Dance", "dance"),
        ("हिन्दी", "हिन्दी"),
        ("ไทย", "ไทย"),
        ("été2026", "été2026"),
        ("a_b", "a_b"),
        ("x" * 50, "x" * 50),
    ],
)
def test_hashtags_of_every_script(written: str, tag: str) -> None:
    assert text.hashtag(written, "/x") == tag


@pytest.mark.parametrize("written", ["", "#", "##a", "_a", "a b", "a-b", "x" * 51, "é" * 10**5, "a\0", "\u0301a", "🎉"])
def test_what_is_no_hashtag(written: str) -> None:
    with pytest.raises(Invalid):
        text.hashtag(written, "/x")


def test_categories_and_countries() -> None:
    assert text.slug("hip-hop", "/x") == "hip-hop"
    assert [text.country(code, "/x") for code in ("us", "UK", "gb")] == ["US", "GB", "GB"]
    for bad in ("", "A", "-a", "a b", "a" * 31, "global", "a\n", "ü"):
        with pytest.raises(Invalid):
            text.slug(bad, "/x")
    for bad in ("", "U", "USA", "U1", "ß", "ﬁ", "us\n", "ＵＳ"):
        with pytest.raises(Invalid):
            text.country(bad, "/x")
