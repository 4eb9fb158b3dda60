import math
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import resp as compiled
from hotpath.pure import resp as pure
from hotpath.pure.resp import ProtocolError, Push, ReplyError

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])


@both
def test_every_type_of_resp_2_and_3(twin: ModuleType) -> None:
    parser = twin.Parser()

    replies = parser.feed(
        b"+OK\r\n-ERR no such thing\r\n:-12\r\n$5\r\na\r\nb\xff\r\n$0\r\n\r\n$-1\r\n*-1\r\n*2\r\n:1\r\n*0\r\n"
        b"%1\r\n+k\r\n*1\r\n:2\r\n~2\r\n+a\r\n+a\r\n,-1.5e3\r\n,inf\r\n#t\r\n#f\r\n_\r\n(-12345678901234567890123\r\n"
        b"=7\r\ntxt:a\r\n\r\n!10\r\nSYNTAX bad\r\n|1\r\n+ttl\r\n:9\r\n+after\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"
    )

    assert replies == [
        *(b"OK", ReplyError(b"ERR no such thing"), -12, b"a\r\nb\xff", b"", None, None, [1, []]),
        *([(b"k", [2])], [b"a", b"a"], -1500.0, math.inf, True, False, None, -12345678901234567890123),
        *(b"a\r\n", ReplyError(b"SYNTAX bad"), b"after", Push([b"invalidate", [b"k"]])),
    ]
    assert [type(reply) for reply in replies[-4:]] == [bytes, ReplyError, bytes, Push]
    assert (replies[1].code, replies[1].message) == ("ERR", "no such thing")
    assert parser.odd == 3  # two errors and a push
    assert parser.feed(b"+OK\r\n") == [b"OK"]
    assert parser.odd == 0


@both
def test_replies_come_as_soon_as_they_are_complete(twin: ModuleType) -> None:
    parser = twin.Parser()

    assert parser.feed(b"$3\r\nabc\r") == []
    assert parser.feed(b"\n*2\r\n:1\r\n") == [b"abc"]
    assert parser.feed(b"") == []
    assert parser.feed(b":2\r\n:3\r\n:") == [[1, 2], 3]
    assert parser.feed(b"4\r\n") == [4]


@both
def test_the_ends_of_64_bits(twin: ModuleType) -> None:
    stream = b":9223372036854775807\r\n:-9223372036854775808\r\n:+0\r\n:-0\r\n:%042d\r\n" % 7

    assert twin.Parser().feed(stream) == [2**63 - 1, -(2**63), 0, 0, 7]


@both
def test_the_first_error_among_replies_is_found_within_lists_too(twin: ModuleType) -> None:
    first, second = ReplyError(b"ERR first"), ReplyError(b"ERR second")

    assert twin.first_error([]) is None
    assert twin.first_error([b"OK", 1, None, [b"a", [2, []]]]) is None
    assert twin.first_error([b"OK", first, second]) is first
    assert twin.first_error([b"OK", [1, [None, first]], second]) is first
    assert twin.first_error([[], [second], first]) is second
    with pytest.raises(TypeError):
        twin.first_error(None)


HOSTILE = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n",
    "no type": b"\r\n",
    "no CR": b"+OK\n",
    "a bare type": b":\n",
    "no digits": b":\r\n",
    "a sign alone": b":-\r\n",
    "two signs": b":--1\r\n",
    "a digit of another script": ":\u0661\r\n".encode(),
    "a space": b": 1\r\n",
    "2^63": b":9223372036854775808\r\n",
    "-2^63 - 1": b":-9223372036854775809\r\n",
    "400 digits": b":" + b"9" * 400 + b"\r\n",
    "a string of size -2": b"$-2\r\n",
    "a size of 2^63 - 1": b"$9223372036854775807\r\n",
    "an array of 2^63 - 1": b"*9223372036854775807\r\n",
    "a map of 2^62": b"%4611686018427387904\r\n",
    "an array of size -2": b"*-2\r\n",
    "a set of size -1": b"~-1\r\n",
    "a streamed string": b"$?\r\n",
    "a streamed array": b"*?\r\n",
    "a chunk of a streamed string": b";4\r\n",
    "a string that goes on": b"$1\r\nab\r\n",
    "a string without LF": b"$1\r\na\rb",
    "neither true nor false": b"#x\r\n",
    "a null that is something": b"_x\r\n",
    "a double with a line under it": b",1_0\r\n",
    "a double with nothing in it": b",\r\n",
    "a big number that is not one": b"(1.5\r\n",
    "a big number without end": b"(" + b"9" * 5_000 + b"\r\n",
    "a verbatim string without format": b"=3\r\ntxt\r\n",
    "a push inside an array": b"*1\r\n>1\r\n",
    "17 levels": b"*1\r\n" * 17,
    "a long line": b"+" + b"x" * 65_536 + b"\r\n",
    "a line without end": b"-" + b"x" * 70_000,
    "more items than may be": b"*2097153\r\n",
    "more text than may be": b"$67108865\r\n",
}


