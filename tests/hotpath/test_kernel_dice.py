from collections.abc import Callable
from itertools import count
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import dice as compiled
from hotpath.pure import dice as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])


def numbered() -> Callable[[int], bytes]:
    """A source whose bytes say where they stand."""
    calls = count()
    return lambda size: bytes((place + 7 * call) % 256 for call in [next(calls)] for place in range(size))


@both
def test_no_byte_is_given_twice(kernel: ModuleType) -> None:
    drawn = kernel.Dice(numbered())
    assert drawn.draw(3) + drawn.draw(2) == bytes(range(5))
    assert drawn.digits(2) == b"0506"
    assert drawn.draw(0) == drawn.digits(0) == b""


@both
def test_what_is_left_over_is_not_given_out_with_the_next(kernel: ModuleType) -> None:
    drawn = kernel.Dice(numbered())
    drawn.draw(4090)
    assert drawn.draw(7) == bytes(range(7, 14))


@both
def test_by_itself_it_asks_the_system(kernel: ModuleType) -> None:
    assert len({kernel.Dice().draw(16), kernel.Dice().draw(16)}) == 2


@both
@pytest.mark.parametrize("size", [-1, 4097])
def test_too_many_or_too_few(kernel: ModuleType, size: int) -> None:
    drawn = kernel.Dice()
    with pytest.raises(ValueError, match="0 to 4096"):
        drawn.draw(size)
    with pytest.raises(ValueError, match="0 to 4096"):
        drawn.digits(size)


@both
def test_a_source_that_gives_too_little_is_not_believed(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match="another number"):
        kernel.Dice(lambda _: b"few").draw(1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4096)), max_size=30))
def test_both_give_the_same(wishes: list[tuple[bool, int]]) -> None:
    one, other = compiled.Dice(numbered()), pure.Dice(numbered())
    for as_digits, size in wishes:
        if as_digits:
            assert one.digits(size) == other.digits(size)
        else:
            assert one.draw(size) == other.draw(size)
