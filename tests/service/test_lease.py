"""Only one writes, and it notices when it no longer is the one."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from closedloop.clock import Clock
from closedloop.service.lease import BusyError, Lease, writing
from closedloop.store.lease import LeaseLostError
from closedloop.store.operations import Operations


class HandClock(Clock):
    """A clock that is set by hand."""

    def __init__(self):
        super().__init__(start=datetime(2026, 5, 1, tzinfo=UTC))
        self.at = self.start

    def now(self):
        return self.at


@pytest.fixture
def operations(tmp_path):
    opened = Operations.open(tmp_path / "operations.db")
    yield opened
    opened.close()


def lease(operations, clock, seconds=60.0, name="writer"):
    return Lease(operations=operations, name=name, seconds=seconds, clock=clock)


def test_a_second_writer_is_told_to_wait_and_may_write_when_the_first_is_done(operations):
    clock = HandClock()
    first, second = lease(operations, clock), lease(operations, clock)

    assert first.take()
    assert not second.take()
    first.give_back()
    assert second.take()
    second.give_back()


def test_a_one_off_verb_beside_a_writer_ends_with_a_message_and_code_4(operations):
    clock = HandClock()
    first = lease(operations, clock)
    first.take()
    with (
        pytest.raises(BusyError, match="another closedloop is at work") as caught,
        writing(operations, clock, 60),
    ):
        pass
    first.give_back()

    assert caught.value.exit_code == 4


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_notices(operations):
    clock = HandClock()
    lost = threading.Event()
    first = Lease(operations=operations, name="writer", seconds=0.4, clock=clock, on_lost=lost.set)
    assert first.take()
    clock.at += timedelta(seconds=10)  # the machine slept
    second = lease(operations, clock)

    assert second.take()
    assert lost.wait(30)
    with pytest.raises(LeaseLostError):
        first.check()
    first.give_back()
    assert not lease(operations, clock).take(), "giving back a lost lease must not free the new holder's"
    second.give_back()


def work_until_interrupted(operations, clock):
    with writing(operations, clock, 0.4):
        clock.at += timedelta(seconds=10)
        threading.Event().wait(30)


def test_losing_the_lease_interrupts_the_main_thread_in_the_middle_of_its_work(operations):
    with pytest.raises(LeaseLostError):
        work_until_interrupted(operations, HandClock())


def test_a_killed_holder_is_replaced_at_once(operations):
    address = operations.engine.url.render_as_string(hide_password=False)
    script = (
        "import os, signal, sys\n"
        "from closedloop.clock import Clock\n"
        "from closedloop.service.lease import Lease\n"
        "from closedloop.store.operations import Operations\n"
        "held = Lease(operations=Operations.open(sys.argv[1]), name='writer', seconds=3600, clock=Clock())\n"
        "assert held.take()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, address], check=False, timeout=60)
    mine = lease(operations, Clock())

    assert mine.take()
    mine.give_back()
