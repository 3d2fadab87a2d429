import multiprocessing
import sqlite3

import pytest
from sqlalchemy import inspect, text

from closedloop.clock import Clock
from closedloop.errors import ClosedloopError, ConfigError, UnreachableError
from closedloop.store import tables
from closedloop.store.migrations import STEPS, migrate
from closedloop.store.operations import Operations
from closedloop.store.stamps import from_text, to_text


@pytest.fixture
def operations(tmp_path):
    found = Operations.open(tmp_path / "operations.db")
    yield found
    found.close()


def runs(operations):
    with operations.reading() as database:
        return [
            tuple(row)
            for row in database.execute(text("select kind, state, exit_code, detail from run order by id"))
        ]


def test_a_run_is_recorded_with_its_end(operations):
    clock = Clock()
    first = operations.begin_run("sync", clock)
    assert runs(operations) == [("sync", "running", None, "{}")]
    operations.end_run(
        first, state="done", exit_code=0, detail={"b": 1, "a": clock.now().date()}, clock=clock
    )
    ((_, state, code, detail),) = runs(operations)
    assert (state, code) == ("done", 0)
    assert detail.startswith('{"a": "20')
    with pytest.raises(ClosedloopError, match="no run nothing"):
        operations.end_run("nothing", state="done", exit_code=0, clock=clock)


def test_runs_that_a_killed_process_left_are_closed(operations):
    clock = Clock()
    dead, ours = operations.begin_run("sync", clock), operations.begin_run("run", clock)
    assert operations.close_dead_runs(clock, but=ours) == [dead]
    assert sorted(state for _, state, _, _ in runs(operations)) == ["died", "running"]


def test_an_error_rolls_everything_back(operations):
    with pytest.raises(ZeroDivisionError), operations.transaction() as database:  # noqa: PT012 (written, then undone)
        database.execute(tables.run.insert().values(id="x", kind="sync", started_at="", state="running"))
        raise ZeroDivisionError
    assert runs(operations) == []


@pytest.mark.sqlite
def test_the_database_is_durable_and_checks_its_references(operations):
    with operations.transaction() as database:
        values = {
            name: database.execute(text(f"pragma {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_sees_one_state_while_another_writes(operations):
    clock = Clock()
    with operations.reading() as database:
        count = text("select count(*) from run")
        assert database.execute(count).scalar() == 0
        operations.begin_run("sync", clock)
        assert database.execute(count).scalar() == 0


def address(operations):
    return operations.engine.url.render_as_string(hide_password=False)


def many(path, count):
    operations = Operations.open(path)
    for _ in range(count):
        operations.begin_run("sync", Clock())


def test_writers_wait_for_each_other(operations):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=many, args=(address(operations), 10)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(runs(operations)) == 20


def test_an_older_database_is_migrated_once_and_a_newer_one_refused(operations):
    newest = len(STEPS) + 1
    steps = (*STEPS, ("alter table run add column note text",), ("update run set note = 'second'",))
    operations.begin_run("sync", Clock())
    for _ in range(2):
        with operations.transaction() as database:
            assert migrate(database, steps) == newest + 2
    with operations.reading() as database:
        assert database.execute(text("select note from run")).scalar() == "second"
    with (
        pytest.raises(ConfigError, match=f"version {newest + 2}, this closedloop knows {newest}"),
        operations.transaction() as database,
    ):
        migrate(database)


def test_a_migration_that_fails_leaves_the_old_version(operations):
    broken = (*STEPS, ("alter table run add column note text", "this is no SQL"))
    with pytest.raises(Exception, match="syntax error"), operations.transaction() as database:
        migrate(database, broken)
    with operations.reading() as database:
        assert "note" not in {column["name"] for column in inspect(database).get_columns("run")}
        assert database.execute(text("select version from schema_version")).scalar() == len(STEPS) + 1


@pytest.mark.sqlite
def test_what_cannot_be_opened_is_a_clear_error(tmp_path):
    (tmp_path / "text.db").write_text("no database at all, but long enough to look at" * 50)
    with pytest.raises(ConfigError, match="not an operational database"):
        Operations.open(tmp_path / "text.db")
    with pytest.raises(UnreachableError, match="cannot be used"):
        Operations.open(tmp_path / "no" / "folder" / "x.db")
    with pytest.raises(ConfigError, match="address"):
        Operations.open("nonsense://user:hunter2@host/db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("create table run (id text)")
    other.close()
    with pytest.raises(ConfigError, match="no version"):
        Operations.open(tmp_path / "other.db")


def test_times_sort_as_text():
    clock = Clock()
    early, late = clock.now().replace(microsecond=0), clock.now()
    assert to_text(early) <= to_text(late)
    assert from_text(to_text(late)) == late
    assert len(to_text(early)) == len(to_text(late)) == 27
