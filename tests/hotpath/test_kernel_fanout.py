from __future__ import annotations  # array[int] is no expression before Python 3.12

from array import array
from types import ModuleType
from typing import Any

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import fanout as compiled
from hotpath.pure import fanout as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])

SHA = b"0123456789abcdef0123456789abcdef01234567"
MEMBER = b"vid_01K0000000000000000000000V"


def _user(number: int) -> bytes:
    return b"usr_%026d" % number


def _columns(numbers: list[int]) -> tuple[bytes, array[int]]:
    return b"".join(map(_user, numbers)), array("I", numbers)


def _bitmap(size_bytes: int, numbers: list[int]) -> bytes:
    """What GET returns after SETBIT of each number: offset 0 is the most significant bit of the first byte."""
    bits = bytearray(size_bytes)
    for number in numbers:
        bits[number // 8] |= 1 << (7 - number % 8)
    return bytes(bits)


def _decode(commands: list[tuple[bytes, int]]) -> list[list[bytes]]:
    """The words of each command, by an independent parser; nothing may be left over."""
    words = []
    for command, _ in commands:
        reader = hiredis.Reader()
        reader.feed(command)
        words.append(reader.gets())
        assert not reader.has_data()
    return words


@both
def test_one_command_for_a_small_page(twin: ModuleType) -> None:
    commands = twin.encode(*_columns([7, 8]), None, SHA, b"following:", MEMBER, 1_790_000_000_000, 500)

    assert commands == [
        (
            b"*8\r\n$7\r\nEVALSHA\r\n$40\r\n" + SHA + b"\r\n$1\r\n2\r\n"
            b"$40\r\nfollowing:usr_00000000000000000000000007\r\n"
            b"$40\r\nfollowing:usr_00000000000000000000000008\r\n"
            b"$13\r\n1790000000000\r\n$30\r\n" + MEMBER + b"\r\n$3\r\n500\r\n",
            2,
        )
    ]


@both
@pytest.mark.parametrize(("followers", "sizes"), [(1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_no_command_has_more_than_its_batch_of_keys(twin: ModuleType, followers: int, sizes: list[int]) -> None:
    commands = twin.encode(*_columns(list(range(followers))), None, SHA, b"f:", MEMBER, 1, 1, 3)
    decoded = _decode(commands)

    assert [keys for _, keys in commands] == sizes
    assert [int(words[2]) for words in decoded] == sizes
    assert [key for words in decoded for key in words[3:-3]] == [b"f:" + _user(i) for i in range(followers)]
    assert all(words[:2] == [b"EVALSHA", SHA] and words[-3:] == [b"1", MEMBER, b"1"] for words in decoded)


@both
def test_a_batch_is_500_keys_unless_told(twin: ModuleType) -> None:
    commands = twin.encode(*_columns(list(range(1001))), None, SHA, b"f:", MEMBER, 1, 1)

    assert [keys for _, keys in commands] == [500, 500, 1]


@both
def test_only_active_followers_get_a_push(twin: ModuleType) -> None:
    numbers = [0, 1, 7, 8, 9, 15]

    commands = twin.encode(*_columns(numbers), _bitmap(2, [0, 7, 9]), SHA, b"f:", MEMBER, 1, 1)

    assert _decode(commands)[0][3:-3] == [b"f:" + _user(number) for number in (0, 7, 9)]


@both
def test_behind_the_end_of_the_bitmap_nobody_is_active(twin: ModuleType) -> None:
    numbers = [7, 8, 2**32 - 1]

    assert _decode(twin.encode(*_columns(numbers), b"\xff", SHA, b"f:", MEMBER, 1, 1))[0][3:-3] == [b"f:" + _user(7)]
    assert twin.encode(*_columns([8]), memoryview(b"\xff\xff")[:1], SHA, b"f:", MEMBER, 1, 1) == []
    assert twin.encode(*_columns(numbers), b"", SHA, b"f:", MEMBER, 1, 1) == []


@both
@pytest.mark.parametrize("active", [None, b"\xff"])
def test_no_followers_make_no_commands(twin: ModuleType, active: bytes | None) -> None:
    assert twin.encode(b"", array("I"), active, SHA, b"f:", MEMBER, 1, 1) == []


@both
@pytest.mark.parametrize("score", [0, -1, 2**53, -(2**53)])
def test_scores_that_a_sorted_set_keeps_exactly(twin: ModuleType, score: int) -> None:
    commands = twin.encode(*_columns([1]), None, SHA, b"f:", MEMBER, score, 10**30, 10**30)

    assert _decode(commands)[0][-3:] == [b"%d" % score, MEMBER, b"%d" % 10**30]


@both
def test_any_bytes_serve_as_prefix(twin: ModuleType) -> None:
    for prefix in (b"", b"\r\n", "é{1}:".encode(), b"x" * 1000):
        assert _decode(twin.encode(*_columns([1]), None, SHA, prefix, MEMBER, 1, 1))[0][3] == prefix + _user(1)


MALFORMED: dict[str, dict[str, Any]] = {
    "followers too short": {"followers": b"x" * 29},
    "more numbers than followers": {"user_nos": array("I", [1, 2])},
    "short sha": {"sha": SHA[:-1]},
    "short member": {"member": MEMBER[:-1]},
    "long member": {"member": MEMBER + b"x"},
    "score that a double rounds": {"score": 2**53 + 1},
    "score that a double rounds, below zero": {"score": -(2**53) - 1},
    "keep nothing": {"keep": 0},
    "keep less than nothing": {"keep": -(10**30)},
    "no keys in a batch": {"batch_keys": 0},
}


@pytest.mark.parametrize("wrong", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_input_is_refused_by_both_in_the_same_words(wrong: dict[str, Any]) -> None:
    followers, user_nos = _columns([1])
    good = {"followers": followers, "user_nos": user_nos, "active": None, "sha": SHA, "prefix": b"f:"}
    arguments = {**good, "member": MEMBER, "score": 1, "keep": 1, "batch_keys": 500, **wrong}

    with pytest.raises(ValueError) as by_compiled:  # noqa: PT011  (the text is compared below)
        compiled.encode(**arguments)
    with pytest.raises(ValueError) as by_pure:  # noqa: PT011
        pure.encode(**arguments)

    assert str(by_compiled.value) == str(by_pure.value)


@both
@pytest.mark.parametrize("user_nos", [array("q", [1]), array("i", [1]), array("H", [1])])
def test_user_numbers_of_another_type_are_refused(twin: ModuleType, user_nos: array[int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        twin.encode(_user(1), user_nos, None, SHA, b"f:", MEMBER, 1, 1)


def test_none_in_place_of_bytes_is_a_type_error() -> None:
    for wrong in ("sha", "prefix", "member", "followers", "user_nos"):
        followers, user_nos = _columns([1])
        arguments = {"followers": followers, "user_nos": user_nos, "sha": SHA, "prefix": b"f:", "member": MEMBER}
        with pytest.raises(TypeError):
            compiled.encode(**{**arguments, wrong: None}, active=None, score=1, keep=1)  # type: ignore[arg-type]


NUMBERS = st.lists(st.one_of(st.integers(0, 90), st.integers(0, 2**32 - 1)), max_size=40)
BITMAPS = st.one_of(st.none(), st.binary(max_size=12))


def _assert_twins_agree(numbers: list[int], active: bytes | None, prefix: bytes, score: int, batch_keys: int) -> None:
    arguments = (*_columns(numbers), active, SHA, prefix, MEMBER, score, 500, batch_keys)

    assert compiled.encode(*arguments) == pure.encode(*arguments)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(NUMBERS, BITMAPS, st.binary(max_size=20), st.integers(-(2**53), 2**53), st.integers(1, 45))
def test_twins_agree(numbers: list[int], active: bytes | None, prefix: bytes, score: int, batch_keys: int) -> None:
    _assert_twins_agree(numbers, active, prefix, score, batch_keys)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(NUMBERS, BITMAPS, st.binary(max_size=20), st.integers(-(2**53), 2**53), st.integers(1, 45))
def test_twins_agree_at_length(
    numbers: list[int], active: bytes | None, prefix: bytes, score: int, batch_keys: int
) -> None:
    _assert_twins_agree(numbers, active, prefix, score, batch_keys)


@both
def test_a_command_is_its_words_each_with_its_length(twin: ModuleType) -> None:
    assert twin.pack(("SET", "k\u00e9", b"\r\n\0", 0, -12)) == (
        b"*5\r\n$3\r\nSET\r\n$3\r\nk\xc3\xa9\r\n$3\r\n\r\n\0\r\n$1\r\n0\r\n$3\r\n-12\r\n"
    )
    assert twin.pack([]) == b"*0\r\n"


@both
@pytest.mark.parametrize("wrong", [None, 1.5, ["a"], bytearray(b"a")])
def test_a_word_of_another_kind_is_refused(twin: ModuleType, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^a word is str, bytes or int$"):
        twin.pack(("GET", wrong))
    with pytest.raises(TypeError, match=r"^a word is str, bytes or int$"):
        twin.pack_all([("PING",), ("GET", wrong)])


INTEGERS = st.integers(-(2**63) - 2, 2**63 + 2) | st.sampled_from([0, 9, -9, 10, -10, 2**63 - 1, -(2**63), 10**30])


WORDS = st.lists(st.text() | st.binary() | INTEGERS | st.booleans(), max_size=40)


@settings(max_examples=300)
@given(commands=st.lists(WORDS, max_size=5))
def test_both_pack_the_same(commands: list[list[str | bytes | int]]) -> None:
    assert [*map(compiled.pack, commands)] == [*map(pure.pack, commands)]
    assert [*map(compiled.pack, map(tuple, commands))] == [*map(pure.pack, commands)]
    assert compiled.pack_all(commands) == pure.pack_all(commands) == b"".join(map(pure.pack, commands))


def test_an_unpaired_surrogate_is_refused_by_both() -> None:
    for twin in (compiled, pure):
        with pytest.raises(UnicodeEncodeError):
            twin.pack(("SET", "\ud800"))
