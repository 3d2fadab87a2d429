"""Every staging file: its columns, its inputs, its portability."""

import re

import sqlglot
from sqlglot import exp
from tests.taps.odoo.staging.landed import RAW, landed, required, sql_of

from closedloop.models.entities import ENTITIES


def plain(kind):
    """A type without its precision, under one name."""
    return re.sub(r"\(.*", "", kind).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")


def keys(entity, *ids):
    with landed(**{stream: [{"id": n} for n in ids] for stream in RAW}) as held:
        return [row[0] for row in held.execute(f"SELECT key FROM ({sql_of(entity)})").fetchall()]


def test_gives_exactly_the_columns_of_its_entity(entity):
    with landed() as held:
        described = held.execute(f"DESCRIBE {sql_of(entity)}").fetchall()
    assert [(name, plain(kind)) for name, kind, *_ in described] == [
        (name, plain(kind)) for name, kind in ENTITIES[entity].items()
    ]


def test_is_one_select_that_other_engines_can_read(entity):
    assert len(sqlglot.parse(sql_of(entity), read="duckdb")) == 1
    assert isinstance(sqlglot.parse_one(sql_of(entity), read="duckdb"), exp.Query)
    again = sqlglot.transpile(sql_of(entity), read="duckdb", write="postgres")[0]
    assert isinstance(sqlglot.parse_one(again, read="postgres"), exp.Query)


def test_names_the_streams_that_it_reads(entity):
    found = sqlglot.parse_one(sql_of(entity), read="duckdb").find_all(exp.Table)
    read = {table.name for table in found if table.db == "raw"}
    assert read
    assert read <= set(required(entity)) <= set(RAW)


def test_a_record_with_nothing_but_an_id_harms_nobody(entity):
    assert all(key.startswith("crm:") for key in keys(entity, 7))


def test_no_record_comes_out_twice(entity):
    found = keys(entity, 1, 2, 3)
    assert len(found) == len(set(found))
