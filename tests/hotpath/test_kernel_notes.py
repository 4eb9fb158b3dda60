import time
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


@both
def test_what_a_block_can_not_hold_is_refused(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"^the time is too long$"):
        kernel.Lines(lambda _: b"x" * 65).add(0, b"", b"", b"", 200, 0)
    for now_ms, status, sent_bytes in ((-1, 200, 0), (0, -1, 0), (0, 200, -1)):
        with pytest.raises(ValueError, match=r"^numbers must be natural$"):
            kernel.Lines(when).add(now_ms, b"", b"", b"", status, sent_bytes)


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


TRACE = b"0af7651916cd43dd8448eb211c80319c"
PIECES = [b"00", b"-", TRACE, b"0" * 32, b"b7ad6b7169203331", b"01", b"0A", b"\n", b"x", b""]


class Watch:
    def __init__(self, series: Any, told: list[object], kind: object) -> None:
        self.series = series
        self._told = told
        self._kind = kind

    def begun(self) -> None:
        self._told.append(self._kind)


class Kept:
    """Lines and times as a record leaves them, and who was told to take them."""

    def __init__(self, kernel: ModuleType) -> None:
        self.told: list[object] = []
        self.lines = kernel.Lines(when)
        self.watches: dict[tuple[str, str, int], Any] = {}
        self.kernel = kernel
        self.record = kernel.Record(lambda: 5_000, self, self.watch)

    def begun(self) -> None:
        self.told.append("lines")

    def watch(self, *kind: Any) -> Any:
        self.watches.setdefault(kind, []).append(Watch(self.kernel.Series((60.0,)), self.told, kind))
        return self.watches[kind][-1]

    def done(self, route: str = "/a", status: int = 200) -> None:
        self.record.done(route, "GET", status, 0.0, b"host", b"user", b"GET /a", 7)


@both
def test_a_record_keeps_a_line_and_a_time_of_every_request(kernel: ModuleType) -> None:
    kept = Kept(kernel)
    for route, status in (("/a", 200), ("/a", 200), ("/a", 404), ("/b", 200)):
        kept.done(route, status)

    assert {kind: len(made) for kind, made in kept.watches.items()} == {
        ("/a", "GET", 200): 1, ("/a", "GET", 404): 1, ("/b", "GET", 200): 1,
    }  # fmt: skip
    assert kept.told == [("/a", "GET", 200), "lines", ("/a", "GET", 404), ("/b", "GET", 200)]
    assert [sum(kept.watches[kind][0].series.take()[0]) for kind in kept.watches] == [2, 1, 1]
    assert kept.lines.take().splitlines()[2] == b'host - user [second 5] "GET /a" 404 7'
    kept.done()
    assert kept.told[-2:] == [("/a", "GET", 200), "lines"]


@both
def test_a_time_is_by_the_clock_of_perf_counter(kernel: ModuleType) -> None:
    kept = Kept(kernel)
    kept.record.done("/a", "GET", 200, time.perf_counter() - 1000.0, b"host", b"user", b"GET /a", 7)

    assert 1000.0 <= kept.watches["/a", "GET", 200][0].series.take()[1] < 1060.0


@both
def test_kinds_have_a_bound(kernel: ModuleType) -> None:
    kept = Kept(kernel)
    for number in (*range(pure.KINDS + 1), 0, pure.KINDS):
        kept.done(f"/{number}")

    assert len(kept.watches["/0", "GET", 200]) == 1
    assert len(kept.watches[f"/{pure.KINDS}", "GET", 200]) == 2


@both
def test_a_trace_is_the_callers_or_a_new_one(kernel: ModuleType) -> None:
    record = Kept(kernel).record
    assert record.trace_id(b"00-" + TRACE + b"-b7ad6b7169203331-01") == TRACE
    for none in (None, b"", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", b"01-" + TRACE + b"-b7ad6b7169203331-01"):
        made = record.trace_id(none)
        assert len(made) == 32
        assert int(made, 16) > 0
        assert record.trace_id(none) != made


@given(parts=st.lists(st.sampled_from(PIECES), max_size=9))
def test_both_take_the_same_headers_for_a_trace(parts: list[bytes]) -> None:
    for header in (b"".join(parts), b"00-" + TRACE + b"-b7ad6b7169203331-01" + b"".join(parts[:1])):
        one, other = (Kept(kernel).record.trace_id(header) for kernel in (compiled, pure))
        known = [made if made in (TRACE, b"0" * 32) else len(made) for made in (one, other)]
        assert known[0] == known[1]
