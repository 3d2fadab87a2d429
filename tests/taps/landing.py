"""Landed rows for staging files to read: the raw tables of a tap, as the core lands them, in one store in memory."""

import json
import re
from contextlib import contextmanager
from importlib.resources import files

import duckdb

from closedloop.extract.schema import read_schema
from closedloop.models.graph import read

OWN = {"_loaded_at": "TIMESTAMPTZ", "_deleted_at": "TIMESTAMPTZ", "_segment": "BIGINT"}
#: The core's mark of a deleted row becomes a column of its own.
MARK = "_sdc_deleted_at"


def as_text(name, kind):
    """An expression whose values need no zone library to read: times as text."""
    return f'CAST("{name}" AS VARCHAR)' if kind == "TIMESTAMP WITH TIME ZONE" else f'"{name}"'


class Landing:
    """The staging files of a tap over its raw tables.

    Args:
        package: The tap's package.
        schemas: Stream to its JSON Schema.
        connection: Name of the connection.
    """

    def __init__(self, package, schemas, connection):
        self.folder, self.schemas = files(package) / "staging", schemas
        self.files = sorted(file.name.removesuffix(".sql") for file in self.folder.iterdir())
        self._statements = {}
        self.held = held = duckdb.connect()
        held.execute("SET TimeZone = 'UTC'; CREATE SCHEMA raw; CREATE SCHEMA param")
        held.execute("CREATE TABLE param.connection (connection VARCHAR, url VARCHAR, home_currency VARCHAR)")
        held.execute("INSERT INTO param.connection VALUES (?, 'https://api.test', 'USD')", [connection])
        for stream in schemas:
            columns = ", ".join(f"{name} {kind}" for name, kind in self.columns(stream).items())
            held.execute(f"CREATE TABLE raw.{stream} ({columns})")

    def columns(self, stream):
        """Column → DuckDB type of a stream as the core lands it."""
        schema = self.schemas[stream]
        message = {"stream": stream, "schema": schema, "key_properties": schema["required"]}
        found = read_schema(message).columns
        return {f'"{one.name}"': one.type for one in found if one.name != MARK} | OWN

    def sql(self, name):
        """A staging file, as the package ships it."""
        return (self.folder / f"{name}.sql").read_text(encoding="utf-8")

    def statement(self, name):
        """A staging file as the core runs it: our own functions filled in."""
        if name not in self._statements:
            self._statements[name] = read(self.sql(name), name).sql(dialect="duckdb")
        return self._statements[name]

    def required(self, name):
        """The streams that a staging file says it needs."""
        found = re.search(r"^-- requires: (.+)$", self.sql(name), re.MULTILINE)
        return [stream.strip() for stream in found[1].split(",")] if found else []

    @contextmanager
    def landed(self, **streams):
        """Let the raw tables hold the rows given, every column not given being null."""
        self.held.execute("BEGIN")
        try:
            for stream, rows in streams.items():
                for row in rows:
                    names = ", ".join(f'"{"_deleted_at" if name == MARK else name}"' for name in row)
                    values = [json.dumps(v) if isinstance(v, list | dict) else v for v in row.values()]
                    marks = ", ".join("?" * len(row))
                    self.held.execute(f"INSERT INTO raw.{stream} ({names}) VALUES ({marks})", values)
            yield self.held
        finally:
            self.held.execute("ROLLBACK")

    def stage(self, entity, **streams):
        """Run an entity's staging files on landed rows; rows come back as dicts, ordered by key."""
        rows = []
        with self.landed(**streams) as held:
            for name in (one for one in self.files if one.partition("__")[0] == entity):
                described = held.execute(f"DESCRIBE {self.statement(name)}").fetchall()
                chosen = ", ".join(as_text(column, kind) for column, kind, *_ in described)
                names = [column for column, *_ in described]
                found = held.execute(f"SELECT {chosen} FROM ({self.statement(name)})").fetchall()
                rows += [dict(zip(names, row, strict=True)) for row in found]
        return sorted(rows, key=lambda row: row["key"])
