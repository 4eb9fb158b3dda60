from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import queue as compiled
from hotpath.pure import queue as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])


class Waiter:
    """What a future is to a queue."""

    def __init__(self) -> None:
        self.result: list[Any] | None = None
        self.gave_up = False

    def done(self) -> bool:
        return self.gave_up or self.result is not None

    def set_result(self, result: list[Any]) -> None:
        assert not self.done()
        self.result = result


class Refused(Exception):
    pass


def owned(kernel: ModuleType, max_waiting: int = 1000) -> Any:
    """A queue whose owner counts how often it was asked to send, and accepts nothing that has an "error" in it."""

    class Owned(kernel.Queue):  # type: ignore[name-defined, misc]
        def __init__(self, create_waiter: Callable[[], Any]) -> None:
            super().__init__(create_waiter, max_waiting)
            self.settles = 0
            self.open = True

        def refuse(self) -> None:
            raise Refused

        def settle(self) -> None:
            self.settles += 1
            self.settled = True

        def accept(self, waiter: Waiter, replies: list[Any]) -> bool:
            return "error" not in replies

    return Owned(Waiter)


@both
def test_commands_go_out_together_and_replies_come_back_in_order(kernel: ModuleType) -> None:
    queue = owned(kernel)
    first, second = queue.send(b"A", 2), queue.send(b"BB", 1)
    queue.add(b"C", 1, None)

    assert (queue.waiting, queue.unsent, queue.out_bytes, queue.settles) == (3, 3, 4, 1)
    assert queue.take_out() == b"ABBC"
    assert (queue.waiting, queue.unsent, queue.out_bytes, queue.settled) == (3, 0, 0, False)
    assert queue.hand_out([1], False)
    assert (first.result, queue.holding) == (None, True)
    assert queue.hand_out([2, 3], False)
    assert (first.result, second.result, queue.holding, queue.answered) == ([1, 2], [3], False, 2)
    assert queue.hand_out([4], False)
    assert (queue.waiting, queue.answered) == (0, 3)
    assert not queue.hand_out([5], False)


@both
def test_who_gave_up_leaves_a_place_that_takes_its_replies(kernel: ModuleType) -> None:
    queue = owned(kernel)
    first, second = queue.send(b"A", 1), queue.send(b"B", 1)
    first.gave_up = True

    queue.hand_out(["one", "two"], False)
    assert (first.result, second.result) == (None, ["two"])


@both
def test_only_what_may_hold_errors_is_looked_at(kernel: ModuleType) -> None:
    queue = owned(kernel)
    waiters = [queue.send(b"A", 1) for _ in range(3)]

    queue.hand_out(["error"], False)
    queue.hand_out(["error", "fine"], True)
    assert [waiter.result for waiter in waiters] == [["error"], None, ["fine"]]


@both
def test_a_full_or_closed_queue_refuses(kernel: ModuleType) -> None:
    queue = owned(kernel, 2)
    queue.send(b"A", 1)
    queue.send(b"B", 1)
    with pytest.raises(Refused):
        queue.send(b"C", 1)
    queue.hand_out([1, 2], False)
    queue.open = False
    with pytest.raises(Refused):
        queue.send(b"C", 1)
    with pytest.raises(ValueError, match=r"^nobody answers what nobody is asked$"):
        queue.send(b"C", 0)
    assert queue.waiting == 0


@both
def test_whoever_waits_can_be_found_and_sent_away(kernel: ModuleType) -> None:
    queue = owned(kernel)
    one = queue.send(b"A", 1)
    queue.add(b"B", 1, None)
    other = queue.send(b"C", 2)
    queue.take_out()
    queue.hand_out(["for one", "for nobody", "half"], False)

    assert queue.first(-1) == []
    assert queue.first(9) == [other]
    assert queue.clear() == [other]
    assert one.result == ["for one"]
    assert (queue.waiting, queue.unsent, queue.holding, queue.take_out()) == (0, 0, False, b"")


@both
def test_by_itself_it_accepts_everything_and_sends_nothing(kernel: ModuleType) -> None:
    queue = kernel.Queue(Waiter, 1)
    with pytest.raises(RuntimeError, match=r"^nothing can be sent now$"):
        queue.send(b"A", 1)
    assert not queue.tell(b"A", 1)
    assert queue.waiting == 0
    queue.open = True
    waiter = queue.send(b"A", 1)
    assert queue.settled
    queue.hand_out(["error"], True)
    assert waiter.result == ["error"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 3)),
        st.tuples(st.just("tell"), st.integers(1, 3)),
        st.tuples(st.just("close"), st.just(0)),
        st.tuples(st.just("replies"), st.integers(0, 200)),
        st.tuples(st.just("out"), st.just(0)),
        st.tuples(st.just("give up"), st.integers(0, 5)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=200,
)


@given(steps=STEPS)
def test_both_do_the_same(steps: list[tuple[str, int]]) -> None:
    queues = owned(compiled), owned(pure)
    waiters: tuple[list[Waiter], list[Waiter]] = [], []
    for number, (what, count) in enumerate(steps):
        said = []
        for queue, mine in zip(queues, waiters, strict=True):
            if what == "send" and queue.open:
                mine.append(queue.send(b"%d," % number, count))
            elif what == "tell":
                said.append(queue.tell(b"%d," % number, count))
            elif what == "close":
                queue.open = not queue.open
            elif what == "replies":
                said.append(queue.hand_out(["error" if n % 7 == 0 else n for n in range(count)], count % 2 == 0))
            elif what == "out":
                said.append(queue.take_out())
            elif what == "give up" and count < len(mine):
                mine[count].gave_up = True
            elif what == "clear":
                said.append([mine.index(waiter) for waiter in queue.clear()])
            said.append((queue.waiting, queue.unsent, queue.out_bytes, queue.answered, queue.holding, queue.settles))
            said.append([waiter.result for waiter in mine])
            said.append([mine.index(waiter) for waiter in queue.first(3)])
        half = len(said) // 2
        assert said[:half] == said[half:]
