"""Two daemons, one writer: also when the first is killed, stands still, or loses its database for a while.

Every process notes in one file when it enters and leaves what only one may do, with the run it did it for: the tap of
these daemons takes its time, so that a second writer would be seen inside of the first.
"""

import itertools
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from operator import itemgetter

import pytest
from sqlalchemy import select, text

from closedloop.clock import Clock
from closedloop.errors import UnreachableError
from closedloop.service.lease import Lease, writing
from closedloop.store import lease, tables
from closedloop.store.analytical import Store
from closedloop.store.lease import LeaseLostError
from closedloop.store.operations import Operations

SECONDS = 1.5
#: A writer that works in small steps: journals, and writes to a CRM that is a file. Says when it stands between the two.
WRITER = """\
import os, sys, time
from closedloop.clock import Clock
from closedloop.errors import ClosedloopError
from closedloop.service.lease import writing
from closedloop.store.operations import Operations
address, log, seconds, steps = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
operations = Operations.open(address)
def note(text):
    with open(log, "a") as file:
        file.write(f"{time.monotonic():.6f} {os.getpid()} {text}\\n")
while True:
    try:
        with writing(operations, Clock(), seconds):
            for step in range(steps):
                run = operations.begin_run("apply", Clock())
                operations.insist_lease()
                note(run)
                time.sleep(0.05)
            print("done", flush=True)
        break
    except ClosedloopError as error:
        print(f"{type(error).__name__}", flush=True)
        if type(error).__name__ == "LeaseLostError":
            sys.exit(7)
        time.sleep(0.1)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def address(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/operations.db"
    return request.getfixturevalue("postgres").fresh()


@pytest.fixture
def start(address, tmp_path):
    """Start writers; whoever is left is killed at the end."""
    started = []

    def begin(steps, where=address):
        command = [sys.executable, "-c", WRITER, where, str(tmp_path / "crm"), str(SECONDS), str(steps)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


def written(folder, process=None):
    path = folder / "crm"
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if process is None or line[1] == str(process.pid)]


def stand_still(process, address):
    """Stop a writer, but not inside of a transaction: SQLite's lock would keep everybody out until it wakes."""
    process.send_signal(signal.SIGSTOP)
    while address.startswith("sqlite") and is_locked(address.removeprefix("sqlite:///")):
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)


def is_locked(path):
    with closing(sqlite3.connect(path, timeout=0.2)) as database:
        try:
            database.execute("begin immediate")
        except sqlite3.OperationalError:
            return True
        return False


def moment(line):
    return float(line[0])


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def assert_one_after_the_other(folder, first, second):
    """No write of the first after the first write of the second."""
    mine, theirs = written(folder, first), written(folder, second)
    assert mine
    assert theirs
    assert max(map(moment, mine)) < min(map(moment, theirs))


@pytest.mark.long
def test_the_second_waits_for_the_first(start, tmp_path):
    first = start(20)
    until(lambda: written(tmp_path))
    second = start(3)

    assert first.wait(60) == second.wait(60) == 0
    assert_one_after_the_other(tmp_path, first, second)


@pytest.mark.long
def test_a_killed_one_is_replaced_at_once(start, tmp_path):
    first = start(10_000)
    until(lambda: written(tmp_path))
    second = start(3)
    assert second.stdout.readline() == "BusyError\n"
    first.kill()

    assert second.wait(60) == 0
    assert_one_after_the_other(tmp_path, first, second)


def test_one_that_stands_still_is_replaced_after_its_time_and_writes_nothing_when_it_wakes(
    start, address, tmp_path
):
    first = start(10_000)
    until(lambda: len(written(tmp_path)) > 2)
    stand_still(first, address)
    second = start(3)
    assert second.wait(90) == 0
    before = len(written(tmp_path, first))
    first.send_signal(signal.SIGCONT)

    assert first.wait(60) == 7, "it says that the lease was lost"
    assert len(written(tmp_path, first)) <= before + 1  # it may have been asked to stop behind its last look
    assert_one_after_the_other(tmp_path, first, second)


@pytest.mark.long
def test_whoever_writes_writes_alone_however_often_it_changes(start, address, tmp_path):
    """The lease changes hands six times, by a kill and by standing still in turn; who had it never writes again."""
    holder, sleepers = start(10_000), []
    for turn in range(6):
        mine = holder
        until(lambda mine=mine: len(written(tmp_path, mine)) > 2 or mine.poll())
        holder = start(10_000)
        if turn % 2:
            stand_still(mine, address)
            sleepers.append(mine)
        else:
            mine.kill()
        until(lambda holder=holder: len(written(tmp_path, holder)) > 2 or holder.poll())
        for sleeper in sleepers:
            sleeper.send_signal(signal.SIGCONT)
        assert [sleeper.wait(60) for sleeper in sleepers] == [7] * len(sleepers)
    holder.kill()

    hands = [pid for pid, _ in itertools.groupby(sorted(written(tmp_path), key=moment), key=itemgetter(1))]
    assert (
        1 < len(hands) == len(set(hands)) <= 7
    )  # on a busy machine a holder may lose its lease before it writes


