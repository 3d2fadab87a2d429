"""What the figures rested on is kept packed, follows a renamed connection, and names nobody."""

import json

import duckdb
import pytest

from closedloop.history import inputs, kept
from closedloop.models import graph
from closedloop.store import tables
from closedloop.store.operations import Operations

KEYS = [("crm:touch/1", "touch:crm:touch/1", "crm", 3), ("crm2:touch/1", "abc", "crm2", None)]


@pytest.fixture
def operations(tmp_path):
    held = Operations.open(tmp_path / "operations.db")
    yield held
    held.close()


def packed(folder, rows):
    with duckdb.connect() as own:
        own.execute(
            "create table one (key varchar, identity_key varchar, source varchar, place bigint, day date)"
        )
        own.executemany("insert into one values (?, ?, ?, ?, '2026-03-01')", rows)
        own.execute(f"copy one to '{folder / 'one'}' (format parquet)")
    return (folder / "one").read_bytes()


def unpacked(operations, folder):
    with operations.reading() as connection:
        parts = connection.execute(
            tables.snapshot_input.select().order_by(tables.snapshot_input.c.part)
        ).all()
    (folder / "again").write_bytes(b"".join(part.content for part in parts))
    with duckdb.connect() as own:
        return own.execute(f"select * exclude (day) from read_parquet('{folder / 'again'}')").fetchall(), len(
            parts
        )


def test_keys_follow_the_new_name_of_their_connection(operations, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_PART", 100)
    with operations.transaction() as connection:
        kept.write(connection, {"touch": "2/1"}, {"touch": packed(tmp_path, KEYS)})
        kept.rekey(connection, "crm", "sales")
    rows, parts = unpacked(operations, tmp_path)
    assert rows == [("sales:touch/1", "touch:sales:touch/1", "sales", 3), KEYS[1]]
    assert parts > 3, "it is kept in parts"


def test_what_is_no_longer_read_is_not_kept(operations, tmp_path):
    content = packed(tmp_path, KEYS)
    with operations.transaction() as connection:
        kept.write(connection, {"touch": "a", "stage": "b"}, {"touch": content, "stage": content})
        kept.write(connection, {"touch": "a"}, {})
        assert kept.digests(connection) == {"touch": "a"}


def test_every_input_moves_with_one_step_and_no_model_reads_past_them():
    ground = inputs.ground(graph.load())
    steps = {name: inputs.group(name, schema) for name, schema in ground.inputs.items()}
    assert set(steps.values()) <= set(inputs.STEPS)
    assert {name for name, step in steps.items() if step == "other"} == {"activity"}, json.dumps(steps)
    read = {
        (table.db.lower(), table.name.lower())
        for model in ground.made
        for table in graph.tables(graph.read(model.sql, model.where))
        if table.db
    }
    assert {schema for schema, _ in read} <= {"staging", "param"}
    assert {name for schema, name in read if schema == "staging"} <= ground.inputs.keys()
    # These change by themselves, and are no definition: a figure that rested on them would have to name them.
    assert not read & {("param", "source"), ("param", "decision")}
