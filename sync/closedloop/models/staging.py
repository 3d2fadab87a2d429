"""Puts the connectors' staging SQL in place: one view per connection and entity, one union per entity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from closedloop import connectors
from closedloop.errors import ConfigError
from closedloop.models import parameters
from closedloop.models.entities import ENTITIES
from closedloop.models.graph import read, tables
from closedloop.store.names import quote, raw_schema, relation

if TYPE_CHECKING:
    from pathlib import Path

    from closedloop.settings import Connection, Settings
    from closedloop.store.analytical import Store

_REQUIRES = re.compile(r"^--\s*requires:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingFile:
    """One staging file of one connection.

    Args:
        connection: The connection's name.
        name: The file's name without its ending; what stands before two underscores is the entity.
        where: How an error names the file.
        sql: Its text.
    """

    connection: str
    name: str
    where: str
    sql: str

    @property
    def entity(self) -> str:
        """The canonical entity that the file gives."""
        return self.name.split("__", 1)[0]

    @property
    def requires(self) -> set[str]:
        """The streams that must have landed for the file to be used."""
        return {stream.strip() for found in _REQUIRES.findall(self.sql) for stream in found.split(",")}

    @property
    def view(self) -> str:
        """The view that the file becomes."""
        return relation(schema(self.connection), self.name)


def schema(connection: str) -> str:
    """Return the schema of a connection's staging views."""
    return f"stg_{connection}"


def files(settings: Settings) -> list[StagingFile]:
    """Return every connection's staging files.

    Raises:
        ConfigError: A folder does not exist, or a file's name is no entity.
    """
    found = [file for name, connection in settings.connections.items() for file in _of(name, connection)]
    for file in found:
        if file.entity not in ENTITIES:
            msg = f"{file.entity} is no entity"
            raise ConfigError(msg, where=file.where, fix=f"name the file after one of: {', '.join(ENTITIES)}")
    return found


def create(store: Store, settings: Settings) -> None:
    """Make the staging views and the union of each entity; an entity that nobody brings is an empty table.

    Raises:
        ConfigError: A staging file cannot be used: it names the file and the column or stream.
    """
    placed: dict[str, list[StagingFile]] = {entity: [] for entity in ENTITIES}
    for name in settings.connections:
        store.query(f"drop schema if exists {quote(schema(name))} cascade")
        store.query(f"create schema {quote(schema(name))}")
    landed = {name: set(store.streams(name)) for name in settings.connections}
    rows = parameters.connections(settings)
    for file in files(settings):
        if _place(store, file, landed[file.connection], rows[file.connection]):
            placed[file.entity].append(file)
    for entity, sources in placed.items():
        store.query(f"create or replace view staging.{entity} as {_union(entity, sources)}")


def _of(name: str, connection: Connection) -> list[StagingFile]:
    if connection.connector == "singer":
        return _own(name, connection.staging) if connection.staging else []
    texts = connectors.staging_files(connection.connector)
    return [
        StagingFile(connection=name, name=stem, where=f"{connection.connector} staging/{stem}.sql", sql=sql)
        for stem, sql in sorted(texts.items())
    ]


def _own(name: str, folder: Path) -> list[StagingFile]:
    if not folder.is_dir():
        raise ConfigError(
            "there is no such folder", where=f"connections.{name}.staging: {folder}", fix="mend the path"
        )
    return [
        StagingFile(connection=name, name=file.stem, where=str(file), sql=file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("*.sql"))
    ]


def _place(store: Store, file: StagingFile, landed: set[str], row: dict[str, str | int]) -> bool:
    """Make the file's view; false when the connection has not landed what it requires."""
    if not landed or not file.requires <= landed:
        return False
    tree = read(file.sql, file.where).copy()
    for table in list(tables(tree)):
        _point(table, file, landed, row)
    try:
        store.query(f"create view {file.view} as {tree.sql(dialect='duckdb')}")
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        msg = f"this SQL does not fit what has landed: {str(error).splitlines()[0]}"
        raise ConfigError(msg, where=file.where, fix="mend the file, or sync the connection again") from error
    columns = {
        column[0] for column in store.connection.execute(f"from {file.view} limit 0").description or []
    }
    missing = [column for column in ENTITIES[file.entity] if column not in columns]
    if missing:
        msg = f"the column {missing[0]} is missing"
        raise ConfigError(
            msg, where=file.where, fix=f"a staging file of {file.entity} gives every column of it"
        )
    return True


def _point(table: exp.Table, file: StagingFile, landed: set[str], row: dict[str, str | int]) -> None:
    name = table.name
    if table.db == "raw" and name in landed:
        table.set("db", exp.to_identifier(raw_schema(file.connection), quoted=True))
    elif table.db == "param" and name == "connection":
        # As it is, not the table: that one belongs to the figures that stand, and the view to what has landed.
        only = exp.select(*(exp.alias_(exp.convert(value), column) for column, value in row.items()))
        table.replace(only.subquery(table.alias or name))
    else:
        full = f"{table.db}.{name}" if table.db else name
        msg = f"reads {full}, which {file.connection} has not landed"
        raise ConfigError(msg, where=file.where, fix="mend the name, or name the stream in `-- requires:`")


def _union(entity: str, sources: list[StagingFile]) -> str:
    columns = ENTITIES[entity]
    if not sources:
        nothing = ", ".join(f"cast(null as {kind}) as {quote(name)}" for name, kind in columns.items())
        return f"select {nothing} where false"
    wanted = ", ".join(f"cast({quote(name)} as {kind}) as {quote(name)}" for name, kind in columns.items())
    return " union all ".join(f"select {wanted} from {file.view}" for file in sources)