def _feed(parser: Any, stream: bytes, step: int) -> None:
    for start in range(0, len(stream), step):
        parser.feed(stream[start : start + step])


@both
@pytest.mark.parametrize("step", [1, 7, 100_000], ids="{}-bytes".format)
@pytest.mark.parametrize("stream", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_not_resp_is_refused_for_good(twin: ModuleType, stream: bytes, step: int) -> None:
    parser = twin.Parser()

    with pytest.raises(ProtocolError):
        _feed(parser, stream, step)

    with pytest.raises(ProtocolError, match=r"^the stream broke before$"):
        parser.feed(b"+OK\r\n")


@both
def test_what_is_just_within_the_bounds_is_accepted(twin: ModuleType) -> None:
    line = b"x" * 65_535
    assert twin.Parser().feed(b"+" + line + b"\r\n") == [line]
    assert twin.Parser().feed(b"*1\r\n" * 16 + b":1\r\n") == [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]
    assert twin.Parser(4, 4).feed(b"$4\r\nabcd\r\n" * 9) == [b"abcd"] * 9
    assert twin.Parser(4, 136).feed(b"*2\r\n$4\r\nabcd\r\n$4\r\nabcd\r\n") == [[b"abcd", b"abcd"]]
    with pytest.raises(ProtocolError):
        twin.Parser(4, 135).feed(b"*2\r\n$4\r\nabcd\r\n$4\r\nabcd\r\n")
    with pytest.raises(ProtocolError):
        twin.Parser(4, 135).feed(b"$5\r\n")


@both
@pytest.mark.parametrize("bounds", [(-1, 5), (6, 5), (0, 2**40 + 1)])
def test_bounds_that_make_no_sense_are_refused(twin: ModuleType, bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"^bounds must not be negative"):
        twin.Parser(*bounds)


@both
@pytest.mark.parametrize("wrong", ["+OK\r\n", None, 1])
def test_only_bytes_are_eaten(twin: ModuleType, wrong: object) -> None:
    with pytest.raises(TypeError):
        twin.Parser().feed(wrong)


def test_a_big_string_in_many_chunks_costs_what_it_costs_in_few() -> None:
    """16 MB in 4 million chunks of 4 bytes would take an hour if each looked at what came before."""
    size = 16 * 2**20
    parser = compiled.Parser()
    piece = b"abcd"

    assert parser.feed(b"$%d\r\n" % size) == []
    for _ in range(size // 4):
        parser.feed(piece)

    (reply,) = parser.feed(b"\r\n")
    assert reply == piece * (size // 4)


TEXT = st.sampled_from([b"", b"a", b"\r\n", b"$3\r\nabc\r\n", b"\xff" * 40, b"txt:x", b"x" * 300])
LINE = st.sampled_from([b"", b"OK", b"ERR wrong", b"MOVED 1 h:1", b"12", b"-7", b"t", b"inf", b"1e5", b"?", b"a\rb"])
SCALARS = st.one_of(
    st.builds(lambda kind, text: b"%c%d\r\n%b\r\n" % (kind, len(text), text), st.sampled_from(b"$!="), TEXT),
    st.builds(lambda kind, line: b"%c%b\r\n" % (kind, line), st.sampled_from(b"+-"), LINE),
    st.builds(lambda kind, line: b"%c%b\r\n" % (kind, line), st.sampled_from(b":,(#_"), LINE),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: b":%d\r\n" % value),
    st.sampled_from([b"$-1\r\n", b"*-1\r\n", b"_\r\n"]),
)
SOUND = st.one_of(
    TEXT.map(lambda text: b"$%d\r\n%b\r\n" % (len(text), text)),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: b":%d\r\n" % value),
    st.sampled_from([b"$-1\r\n", b"*-1\r\n", b"_\r\n", b"+OK\r\n", b"-ERR no\r\n", b"#t\r\n", b",1.5\r\n"]),
)


def _aggregate(kind: int, items: list[bytes]) -> bytes:
    return b"%c%d\r\n%b" % (kind, len(items) // 2 if kind in b"%|" else len(items), b"".join(items))


def _nested(items: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    even = st.lists(st.tuples(items, items), max_size=2).map(lambda rows: [item for row in rows for item in row])
    return st.one_of(
        st.builds(_aggregate, st.sampled_from(b"*~"), st.lists(items, max_size=4)),
        st.builds(_aggregate, st.just(ord("%")), even),
        st.builds(lambda about, item: _aggregate(ord("|"), about) + item, even, items),
    )


def _pushed(parts: list[bytes]) -> bytes:
    return b">%d\r\n%b" % (len(parts), b"".join(parts))


STREAMS = st.lists(
    st.one_of(st.recursive(SOUND, _nested, max_leaves=8), st.lists(SOUND, max_size=3).map(_pushed)), max_size=6
).map(b"".join)
BROKEN = st.lists(
    st.one_of(
        st.recursive(SCALARS, _nested, max_leaves=8),
        st.sampled_from([b"*", b"\r\n", b"|1\r\n", b"%1\r\n", b">1\r\n"]),
        st.binary(max_size=5),
    ),
    max_size=5,
).map(b"".join)
CUTS = st.lists(st.integers(0, 400), max_size=8)


def _fed(make: Callable[..., Any], stream: bytes, cuts: list[int], **options: bool) -> tuple[list[str], int, str]:
    """The replies before any error, how many of them were odd, and the error. repr tells 1 from True."""
    parser = make(1_000, 2_000, **options)
    places = sorted({0, *(min(cut, len(stream)) for cut in cuts), len(stream)})
    replies: list[object] = []
    odd = 0
    for start, end in pairwise(places):
        try:
            replies += parser.feed(stream[start:end])
        except ProtocolError as error:
            return [f"{type(reply)} {reply!r}" for reply in replies], odd, str(error)
        odd += parser.odd
    return [f"{type(reply)} {reply!r}" for reply in replies], odd, ""


def _assert_same(stream: bytes, cuts: list[int]) -> None:
    assert _fed(compiled.Parser, stream, cuts) == _fed(pure.Parser, stream, cuts)
    byte_by_byte = list(range(len(stream)))
    whole = _fed(compiled.Parser, stream, byte_by_byte)
    assert whole == _fed(pure.Parser, stream, byte_by_byte)
    if not whole[2]:  # where a stream breaks, replies that came with the offence are lost
        assert whole == _fed(compiled.Parser, stream, cuts)
    assert whole[2] == _fed(compiled.Parser, stream, cuts)[2]


def _assert_same_where_arrays_stay_whole(stream: bytes, cuts: list[int]) -> None:
    """The same outcome as where they are taken apart, and the bytes that say what was taken apart."""
    whole = _fed(compiled.Parser, stream, cuts, whole_arrays=True)
    assert whole == _fed(pure.Parser, stream, cuts, whole_arrays=True)
    apart = _fed(compiled.Parser, stream, cuts)
    assert (len(whole[0]), whole[1:]) == (len(apart[0]), apart[1:])
    if not whole[2]:
        for kept, taken in zip(compiled.Parser(whole_arrays=True).feed(stream), _all(stream), strict=False):
            assert (_all(kept) == [taken]) if type(taken) is list else (repr(kept) == repr(taken))


def _all(stream: bytes) -> list[object]:
    found: list[object] = compiled.Parser().feed(stream)
    return found


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.one_of(STREAMS, BROKEN), CUTS)
def test_arrays_may_stay_whole_however_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    _assert_same_where_arrays_stay_whole(stream, cuts)


@pytest.mark.long
@settings(max_examples=6_000, deadline=None)
@given(st.one_of(STREAMS, BROKEN), CUTS)
def test_arrays_may_stay_whole_however_the_stream_is_cut_at_length(stream: bytes, cuts: list[int]) -> None:
    _assert_same_where_arrays_stay_whole(stream, cuts)


@both
def test_arrays_that_stay_whole(twin: ModuleType) -> None:
    parser = twin.Parser(40, 200, whole_arrays=True)

    assert parser.feed(b"*2\r\n$1\r\na\r\n$2\r\n17\r\n:4\r\n*0\r\n*-1\r\n*1\r\n*1\r\n:1\r\n$-1\r\n*1\r\n$2\r\na") == [
        b"*2\r\n$1\r\na\r\n$2\r\n17\r\n",
        4,
        b"*0\r\n",
        None,
        b"*1\r\n*1\r\n:1\r\n",
        None,
    ]
    assert parser.feed(b"b\r\n$1\r\nc\r\n") == [b"*1\r\n$2\r\nab\r\n", b"c"]
    with pytest.raises(ProtocolError):
        parser.feed(b"*3\r\n$2\r\nab\r\n$3\r\nabc\r\n$4\r\nabcd\r\n")  # 192 for three items, and 9 of text


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.one_of(STREAMS, BROKEN), CUTS)
def test_twins_agree_however_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    _assert_same(stream, cuts)


@pytest.mark.long
@settings(max_examples=6_000, deadline=None)
@given(st.one_of(STREAMS, BROKEN), CUTS)
def test_twins_agree_however_the_stream_is_cut_at_length(stream: bytes, cuts: list[int]) -> None:
    _assert_same(stream, cuts)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STREAMS)
def test_sound_streams_are_never_refused(stream: bytes) -> None:
    parser = compiled.Parser()
    parser.feed(stream)
    assert parser.feed(b"+end\r\n") == [b"end"]