@pytest.mark.servers
@pytest.mark.parametrize("how", ["refusing", "silent"])
def test_one_whose_connection_is_cut_is_replaced_and_writes_nothing_more(postgres, start, tmp_path, how):
    from tests.postgres import Proxy

    proxy = Proxy(postgres.socket)
    there = postgres.fresh()
    name = there.rpartition("?")[0].rpartition("/")[2] or there.rpartition("/")[2].partition("?")[0]
    first = start(10_000, postgres.address(name, port=proxy.port))
    until(lambda: len(written(tmp_path)) > 2)
    proxy.cut(how)
    second = start(3, there)
    assert second.wait(90) == 0
    proxy.mend()

    assert_one_after_the_other(tmp_path, first, second)
    proxy.close()


@pytest.mark.sqlite
def test_a_database_that_somebody_is_writing_to_can_be_opened(tmp_path):
    """`status` and a second daemon start beside a writer, also beside one that stands still in a transaction."""
    Operations.open(tmp_path / "operations.db").close()
    with sqlite3.connect(tmp_path / "operations.db") as writer:
        writer.execute("begin immediate")
        opened = Operations.open(tmp_path / "operations.db")
        assert lease.current(opened, "writer") is None
        opened.close()
    writer.close()


def test_who_lost_the_lease_changes_neither_database_nor_store(address, tmp_path):
    ours, theirs = Operations.open(address), Operations.open(address)
    store = Store.open(tmp_path / "store.duckdb")
    store.before_commit = ours.insist_lease
    with pytest.raises(LeaseLostError), writing(ours, Clock(), 60):  # noqa: PT012 (step by step)
        with theirs.transaction() as connection:  # as another does when our time is over
            connection.execute(tables.lease.update().values(holder="another"))
        with pytest.raises(LeaseLostError):
            ours.begin_run("sync", Clock())
        with pytest.raises(LeaseLostError), store.transaction():
            store.query("create table found as select 1 as one")
        assert store.columns("main", "found") == {}
        ours.insist_lease()
    with theirs.reading() as connection:
        assert connection.execute(select(tables.run.c.id)).all() == []
        assert connection.execute(select(tables.lease.c.holder)).scalar() == "another", (
            "nobody gives back another's"
        )
    store.close()
    ours.close()
    theirs.close()


def test_a_holder_whose_clock_was_ahead_is_replaced_when_it_shows_no_sign_of_life(address):
    operations = Operations.open(address)
    far = {"name": "writer", "holder": "elsewhere:1/1/1/x", "expires_at": "2099-01-01T00:00:00.000000Z"}
    with operations.transaction() as connection:
        connection.execute(tables.lease.insert().values(far))
    mine = Lease(operations=operations, name="writer", seconds=0.2, clock=Clock())
    assert not mine.take()
    until(mine.take)
    mine.give_back()
    operations.close()


@pytest.mark.servers
def test_a_server_that_went_away_is_named_and_used_again_when_it_is_back(postgres):
    operations = Operations.open(postgres.fresh())
    operations.begin_run("sync", Clock())
    postgres.stop("immediate")
    with pytest.raises(UnreachableError, match="the operational database cannot be used"):
        operations.begin_run("sync", Clock())
    postgres.start()
    operations.begin_run("sync", Clock())
    with operations.reading() as connection:
        assert len(connection.execute(select(tables.run.c.id)).all()) == 2
    assert lease.current(operations, "writer") is None
    operations.close()


@pytest.mark.servers
def test_who_loses_the_lease_in_the_middle_of_a_statement_is_told_that_and_can_go_on(postgres):
    operations = Operations.open(postgres.fresh())

    def stop(*_args):
        raise lease.lost("writer")

    before = signal.signal(signal.SIGALRM, stop)
    with pytest.raises(LeaseLostError), operations.transaction() as connection:  # noqa: PT012 (step by step)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        connection.execute(text("select pg_sleep(60)"))
    signal.signal(signal.SIGALRM, before)
    operations.begin_run("sync", Clock())
    operations.close()


@pytest.mark.servers
def test_what_postgres_is_stricter_with_is_kept_whole(postgres):
    operations = Operations.open(postgres.fresh())
    run = operations.begin_run("sync", Clock())
    with operations.transaction() as connection:
        connection.execute(
            tables.stream_run.insert().values(
                run_id=run, connection="c" * 80, stream="s" * 90, rows=1, keys=1, requests=1, bytes=5 << 40,
                cursor="x" * 200, verdict="proven", at="2026",
            )
        )  # fmt: skip
        found = connection.execute(select(tables.stream_run.c.bytes, tables.stream_run.c.cursor)).one()
    operations.close()

    assert tuple(found) == (5 << 40, "x" * 200)


@pytest.mark.parametrize(
    "shared",
    [pytest.param("sqlite", marks=pytest.mark.long), pytest.param("postgres", marks=pytest.mark.servers)],
)
def test_a_daemon_that_stands_still_is_replaced_and_stands_by_when_it_wakes(request, daemon, config, shared):
    if shared == "postgres":
        config.write_text(config.read_text() + f"database: {request.getfixturevalue('postgres').fresh()}\n")
    first = daemon()
    first.until("run.ended")
    second = daemon()
    second.until("daemon.standby")
    first.signal(signal.SIGSTOP)
    second.until("daemon.working")
    first.signal(signal.SIGCONT)
    first.until("daemon.standby")

    assert second.end() == 0
    first.until("daemon.working")
    assert first.end() == 0
