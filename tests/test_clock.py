"""One time for several processes, and the system's own when nobody asks for another."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from closedloop.clock import FILE_VARIABLE, START_VARIABLE, set_shared, system_clock, world_clock

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TELL = "from closedloop.clock import system_clock; input(); print(system_clock().now().isoformat())"


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "clock"
    set_shared(path, NEW_YEAR, runs=False)
    monkeypatch.setenv(FILE_VARIABLE, str(path))
    return path


def test_nobody_set_anything_so_it_is_the_systems_time(monkeypatch):
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    monkeypatch.delenv(START_VARIABLE, raising=False)

    assert abs(system_clock().now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_step_moves_every_process(file):
    child = subprocess.Popen(
        [sys.executable, "-c", TELL],
        env={**os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    ours = system_clock()
    assert ours.now() == NEW_YEAR

    set_shared(file, NEW_YEAR + timedelta(hours=5), runs=False)
    said = child.communicate("\n", timeout=60)[0]

    assert datetime.fromisoformat(said.strip()) == ours.now() == NEW_YEAR + timedelta(hours=5)
    assert world_clock(NEW_YEAR).now() == ours.now(), "a simulator lives in the same world"


def test_it_stands_until_it_is_moved_or_runs_on(file):
    clock = system_clock()
    assert clock.now() == clock.now()
    set_shared(file, NEW_YEAR)

    first = clock.now()
    assert NEW_YEAR <= first < clock.now()
    assert clock.real() > NEW_YEAR, "whether a process is alive is no matter of the calendar"


def test_a_wait_ends_when_the_clock_was_moved_past_it(file):
    clock, event = system_clock(), threading.Event()
    waiting = threading.Thread(target=clock.wait, args=(event, 3600))
    waiting.start()
    for hours in range(1, 100):  # the first steps may come before it looked at the clock
        set_shared(file, NEW_YEAR + timedelta(hours=hours), runs=False)
        waiting.join(0.3)
        if not waiting.is_alive():
            break

    assert not waiting.is_alive()
    assert not event.is_set()


def test_a_file_that_holds_no_time_is_named(file):
    file.write_text("2026-01-01T00:00:00")
    with pytest.raises(ValueError, match="CLOSEDLOOP_CLOCK_FILE needs a time zone"):
        system_clock()
    file.unlink()
    with pytest.raises(ValueError, match="CLOSEDLOOP_CLOCK_FILE names a file that cannot be read"):
        system_clock()
