"""The reader alone: the same requests however their bytes are cut, and none of those that parsers disagree about."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edge.messages import Refused, Request
from app.edge.reader import HEAD_BYTES, Reader
from tests.edge.front import get, post
from tests.edge.shapes import REFUSED

Read = tuple[bytes, bytes, bytes]
"""Method, target, body."""


def read(*pieces: bytes) -> list[Read]:
    """Every request in these bytes. Raises Refused."""
    reader, found, data = Reader(), [], b""
    head: Request | None = None
    body = b""
    for piece in pieces:
        data += piece
        while data:
            if head is None:
                head, data = reader.head(data)
                is_over = head is not None and not head.has_body
            else:
                more, data, is_over = reader.body(data)
                body += more
            if head is not None and is_over:
                found.append((head.method, head.target, body))
                head, body = None, b""
    return found


def chunked(*chunks: bytes) -> bytes:
    whole = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return get("/c", "Transfer-Encoding: chunked", method="POST") + whole + b"0\r\n\r\n"


STREAM = (
    get("/a") + post(b"hello") + chunked(b"x" * 20, b"\r\n0\r\n\r\n") + b"\r\n" + get("/b", method="HEAD") + post(b"")
)
WANTED = [
    (b"GET", b"/a", b""),
    (b"POST", b"/x", b"hello"),
    (b"POST", b"/c", b"x" * 20 + b"\r\n0\r\n\r\n"),
    (b"HEAD", b"/b", b""),
    (b"POST", b"/x", b""),
]


def test_requests_follow_each_other() -> None:
    assert read(STREAM) == WANTED


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_however_they_are_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(STREAM)]
    assert read(*[STREAM[start:end] for start, end in pairwise(ends)]) == WANTED


def test_byte_by_byte() -> None:
    assert read(*[STREAM[at : at + 1] for at in range(len(STREAM))]) == WANTED


@pytest.mark.parametrize("name", REFUSED)
def test_what_parsers_disagree_about_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        read(REFUSED[name], get("/smuggled"))
    assert refused.value.status == 400


@pytest.mark.parametrize("name", REFUSED)
def test_so_it_is_byte_by_byte(name: str) -> None:
    whole = REFUSED[name] + get("/smuggled")
    with pytest.raises(Refused) as refused:
        read(*[whole[at : at + 1] for at in range(len(whole))])
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "request_",
    [
        get("/x", *[f"A{n}: b" for n in range(100)]),
        get("/" + "x" * HEAD_BYTES),
        get("/x", "A: " + "b" * HEAD_BYTES),
        get("/x", "A" * HEAD_BYTES + ": b"),
        get("/" + "x" * HEAD_BYTES)[: HEAD_BYTES + 1],
    ],
)
def test_too_many_or_too_large_headers_are_refused(request_: bytes) -> None:
    for pieces in ([request_], [request_[:100], request_[100:]]):
        with pytest.raises(Refused) as refused:
            read(*pieces)
        assert refused.value.status == 431


def test_as_many_as_may_be_are_taken() -> None:
    assert len(read(get("/x", *[f"A{n}: b" for n in range(99)]))) == 1


def test_blanks_around_a_value_are_no_part_of_it() -> None:
    head, _ = Reader().head(get("/x", "A:  \t b c \t", "B:", "C: \xff"))
    assert head is not None
    assert head.fields == [(b"host", b"kinora"), (b"a", b"b c"), (b"b", b""), (b"c", b"\xff")]


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Refused):
        read(data)
