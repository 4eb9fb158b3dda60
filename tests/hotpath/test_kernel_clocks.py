import time
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import clocks as compiled
from hotpath.pure import clocks as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])


@both
def test_the_systems_times_are_in_milliseconds(kernel: ModuleType) -> None:
    for told_ms, clock_ns in ((kernel.system_ms, time.time_ns), (kernel.monotonic_ms, time.monotonic_ns)):
        before_ns = clock_ns()
        assert before_ns // 1_000_000 <= told_ms() <= clock_ns() // 1_000_000


@both
def test_a_servers_clock_goes_on_by_ours(kernel: ModuleType) -> None:
    now_s = 10.0
    ahead = kernel.Ahead(lambda: now_s)
    assert ahead.stamp() is None
    ahead.learn(1_800_000_000_000_000)
    assert ahead.stamp() == (1_800_000_000_000_000, 10_000)
    now_s = 12.5
    assert ahead.stamp() == (1_800_000_002_500_000, 12_500)
    ahead.learn(5)  # it was set back
    assert (ahead.stamp(), ahead.now_us()) == ((5, 12_500), 12_500_000)


@both
def test_by_itself_our_clock_is_the_monotonic_one(kernel: ModuleType) -> None:
    before_us = int(time.monotonic() * 1e6)

    assert before_us <= kernel.Ahead().now_us() <= int(time.monotonic() * 1e6)


@both
def test_a_clock_that_fails_is_heard(kernel: ModuleType) -> None:
    def broken() -> float:
        raise LookupError

    ahead = kernel.Ahead(broken)
    for call in (ahead.now_us, lambda: ahead.learn(1)):
        with pytest.raises(LookupError):
            call()
    assert ahead.stamp() is None


@given(times=st.lists(st.floats(0, 1e9), min_size=2, max_size=9), server_us=st.integers(0, 2**52))
def test_both_tell_the_same(times: list[float], server_us: int) -> None:
    told = []
    for kernel in (compiled, pure):
        moments = iter(times)
        ahead = kernel.Ahead(lambda moments=moments: next(moments))
        ahead.learn(server_us)
        told.append([ahead.stamp() for _ in times[1:]])

    assert told[0] == told[1]
