"""Stores of every earlier version, opened by the present code: nothing is lost, and they become what new ones are."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, Table, inspect, select, text

from closedloop.errors import ConfigError
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.migrations import STEPS, newest, take
from closedloop.store.operations import Operations
from closedloop.store.upgrade import STEPS as STORE_STEPS
from closedloop.store.upgrade import upgrade

OLD = Path(__file__).parent / "old"
VERSIONS = range(1, newest())


def unpacked(name, path):
    path.write_bytes(gzip.decompress((OLD / f"{name}.gz").read_bytes()))


def old(path, version):
    """Make a database of an earlier version with a row in every table it has; return what the rows hold."""
    held = Operations.open(path)
    if held.engine.dialect.name == "sqlite":
        held.close()
        unpacked("operations.db", path)
    with held.engine.connect().execution_options(closedloop_writes=True) as connection, connection.begin():
        if held.engine.dialect.name != "sqlite":
            tables.metadata.drop_all(connection)
            for statement in (OLD / "operations.postgresql.sql").read_text().split(";\n")[:-1]:
                connection.execute(text(statement))
        take(connection, STEPS[: version - 1])
        connection.execute(text("update schema_version set version = :n"), {"n": version})
        fill(connection)
        rows = content(connection)
    held.close()
    return rows


def reflected(connection):
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "schema_version"]


def fill(connection):
    """Put a row into every table that is empty; what refers to another table refers to its row."""
    for table in reflected(connection):
        if connection.execute(select(table)).first() is None:
            row = {column.name: value(connection, column) for column in table.columns}
            connection.execute(table.insert().values(row))


def value(connection, column):
    for key in column.foreign_keys:
        return connection.execute(select(key.column)).scalars().first()
    if isinstance(column.type, Integer | BigInteger):
        return 7
    if isinstance(column.type, LargeBinary):
        return b"\x00\xff"
    return f"{column.table.name} {column.name}"[: getattr(column.type, "length", None)]


def content(connection):
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in reflected(connection)
    }


def shape(held):
    found = inspect(held.engine)
    return {
        table: {(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)}
        | {one["name"] for one in found.get_indexes(table)}
        for table in found.get_table_names()
    }


@pytest.fixture
def fresh(tmp_path):
    held = Operations.open(tmp_path / "fresh.db")
    yield shape(held)
    held.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_any_version_loses_nothing_and_becomes_what_a_new_one_is(tmp_path, fresh, version):
    before = old(tmp_path / "operations.db", version)
    assert all(before.values()), "every table of that version holds a row"
    again = Operations.open(tmp_path / "operations.db")
    with again.reading() as connection:
        after = content(connection)
        assert connection.execute(text("select version from schema_version")).scalar() == newest()
    assert {
        table: [{name: row[name] for name in kept} for kept, row in zip(rows, after[table], strict=True)]
        for table, rows in before.items()
    } == before
    assert shape(again) == fresh
    with again.transaction() as connection:  # the numbers that a database gives go on after the old ones
        journal = Table("journal", MetaData(), autoload_with=connection)
        row = {**before["journal"][0]}
        del row["id"]
        connection.execute(journal.insert().values(row))
    again.close()


def killed(point, hit, opener, path):
    """Open a store in a process that is killed at a failpoint; return how it ended."""
    module, name = opener.split(".")
    script = f"import sys; from closedloop.store.{module} import {name}; {name}.open(sys.argv[1])"
    return subprocess.run(
        [sys.executable, "-c", script, str(path)],
        env={**os.environ, "CLOSEDLOOP_FAILPOINT": f"{point}:{hit}:self"},
        check=False,
    ).returncode


def own(store):
    columns = "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'meta'"
    return set(store.query(f"{columns} and database_name = current_database()"))


@pytest.mark.sqlite
@pytest.mark.parametrize("interrupted", [0, 1, len(STORE_STEPS)])
def test_an_analytical_store_of_the_first_version_keeps_its_rows_and_becomes_what_a_new_one_is(
    tmp_path, interrupted
):
    unpacked("store.duckdb", tmp_path / "store.duckdb")
    if interrupted:
        assert killed("upgrade.step", interrupted, "analytical.Store", tmp_path / "store.duckdb") == -9
    found, new = Store.open(tmp_path / "store.duckdb"), Store.open(tmp_path / "new.duckdb")
    assert own(found) == own(new)
    assert found.query("select id, name from raw_crm.lead order by id") == [
        (n, f"Lead {n}") for n in range(3)
    ]
    assert found.query("select connection, stream, version, swept_at from meta.stream") == [
        ("crm", "lead", 7, None)
    ]
    assert found.query("select connection, segment from meta.load_log") == [("crm", 1)]
    identity = found.identity
    found.close()
    again = Store.open(tmp_path / "store.duckdb")
    assert again.identity == identity
    again.close()
    new.close()


@pytest.mark.sqlite
def test_an_analytical_store_of_a_newer_closedloop_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.duckdb"
    store = Store.open(path)
    upgrade(store.connection, path, (*STORE_STEPS, ("alter table meta.stream add column later integer",)))
    store.close()
    for _ in range(2):
        with pytest.raises(
            ConfigError, match=f"version {len(STORE_STEPS) + 2}, this closedloop knows"
        ) as refused:
            Store.open(path)
    assert "move the file away" in refused.value.fix


@pytest.mark.sqlite
def test_a_step_that_fails_leaves_the_analytical_store_as_it_was(tmp_path):
    store = Store.open(tmp_path / "store.duckdb")
    before = own(store)
    broken = (*STORE_STEPS, ("alter table meta.stream add column later integer", "this is no SQL"))
    with pytest.raises(Exception, match="syntax error"):
        upgrade(store.connection, store.path, broken)
    assert own(store) == before
    store.close()
