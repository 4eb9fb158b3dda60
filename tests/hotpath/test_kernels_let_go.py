"""Kernels give the interpreter's lock away where a batch is big: others run meanwhile, as a process's loop must."""

import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Final

import pytest

import hotpath
from hotpath import cards, fanout, merge, pages, seen, shelf, trending

ITEMS: Final = 200_000
IDS: Final = b"".join(b"vid_%026d" % number for number in range(ITEMS))
NEVER_S: Final = 1_000.0  # no thread is told to let go before that: it does so by itself or not at all
TRIES: Final = 200  # who waits for the lock may wake too late for one batch


def _merge() -> object:
    return merge.merge(array("q", range(ITEMS, 0, -1)), IDS, array("q", [0, ITEMS]), ITEMS)


def _fan_out() -> object:
    numbers = array("I", range(ITEMS))
    return fanout.encode(IDS, numbers, None, b"f" * 40, b"feed:", b"vid_%026d" % 1, 1, 200)


def _trend() -> object:
    return trending.top(array("q", range(100, ITEMS + 100)), array("q", [10**12]) * ITEMS, 10**12, 100)


def _mark() -> object:
    return seen.marks(IDS)


def _splice() -> object:
    body = b'{"u":"\x01/' + b"a" * 1_000 + b'","v":\x02}'
    count = 5_000
    return cards.splice([body] * count, [b"/media"] * count, [b"{}"] * count)


def _page() -> object:
    raw = b"%020d2PAusr_%026d%013d0405dancea1.0" % (7, 1, 10**12) + b'"\x01/' + b"x" * 1_000 + b'"'
    count = 5_000
    entries = [shelf.Entry(b"vid_%026d" % number, raw) for number in range(count)]
    return pages.page(entries, None, b"", 0, count, (b"",) * 8, b"/media", b"", b"")


@pytest.fixture
def counted() -> Iterator[list[int]]:
    """How often another thread came to run."""
    turns, over, begun = [0], threading.Event(), threading.Event()

    def count() -> None:
        while not over.is_set():
            turns[0] += 1
            begun.set()
            time.sleep(0)  # lets go of the lock, and waits for it

    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(NEVER_S)
    thread = threading.Thread(target=count)
    thread.start()
    begun.wait()
    try:
        yield turns
    finally:
        over.set()
        sys.setswitchinterval(usual_s)
        thread.join()


def _runs_beside(work: Callable[[], object], turns: list[int]) -> bool:
    for _ in range(TRIES):
        before = turns[0]
        work()
        if turns[0] > before:
            return True
    return False


@pytest.mark.parametrize("work", [_merge, _fan_out, _trend, _mark, _splice, _page])
def test_a_big_batch_lets_others_run(counted: list[int], work: Callable[[], object]) -> None:
    assert hotpath.PURE or _runs_beside(work, counted)


def test_what_does_not_let_go_lets_nobody_run(counted: list[int]) -> None:
    numbers = list(range(ITEMS))
    assert not _runs_beside(lambda: sum(numbers), counted)
