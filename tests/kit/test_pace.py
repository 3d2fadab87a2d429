"""Calls spread over time: no window ever sees more than is allowed, and nobody waits without need."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from closedloop.kit.pace import MonthlyCalls, Pace


class Time:
    """A clock that only sleeping and working move."""

    def __init__(self):
        self.at, self.slept = 1000.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds


@given(st.lists(st.floats(min_value=0, max_value=0.5), min_size=30, max_size=120))
def test_no_window_sees_more_calls_than_allowed(work):
    time, made = Time(), []
    pace = Pace(((3, 1.0), (10, 5.0)), now=lambda: time.at)
    for seconds in work:
        pace.wait(time.sleep)
        made.append(time.at)
        time.at += seconds

    for calls, window in pace.limits:
        assert all(late - early > window - 1e-6 for early, late in zip(made, made[calls:], strict=False))
    assert all(early <= late for early, late in pairwise(made))


def test_who_is_slow_enough_never_waits():
    time = Time()
    pace = Pace(((2, 1.0),), now=lambda: time.at)
    for _ in range(10):
        pace.wait(time.sleep)
        time.at += 0.6

    assert time.slept == []


def test_a_month_is_counted_over_processes_and_the_next_begins_at_nought(tmp_path):
    november, december = datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    for _ in range(3):
        MonthlyCalls(tmp_path / "kept" / "one.calls").add(november)

    calls = MonthlyCalls(tmp_path / "kept" / "one.calls")
    assert (calls.used(november), calls.used(december)) == (3, 0)
    calls.add(december)
    assert (calls.used(november), calls.used(december)) == (0, 1)
