import json
from itertools import product
from types import ModuleType

import hiredis
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import cards as compiled
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


def put(twin: ModuleType, *documents: bytes | None) -> list[bytes]:
    """What a server would read of the command: its words."""
    ids = [f"vid_{number}" for number in range(len(documents))]
    reader = hiredis.Reader()
    reader.feed(twin.put(b"sha", [b"20", b"60"], ids, [b"card\r\n"] * len(ids), list(documents)))
    words: list[bytes] = reader.gets()
    assert isinstance(words, list)
    assert reader.gets() is False
    return words


def members(twin: ModuleType, document: bytes) -> list[tuple[str, str]]:
    words = [word.decode() for word in put(twin, document)]
    head = ["EVALSHA", "sha", "2", "card:vid_0", "video:vid_0", "20", "60", "card\r\n"]
    assert words[:9] == [*head, str(len(words) - 9)]
    return list(zip(words[9::2], words[10::2], strict=True))


@both
def test_members_are_texts_and_the_json_of_anything_else(twin: ModuleType) -> None:
    document = (
        b'{"a":"x","b":"\\"q\\\\","c":-1.5e3,"d":null,"e":[1,"]}",{"f":"{"}],"g":{},"h":"\xc3\xa9\\u00e9\\n","i":""}'
    )

    assert members(twin, document) == [
        ("a", "x"),
        ("b", '"q\\'),
        ("c", "-1.5e3"),
        ("d", "null"),
        ("e", '[1,"]}",{"f":"{"}]'),
        ("g", "{}"),
        ("h", "éé\n"),
        ("i", ""),
    ]
    assert members(twin, b"{}") == []


@both
def test_a_command_puts_card_after_card(twin: ModuleType) -> None:
    keys = [f"{kind}:vid_{number}".encode() for number in range(3) for kind in ("card", "video")]
    cards = [b"card\r\n", b"2", b"a", b"1", b"card\r\n", b"0", b"card\r\n", b"2", b"b", b"x" * 10_000]

    assert put(twin, b'{"a":1}', None, b'{"b":"%b"}' % (b"x" * 10_000)) == [
        *(b"EVALSHA", b"sha", b"6", *keys, b"20", b"60"),
        *cards,
    ]
    assert put(twin) == [b"EVALSHA", b"sha", b"0", b"20", b"60"]


@both
@pytest.mark.parametrize("lengths", [(1, 0, 0), (0, 1, 1), (2, 2, 1), (1, 2, 1)])
def test_ids_cards_and_documents_are_as_many(twin: ModuleType, lengths: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"^ids, cards and documents differ in length$"):
        twin.put(b"", [], ["vid"] * lengths[0], [b""] * lengths[1], [b"{}"] * lengths[2])


@both
@pytest.mark.parametrize("document", [b"", b"[]", b"{", b"}", b'{"a"}', b'{"a":}', b'{"a":1', b'{"a":1,}', b"{a:1}"])
def test_what_is_no_object_has_no_members(twin: ModuleType, document: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        put(twin, document)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=300)
@given(record=st.dictionaries(st.text(), VALUES, max_size=6))
def test_both_find_the_same_members(record: dict[str, object]) -> None:
    document = msgspec.json.encode(record)

    found = dict(members(compiled, document))

    assert put(compiled, document, None, document) == put(pure, document, None, document)
    assert {
        name: value if isinstance(record[name], str) else json.loads(value) for name, value in found.items()
    } == record


@settings(max_examples=300)
@given(record=st.dictionaries(st.text(max_size=3), VALUES, max_size=3), at=st.integers(0, 60), byte=st.integers(0, 127))
def test_a_spoilt_document_ends_in_an_error_or_in_nonsense_and_nowhere_else(
    record: dict[str, object], at: int, byte: int
) -> None:
    document = msgspec.json.encode(record)
    for twin, spoilt in product((compiled, pure), (document[:at], document[:at] + bytes([byte]) + document[at + 1 :])):
        try:
            words = put(twin, spoilt)
        except ValueError:
            continue
        assert words[8] == b"%d" % (len(words) - 9)
