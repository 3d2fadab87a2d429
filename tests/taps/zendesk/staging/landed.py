"""Landed rows for staging files to read: the raw tables, as tap_zendesk lands them."""

import json
import re
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import duckdb

from closedloop.extract.schema import read_schema
from closedloop.models.graph import read

FOLDER = files("tap_zendesk")
OWN = {"_loaded_at": "TIMESTAMPTZ", "_deleted_at": "TIMESTAMPTZ", "_segment": "BIGINT"}


def columns(stream):
    """Column → DuckDB type of a stream as the core lands it."""
    schema = json.loads((FOLDER / "schemas" / f"{stream}.json").read_text(encoding="utf-8"))
    found = read_schema({"stream": stream, "schema": schema, "key_properties": schema["required"]}).columns
    return {f'"{column.name}"': column.type for column in found} | OWN


STREAMS = sorted(file.name.removesuffix(".json") for file in (FOLDER / "schemas").iterdir())
FILES = sorted(file.name.removesuffix(".sql") for file in (FOLDER / "staging").iterdir())


def sql_of(name):
    """A staging file, as the package ships it."""
    return (FOLDER / "staging" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement_of(name):
    """A staging file as the core runs it: our own functions filled in."""
    return read(sql_of(name), name).sql(dialect="duckdb")


def entity_of(name):
    """The entity that a staging file gives."""
    return name.partition("__")[0]


def required(name):
    """The streams that a staging file says it needs."""
    found = re.search(r"^-- requires: (.+)$", sql_of(name), re.MULTILINE)
    return [stream.strip() for stream in found[1].split(",")] if found else []


@cache
def empty():
    """One in-memory store with every raw table, empty: tests fill it in a transaction that is rolled back."""
    held = duckdb.connect()
    held.execute("SET TimeZone = 'UTC'")
    held.execute("CREATE SCHEMA raw; CREATE SCHEMA param")
    held.execute("CREATE TABLE param.connection (connection VARCHAR, url VARCHAR, home_currency VARCHAR)")
    held.execute("INSERT INTO param.connection VALUES ('support', 'https://acme.zendesk.com', 'USD')")
    for stream in STREAMS:
        held.execute(
            f"CREATE TABLE raw.{stream} ({', '.join(f'{n} {t}' for n, t in columns(stream).items())})"
        )
    return held


@contextmanager
def landed(**streams):
    """Yield a store whose raw tables hold the rows given, every column not given being null."""
    held = empty()
    held.execute("BEGIN")
    try:
        for stream, rows in streams.items():
            for row in rows:
                names, marks = ", ".join(f'"{column}"' for column in row), ", ".join("?" * len(row))
                held.execute(
                    f"INSERT INTO raw.{stream} ({names}) VALUES ({marks})",
                    [json.dumps(v) if isinstance(v, list | dict) else v for v in row.values()],
                )
        yield held
    finally:
        held.execute("ROLLBACK")


def as_text(name, kind):
    """An expression whose values need no zone library to read: times as text."""
    return f'CAST("{name}" AS VARCHAR)' if kind == "TIMESTAMP WITH TIME ZONE" else f'"{name}"'
