"""Due times do not wait for answers, and a request's time counts from its own."""

import pytest

from loadtest.schedule import MOST_LATE_S, Schedule


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def asked(
    seconds: float, every_s: float, service_s: float, stall: tuple[float, float]
) -> tuple[list[float], list[float]]:
    """Times, from when each was due and from when it was sent, of one person whose service takes `service_s` and stands
    still from the first to the second moment of `stall`."""
    clock = Clock()
    schedule = Schedule(0.0, every_s, clock)
    from_due, from_sent = [], []
    while clock.now_s < seconds:
        due_s, _ = schedule.take()
        clock.now_s = max(clock.now_s, due_s)
        late_ms, sent_s = schedule.late_ms(due_s), clock.now_s
        clock.now_s = (stall[1] if stall[0] <= sent_s < stall[1] else sent_s) + service_s
        from_sent.append((clock.now_s - sent_s) * 1000)
        from_due.append(from_sent[-1] + late_ms)
    return sorted(from_due), sorted(from_sent)


def test_requests_are_due_however_long_answers_take() -> None:
    clock = Clock()
    schedule = Schedule(1.0, 0.5, clock)
    assert [schedule.take() for _ in range(3)] == [(1.0, 0), (1.5, 0), (2.0, 0)]
    clock.now_s = 9.0
    due_s, given_up = schedule.take()
    assert (due_s, given_up) == (2.5, 0)
    assert schedule.late_ms(due_s) == 6500


def test_a_stall_counts_for_everything_that_was_due_in_it() -> None:
    from_due, from_sent = asked(seconds=100, every_s=0.1, service_s=0.01, stall=(50.0, 60.0))
    assert len(from_due) == len(from_sent) == pytest.approx(1000, abs=1)
    assert from_sent[990] < 11  # one slow request in a thousand: the stall is left out
    assert from_due[990] > 9_000  # a tenth of the time nothing was answered, and a tenth of the requests tell
    assert from_due[949] > 4_000
    assert sum(time_ms > 100 for time_ms in from_due) >= 100


def test_a_service_that_keeps_up_looks_the_same_either_way() -> None:
    from_due, from_sent = asked(seconds=10, every_s=0.1, service_s=0.05, stall=(99.0, 99.0))
    assert from_due == from_sent


def test_what_is_far_too_late_is_given_up_and_counted() -> None:
    clock = Clock()
    schedule = Schedule(0.0, 0.5, clock)
    clock.now_s = MOST_LATE_S + 10.0
    due_s, given_up = schedule.take()
    assert given_up == 21
    assert clock.now_s - due_s <= MOST_LATE_S
    assert schedule.take() == (due_s + 0.5, 0)
