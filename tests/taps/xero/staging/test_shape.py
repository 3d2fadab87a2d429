"""Every staging file: its columns, its inputs, its portability."""

import re

import pytest
import sqlglot
from sqlglot import exp
from tests.taps.xero.staging.landed import FILES, STREAMS, entity_of, landed, required, sql_of, statement_of

from closedloop.models.entities import ENTITIES
from tap_xero.catalog import schema

pytestmark = pytest.mark.parametrize("name", FILES)


def plain(kind):
    """A type without its precision, under one name."""
    return re.sub(r"\(.*", "", kind).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")


def keys(name, *ids):
    rows = {stream: [{schema(stream)["required"][0]: str(n)} for n in ids] for stream in STREAMS}
    with landed(**rows) as held:
        return [row[0] for row in held.execute(f"SELECT key FROM ({statement_of(name)})").fetchall()]


def test_gives_exactly_the_columns_of_its_entity(name):
    with landed() as held:
        described = held.execute(f"DESCRIBE {statement_of(name)}").fetchall()
    assert [(column, plain(kind)) for column, kind, *_ in described] == [
        (column, plain(kind)) for column, kind in ENTITIES[entity_of(name)].items()
    ]


def test_is_one_select_that_other_engines_can_read(name):
    assert len(sqlglot.parse(sql_of(name), read="duckdb")) == 1
    assert isinstance(sqlglot.parse_one(sql_of(name), read="duckdb"), exp.Query)
    again = sqlglot.transpile(statement_of(name), read="duckdb", write="postgres")[0]
    assert isinstance(sqlglot.parse_one(again, read="postgres"), exp.Query)


def test_names_the_streams_that_it_reads(name):
    found = sqlglot.parse_one(sql_of(name), read="duckdb").find_all(exp.Table)
    read = {table.name for table in found if table.db == "raw"}
    assert read
    assert read <= set(required(name)) <= set(STREAMS)


def test_a_record_with_nothing_but_an_id_harms_nobody(name):
    assert all(key.startswith("books:") for key in keys(name, 7))


def test_no_record_comes_out_twice(name):
    found = keys(name, 1, 2, 3)
    assert len(found) == len(set(found))
