"""Accept-Encoding and If-None-Match. See RFC 9110, 12.5.3 and 13.1.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import negotiation


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (b"", "identity"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"gzip", "gzip"),
        (b"x-gzip", "gzip"),
        (b"GZIP;Q=0.5", "gzip"),
        (b"br;q=0.2, gzip;q=0.8", "gzip"),
        (b"br;q=0, gzip", "gzip"),
        (b"br ; q=0.001", "br"),
        (b"identity, br;q=0.9", "identity"),
        (b"identity;q=0.5, br;q=0.5", "br"),
        (b"*", "br"),
        (b"br;q=0, *", "gzip"),
        (b"*;q=0", "identity"),
        (b"identity;q=0", "identity"),
        (b"gzip;q=0, br;q=0, identity;q=0", "identity"),
        (b"zstd, compress", "identity"),
        (b"br;q=2, gzip", "gzip"),
        (b"br;q=1e0, gzip;q=0.1", "gzip"),
        (b"br;v=1, gzip;q=0.1", "gzip"),
        (b"br;q=, gzip;q=.5", "identity"),
        (b"\xff\x00,,;;q,br", "br"),
        (b"gzip," + b"a," * 600 + b"br", "gzip"),
    ],
)
def test_the_largest_weight_wins_and_br_among_equals(header: bytes, coding: str) -> None:
    assert negotiation.coding_of(header) == coding


@given(st.binary(max_size=200))
def test_any_header_has_an_answer(header: bytes) -> None:
    assert negotiation.coding_of(header) in {"br", "gzip", "identity"}
    assert not negotiation.has(header.replace(b"*", b""), b'"0123456789-br"')


@pytest.mark.parametrize(
    ("header", "had"),
    [
        (b'"abc-br"', True),
        (b'W/"abc-br"', True),
        (b'"x", "abc-br" ,"y"', True),
        (b" * ", True),
        (b"", False),
        (b'"abc"', False),
        (b"abc-br", False),
        (b'"abc-br', False),
        (b'"x*"', False),
        (b'"a"abc-br"', False),
    ],
)
def test_a_tag_is_known_whole_or_not(header: bytes, had: bool) -> None:
    assert negotiation.has(header, b'"abc-br"') is had
