"""Cursors: what they hold, whom they serve, and that nobody else can make or change one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.cursors import Cursors, Keyset
from app.core.errors import BadCursor

CURSORS = Cursors(b"s" * 32)
NOW = 1_800_000_000_000


@given(at=st.integers(0, 2**53), id_=st.text(max_size=30), kind=st.text(max_size=40), viewer=st.text(max_size=30))
def test_a_cursor_gives_back_what_was_put_in(at: int, id_: str, kind: str, viewer: str) -> None:
    sealed = CURSORS.seal(kind, viewer, NOW + 1, Keyset(at, id_))

    assert sealed.isascii()
    assert CURSORS.open(sealed, kind, viewer, NOW, Keyset) == Keyset(at, id_)


@pytest.mark.parametrize(
    ("kind", "viewer", "now_ms"),
    [("b", "usr_1", NOW), ("a", "usr_2", NOW), ("a", "", NOW), ("a", "usr_1", NOW + 1), ("a", "usr_1", NOW + 10**9)],
)
def test_a_cursor_of_another_list_reader_or_time_is_refused(kind: str, viewer: str, now_ms: int) -> None:
    sealed = CURSORS.seal("a", "usr_1", NOW + 1, Keyset(1, "x"))
    with pytest.raises(BadCursor) as refused:
        CURSORS.open(sealed, kind, viewer, now_ms, Keyset)
    assert refused.value.errors[0].pointer == "?cursor"


def test_a_cursor_of_another_server_is_refused() -> None:
    sealed = Cursors(b"t" * 32).seal("a", "", NOW + 1, Keyset(1, "x"))
    with pytest.raises(BadCursor):
        CURSORS.open(sealed, "a", "", NOW, Keyset)


def test_one_changed_bit_closes_it() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sealed = CURSORS.seal("a", "usr_1", NOW + 1, Keyset(123, "vidx"))
    assert len(sealed) % 4 == 0  # each bit of the text counts
    for place, letter in enumerate(sealed):
        for bit in (1, 32):
            other = alphabet[alphabet.index(letter) ^ bit]
            with pytest.raises(BadCursor):
                CURSORS.open(sealed[:place] + other + sealed[place + 1 :], "a", "usr_1", NOW, Keyset)


@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=100).map(lambda raw: raw.hex())))
def test_no_text_opens_by_chance(text: str) -> None:
    with pytest.raises(BadCursor):
        CURSORS.open(text, "a", "", NOW, Keyset)


def test_a_cursor_has_a_longest_length() -> None:
    with pytest.raises(BadCursor):
        CURSORS.open("A" * 1025, "a", "", NOW, Keyset)
