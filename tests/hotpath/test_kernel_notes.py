from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import notes as compiled
from hotpath.pure import notes as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])

WORDS = st.binary(max_size=300)
LINES = st.tuples(st.integers(0, 5_000), WORDS, WORDS, WORDS, st.integers(0, 999), st.integers(0, 2**62))
TIMES = st.floats(0, 20, allow_nan=False)


def when(second: int) -> bytes:
    return b"second %d" % second


@both
def test_a_line_is_common_log_format(kernel: ModuleType) -> None:
    lines = kernel.Lines(when)

    assert lines.add(1_999, b"127.0.0.1", b"usr_1", b"GET / HTTP/1.1", 200, 0) is True
    assert lines.add(2_000, b"::1", b"-", b"GET /a HTTP/1.1", 404, 12) is False
    assert lines.take() == (
        b'127.0.0.1 - usr_1 [second 1] "GET / HTTP/1.1" 200 0\n::1 - - [second 2] "GET /a HTTP/1.1" 404 12\n'
    )
    assert lines.take() == b""
    assert lines.add(2_000, b"h", b"u", b"r", 200, 1) is True


@both
def test_the_clock_is_read_once_a_second(kernel: ModuleType) -> None:
    asked: list[int] = []

    def counting(second: int) -> bytes:
        asked.append(second)
        return b"now"

    lines = kernel.Lines(counting)
    for now_ms in (0, 1, 999, 1_000, 1_001, 500):
        lines.add(now_ms, b"", b"", b"", 200, 0)
    assert asked == [0, 1, 0]


def test_the_compiled_one_refuses_what_its_block_can_not_hold() -> None:
    with pytest.raises(ValueError, match=r"^the time is too long$"):
        compiled.Lines(lambda _: b"x" * 65).add(0, b"", b"", b"", 200, 0)
    for now_ms, status, sent_bytes in ((-1, 200, 0), (0, -1, 0), (0, 200, -1)):
        with pytest.raises(ValueError, match=r"^numbers must be natural$"):
            compiled.Lines(when).add(now_ms, b"", b"", b"", status, sent_bytes)


@both
def test_times_are_counted_between_their_bounds(kernel: ModuleType) -> None:
    series = kernel.Series((0.1, 1.0))

    assert [series.add(took_s) for took_s in (0.05, 0.1, 0.5, 3.0)] == [True, False, False, False]
    counts, total_s = series.take()
    assert (counts, total_s) == ([2, 1, 1], pytest.approx(3.65))
    assert series.take() == ([0, 0, 0], 0.0)
    assert series.add(0.0) is True
    assert series.add(0.0) is False


@both
def test_bounds_are_few_and_ascend(kernel: ModuleType) -> None:
    for bounds_s in ((), (2.0, 1.0), tuple(map(float, range(33)))):
        with pytest.raises(ValueError, match=r"^1 to 32 bounds, in ascending order$"):
            kernel.Series(bounds_s)


@given(lines=st.lists(LINES, max_size=60))
def test_both_write_the_same_lines(lines: list[Any]) -> None:
    one, other = compiled.Lines(when), pure.Lines(when)

    assert [one.add(*line) for line in lines] == [other.add(*line) for line in lines]
    assert one.take() == other.take()


@given(bounds_s=st.lists(TIMES, min_size=1, max_size=32).map(sorted), times=st.lists(TIMES, max_size=60))
def test_both_count_alike(bounds_s: list[float], times: list[float]) -> None:
    one, other = compiled.Series(bounds_s), pure.Series(bounds_s)

    assert [one.add(took_s) for took_s in times] == [other.add(took_s) for took_s in times]
    assert one.take() == other.take()
