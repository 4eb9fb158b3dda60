from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import rows as compiled
from hotpath import shelf as compiled_shelf
from hotpath.pure import rows as pure
from hotpath.pure import shelf as pure_shelf

TWINS = [(compiled, compiled_shelf), (pure, pure_shelf)]
both = pytest.mark.parametrize(
    ("kernel", "shelves"), [pytest.param(*TWINS[0], id="c"), pytest.param(*TWINS[1], id="py")]
)

RAW = b"%020d" % 7 + b"2PA" + b"usr_" + b"0" * 26 + b"%013d" % 5 + b"0000" + b"{}"


def listed(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%b\r\n" % (len(text), text) for text in texts)


def video(number: int) -> bytes:
    return b"vid_%026d" % number


@both
def test_members_and_scores_in_their_order(kernel: ModuleType, shelves: ModuleType) -> None:
    rows = kernel.Rows(listed(video(3), b"1700000000003", video(2), b"1700000000002", b"", b"0"), 9)

    assert rows.members() == [video(3), video(2), b""]
    assert [rows.member(1), rows.member(2)] == [video(2), b""]
    assert [rows.score(place) for place in range(len(rows))] == [1700000000003, 1700000000002, 0]
    for place in (-1, 3):
        with pytest.raises(IndexError):
            rows.member(place)
        with pytest.raises(IndexError):
            rows.score(place)


@both
def test_no_more_than_are_wanted(kernel: ModuleType, shelves: ModuleType) -> None:
    reply = listed(video(3), b"3", video(2), b"2")

    assert [len(kernel.Rows(reply, most)) for most in (-1, 0, 1, 2, 3)] == [0, 0, 1, 2, 2]
    assert len(kernel.Rows(b"*0\r\n", 5)) == 0


@both
def test_a_score_may_be_below_zero(kernel: ModuleType, shelves: ModuleType) -> None:
    assert kernel.Rows(listed(b"a", b"-17"), 1).score(0) == -17


@both
def test_of_those_that_tie_with_the_last_one_the_lower_come_first(kernel: ModuleType, shelves: ModuleType) -> None:
    ties = listed(video(9), b"5", video(7), b"5", video(6), b"5")

    rows = kernel.Rows(listed(video(8), b"4"), 3, ties, video(9))
    assert rows.members() == [video(7), video(6), video(8)]
    assert rows.score(0) == 5
    assert kernel.Rows(listed(video(8), b"4"), 2, ties, video(9)).members() == [video(7), video(6)]
    assert kernel.Rows(listed(video(8), b"4"), 3, ties, video(6)).members() == [video(8)]
    for more in ((ties, None), (None, video(9))):
        with pytest.raises(ValueError, match=r"^ties are those of a member$"):
            kernel.Rows(listed(), 3, *more)


@both
def test_members_are_found_on_the_shelf(kernel: ModuleType, shelves: ModuleType) -> None:
    shelf = shelves.Shelf(100_000)
    kept = shelf.put(video(2), RAW)

    assert kernel.Rows(listed(video(2), b"3", video(2), b"2"), 9).find(shelf) == [kept, kept]
    assert kernel.Rows(listed(), 9).find(shelf) == []
    for member in (video(1), b"short"):
        assert kernel.Rows(listed(video(2), b"3", member, b"2"), 9).find(shelf) is None
        assert kernel.Rows(listed(video(2), b"3", member, b"2"), 1).find(shelf) == [kept]


@both
def test_texts(kernel: ModuleType, shelves: ModuleType) -> None:
    assert kernel.texts(b"*0\r\n") == []
    assert kernel.texts(listed(b"", b"a\r\nb", b"17")) == [b"", b"a\r\nb", b"17"]
    assert kernel.optional_texts(b"*3\r\n$-1\r\n$1\r\na\r\n$-1\r\n") == [None, b"a", None]
    with pytest.raises(ValueError, match=r"^not a list of texts$"):
        kernel.texts(b"*1\r\n$-1\r\n")


HOSTILE = {
    "nothing": b"",
    "a text": b"$1\r\na\r\n",
    "no list": b"*-1\r\n",
    "numbers": b"*2\r\n:1\r\n:2\r\n",
    "a list of lists": b"*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n",
    "cut": listed(b"a", b"1")[:-1],
    "cut in a header": listed(b"a", b"1")[:11],
    "something behind": listed(b"a", b"1") + b"+",
    "fewer than announced": b"*4\r\n$1\r\na\r\n$1\r\n1\r\n",
    "far fewer": b"*999999999999999\r\n$1\r\na\r\n$1\r\n1\r\n",
    "a number without end": b"*2\r\n$1000000000000000\r\na\r\n$1\r\n1\r\n",
    "longer than all": b"*2\r\n$999999999999999\r\na\r\n$1\r\n1\r\n",
}
NO_SCORES = [
    listed(b"a"),
    listed(b"a", b""),
    listed(b"a", b"1.5"),
    listed(b"a", b"-"),
    listed(b"a", b"1-"),
    listed(b"a", b"1" * 16),
]


@both
@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE)
def test_another_reply_is_refused(kernel: ModuleType, shelves: ModuleType, reply: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a list of "):
        kernel.Rows(reply, 9)
    with pytest.raises(ValueError, match=r"^not a list of texts$"):
        kernel.texts(reply)


@both
@pytest.mark.parametrize("reply", NO_SCORES)
def test_what_has_no_scores_is_refused(kernel: ModuleType, shelves: ModuleType, reply: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a list of members and scores$"):
        kernel.Rows(reply, 9)


MEMBERS = st.sampled_from([video(1), video(2), video(3), b"", b"a", b"a\r\nb"])
SCORES = st.sampled_from([b"0", b"7", b"1700000000000", b"9" * 15])
REPLIES = st.lists(st.tuples(MEMBERS, SCORES), max_size=5).map(
    lambda rows: listed(*(text for row in rows for text in row))
)
BROKEN = st.one_of(
    st.builds(
        lambda reply, at, patch: reply[:at] + patch + reply[at:], REPLIES, st.integers(0, 90), st.binary(max_size=3)
    ),
    st.builds(lambda reply, at: reply[:at], REPLIES, st.integers(0, 90)),
)
AFTER = st.none() | MEMBERS


def _outcome(twin: tuple[ModuleType, ModuleType], reply: bytes, most: int, ties: bytes, after: bytes | None) -> Any:
    kernel, shelves = twin
    shelf = shelves.Shelf(1_000)
    shelf.put(video(2), RAW)
    try:
        rows = kernel.Rows(reply, most) if after is None else kernel.Rows(reply, most, ties, after)
        found = rows.find(shelf)
        held = found and [entry.video_id for entry in found]
        return (
            rows.members(),
            [rows.score(place) for place in range(len(rows))],
            held,
            kernel.texts(reply),
            kernel.optional_texts(reply),
        )
    except ValueError:
        return "refused"


CALLS = st.tuples(REPLIES | BROKEN, st.integers(0, 6), REPLIES | BROKEN, AFTER)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(CALLS)
def test_twins_agree(call: Any) -> None:
    assert _outcome(TWINS[0], *call) == _outcome(TWINS[1], *call)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(CALLS)
def test_twins_agree_at_length(call: Any) -> None:
    assert _outcome(TWINS[0], *call) == _outcome(TWINS[1], *call)
