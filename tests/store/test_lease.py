import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from closedloop.clock import Clock
from closedloop.store import lease
from closedloop.store.operations import Operations


@pytest.fixture
def operations(tmp_path):
    found = Operations.open(tmp_path / "operations.db")
    yield found
    found.close()


@pytest.fixture
def clock():
    return Clock(start=datetime(2026, 11, 21, tzinfo=UTC))


def take(operations, clock, holder, seconds=60):
    return lease.acquire(operations, "writer", holder=holder, seconds=seconds, clock=clock)


def test_only_one_holds_it(operations, clock):
    assert take(operations, clock, "a")
    assert not take(operations, clock, "b")
    assert take(operations, clock, "a")
    assert lease.acquire(operations, "other", holder="b", seconds=60, clock=clock)


def test_it_runs_out(operations, clock):
    assert take(operations, clock, "a")
    clock.start += timedelta(seconds=59)
    assert not take(operations, clock, "b")
    assert lease.renew(operations, "writer", holder="a", seconds=60, clock=clock)
    clock.start += timedelta(seconds=61)
    assert not lease.renew(operations, "writer", holder="a", seconds=60, clock=clock)
    assert take(operations, clock, "b")
    assert not lease.renew(operations, "writer", holder="a", seconds=60, clock=clock)
    assert not lease.release(operations, "writer", holder="a")


def test_it_can_be_given_back(operations, clock):
    assert take(operations, clock, "a")
    assert not lease.release(operations, "writer", holder="b")
    assert lease.release(operations, "writer", holder="a")
    assert take(operations, clock, "b")


def hold(path, ready):
    operations = Operations.open(path)
    taken = take(operations, Clock(start=datetime(2026, 11, 21, tzinfo=UTC)), lease.new_holder())
    ready.send(taken)
    ready.recv()


def test_a_killed_holder_of_this_machine_is_replaced_at_once(operations, clock):
    address = operations.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold, args=(address, theirs))
    process.start()
    assert ours.recv()
    assert not take(operations, clock, lease.new_holder())
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert take(operations, clock, lease.new_holder())


def test_a_holder_of_another_machine_is_never_thought_dead(operations, clock):
    assert take(operations, clock, "elsewhere:1/1/1/x")
    assert not take(operations, clock, lease.new_holder())
