import json
from types import ModuleType

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import cards as compiled
from hotpath import fanout
from hotpath.pure import cards as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])


@both
def test_slots_are_filled_card_by_card(twin: ModuleType) -> None:
    bodies = [b'{"id":1,"urls":["\x01/360p","\x01/720p"],"viewer":\x02}', b'{"id":2,"viewer":\x02,"url":"\x01/x"}']

    page = twin.splice(bodies, [b"/media", b"/media/~9.s"], [b'{"liked":true}', b"null"])

    assert json.loads(page) == [
        {"id": 1, "urls": ["/media/360p", "/media/720p"], "viewer": {"liked": True}},
        {"id": 2, "viewer": None, "url": "/media/~9.s/x"},
    ]


@both
def test_no_cards_are_an_empty_array(twin: ModuleType) -> None:
    assert twin.splice([], [], []) == b"[]"


@both
def test_a_card_without_slots_stays_as_it_is(twin: ModuleType) -> None:
    assert twin.splice([b'{"a":1}', b""], [b"p", b"p"], [b"v", b"v"]) == b'[{"a":1},]'


@both
def test_slots_at_both_ends_and_side_by_side_filled_with_nothing(twin: ModuleType) -> None:
    assert twin.splice([b"\x01\x02\x02\x01"], [b""], [b""]) == b"[]"
    assert twin.splice([b"\x01\x02\x02\x01"], [b"p"], [b"v"]) == b"[pvvp]"


@both
def test_what_is_put_in_is_not_looked_at_again(twin: ModuleType) -> None:
    assert twin.splice([b"<\x01|\x02>"], [b"\x02\x01"], [b"\x01\x02"]) == b"[<\x02\x01|\x01\x02>]"


@both
@pytest.mark.parametrize("lengths", [(1, 0, 0), (0, 1, 1), (2, 2, 1), (1, 2, 1)])
def test_lists_of_different_lengths_are_refused(twin: ModuleType, lengths: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"^bodies, prefixes and viewers differ in length$"):
        twin.splice(*[[b"{}"] * length for length in lengths])


@both
@pytest.mark.parametrize("wrong", ["{}", 1])
def test_items_that_are_not_bytes_are_a_type_error(twin: ModuleType, wrong: object) -> None:
    for place in range(3):
        lists: list[list[object]] = [[b"\x01\x02"], [b"p"], [b"v"]]
        lists[place] = [wrong]
        with pytest.raises((TypeError, AttributeError)):
            twin.splice(*lists)


TEXTS = st.lists(st.sampled_from([b"\x01", b"\x02", b"{", b'"text"', b"\x00", b"\xff" * 40]), max_size=6).map(b"".join)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4)


def _assert_twins_agree(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    columns = [[row[place] for row in rows] for place in range(3)]
    filled = [
        b"".join({1: prefix, 2: viewer}.get(byte, bytes([byte])) for byte in body) for body, prefix, viewer in rows
    ]

    page = compiled.splice(*columns)

    assert page == pure.splice(*columns)
    assert page == b"[" + b",".join(filled) + b"]"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ROWS)
def test_twins_agree_with_a_filling_byte_by_byte(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    _assert_twins_agree(rows)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(ROWS)
def test_twins_agree_with_a_filling_byte_by_byte_at_length(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    _assert_twins_agree(rows)


def put(twin: ModuleType, *hashes: bytes | None) -> list[bytes]:
    """What a server would read of the command: its words."""
    ids = [f"vid_{number}" for number in range(len(hashes))]
    reader = hiredis.Reader()
    reader.feed(twin.put(b"sha", [b"20", b"60"], ids, [b"card\r\n"] * len(ids), list(hashes)))
    words: list[bytes] = reader.gets()
    assert isinstance(words, list)
    assert reader.gets() is False
    return words


@both
def test_a_command_puts_card_after_card(twin: ModuleType) -> None:
    keys = [f"{kind}:vid_{number}".encode() for number in range(3) for kind in ("card", "video")]
    cards = [b"card\r\n", b"2", b"a", b"1", b"card\r\n", b"0", b"card\r\n", b"2", b"b", b"x" * 10_000]

    assert put(twin, fanout.pack(["a", "1"]), None, fanout.pack(["b", b"x" * 10_000])) == [
        *(b"EVALSHA", b"sha", b"6", *keys, b"20", b"60"),
        *cards,
    ]
    assert put(twin, fanout.pack([])) == [*(b"EVALSHA", b"sha", b"2", *keys[:2], b"20", b"60"), b"card\r\n", b"0"]
    assert put(twin) == [b"EVALSHA", b"sha", b"0", b"20", b"60"]


@both
@pytest.mark.parametrize("lengths", [(1, 0, 0), (0, 1, 1), (2, 2, 1), (1, 2, 1)])
def test_ids_cards_and_hashes_are_as_many(twin: ModuleType, lengths: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"^ids, cards and hashes differ in length$"):
        twin.put(b"", [], ["vid"] * lengths[0], [b""] * lengths[1], [b"*0\r\n"] * lengths[2])


@both
@pytest.mark.parametrize(
    "words",
    [b"", b"*", b"*\r\n", b"\r\n", b"1\r\n", b"*1", b"*1\r", b"*1\n", b"*a\r\n", b"*-1\r\n", b"*1234567890\r\n"],
)
def test_what_is_no_array_is_no_hash(twin: ModuleType, words: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not an array of texts$"):
        put(twin, words)


@settings(max_examples=300, deadline=None)
@given(hashes=st.lists(st.none() | st.lists(st.binary(max_size=12), max_size=6), max_size=4))
def test_both_make_the_same_command(hashes: list[list[bytes] | None]) -> None:
    packed = [None if words is None else fanout.pack(words) for words in hashes]

    assert put(compiled, *packed) == put(pure, *packed)


@settings(max_examples=300, deadline=None)
@given(words=st.binary(max_size=12) | st.binary(max_size=12).map(lambda rest: b"*2" + rest))
def test_a_spoilt_hash_ends_the_same_in_both(words: bytes) -> None:
    answers: list[object] = []
    for twin in (compiled, pure):
        try:
            answers.append(twin.put(b"sha", [], ["vid"], [b"card"], [words]))
        except ValueError as error:
            answers.append(str(error))
    assert answers[0] == answers[1]
