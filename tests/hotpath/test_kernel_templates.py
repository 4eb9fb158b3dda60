from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import templates as compiled
from hotpath.pure import templates as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])

PIECES = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=8).filter(lambda text: not set(text) & {1, 2, 3, 4, 5}),
        st.tuples(st.integers(1, 5), st.integers(1, 6)).map(lambda hole: bytes([hole[0]]) * hole[1]),
    ),
    max_size=12,
).map(b"".join)


@both
def test_values_go_into_their_holes(kernel: ModuleType) -> None:
    template = kernel.Template(b"GET \x02\x02\x02\r\nSET \x01\x01 \x02\x02\x02\x01\x01")

    assert template.fill([b"17", b"abc"]) == b"GET abc\r\nSET 17 abc17"
    assert template.text == b"GET \x02\x02\x02\r\nSET \x01\x01 \x02\x02\x02\x01\x01"
    assert kernel.Template(b"PING").fill([]) == b"PING"


@both
def test_what_does_not_fit_is_refused(kernel: ModuleType) -> None:
    for values in ([], [b"1"], [b"123"], [b""]):
        with pytest.raises(ValueError, match=r"^a value does not fit its hole$"):
            kernel.Template(b"\x01\x01").fill(values)
    with pytest.raises(ValueError, match=r"^a template has at most 12 holes$"):
        kernel.Template(b"\x01\x02" * 7)


@given(text=PIECES, values=st.lists(st.binary(max_size=6), max_size=6))
def test_both_fill_alike(text: bytes, values: list[bytes]) -> None:
    def filled(kernel: ModuleType) -> bytes | str:
        try:
            answer: bytes = kernel.Template(text).fill(values)
        except ValueError as error:
            return str(error)
        return answer

    assert filled(compiled) == filled(pure)
