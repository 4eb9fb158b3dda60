"""Ids: their shape, their order, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import ids

TIMES = st.integers(0, 2**48 - 1)


@given(kind=st.sampled_from(sorted(ids.KINDS)), at_ms=TIMES)
def test_an_id_is_thirty_bytes_of_its_kind_and_tells_its_time(kind: str, at_ms: int) -> None:
    made = ids.new(kind, at_ms)

    assert len(made.encode("ascii")) == ids.ID_BYTES
    assert made.startswith(f"{kind}_")
    assert ids.is_id(made, kind)
    assert not any(ids.is_id(made, other) for other in ids.KINDS - {kind})
    assert ids.made_at_ms(made) == at_ms


@given(earlier=TIMES, later=TIMES)
def test_ids_sort_by_the_time_they_were_made(earlier: int, later: int) -> None:
    if earlier < later:
        assert ids.new("vid", earlier) < ids.new("vid", later)
        assert ids.new("vid", earlier) < ids.floor("vid", later) <= ids.new("vid", later)


def test_ids_of_one_millisecond_differ() -> None:
    assert len({ids.new("evt", 1) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vid_",
        "vid_" + "0" * 25,
        "vid_" + "0" * 27,
        "vid_" + "8" + "0" * 25,
        "vid_" + "0" * 25 + "a",
        "vid_" + "0" * 25 + "I",
        "vid_" + "0" * 25 + "U",
        "vid_" + "0" * 26 + "\n",
        "VID_" + "0" * 26,
        "vid-" + "0" * 26,
        "vid_" + "0" * 25 + "\0",
        "vid_" + "0" * 25 + "٠",
    ],
)
def test_what_is_no_id(text: str) -> None:
    assert not ids.is_id(text, "vid")


@given(text=st.text(max_size=40))
def test_no_text_makes_the_check_raise(text: str) -> None:
    ids.is_id(text, "vid")


def test_an_unknown_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="abc"):
        ids.new("abc")
