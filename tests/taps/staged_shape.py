"""What holds for every staging file of a tap: its columns, its inputs, its portability."""

import re

import sqlglot
from sqlglot import exp

from closedloop.models.entities import ENTITIES


def plain(kind):
    """A type without its precision, under one name."""
    return re.sub(r"\(.*", "", kind).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")


def check_columns(landing, name):
    with landing.landed() as held:
        described = held.execute(f"DESCRIBE {landing.statement(name)}").fetchall()
    found = [(column, plain(kind)) for column, kind, *_ in described]
    assert found == [(column, plain(kind)) for column, kind in ENTITIES[name.partition("__")[0]].items()]


def check_inputs(landing, name):
    tables = sqlglot.parse_one(landing.sql(name), read="duckdb").find_all(exp.Table)
    read = {table.name for table in tables if table.db == "raw"}
    assert read
    assert read == set(landing.required(name))


def check_portable(landing, name):
    assert len(sqlglot.parse(landing.sql(name), read="duckdb")) == 1
    again = sqlglot.transpile(landing.statement(name), read="duckdb", write="postgres")[0]
    assert isinstance(sqlglot.parse_one(again, read="postgres"), exp.Query)


def check_opening(landing, name):
    opening = landing.sql(name).partition("SELECT")[0]
    assert opening.startswith(f"-- {name.partition('__')[0]}: ")
    assert "-- grain: " in opening
    assert "inputs: " in opening


def check_bare_records(landing, name, keys):
    """Records with nothing but a key harm nobody, and none comes out twice."""
    rows = {stream: [{key: str(n)} for n in (1, 2, 3)] for stream, key in keys.items()}
    with landing.landed(**rows) as held:
        found = [row[0] for row in held.execute(f"SELECT key FROM ({landing.statement(name)})").fetchall()]
    assert all(key is not None for key in found)
    assert len(found) == len(set(found))


CHECKS = (check_columns, check_inputs, check_portable, check_opening)
