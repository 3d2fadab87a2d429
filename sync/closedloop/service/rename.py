"""Gives a connection another name in everything that is kept: decisions, journal, quarantine, landed rows, bookmarks.

Four durable steps, each whole or not at all, each harmless when done twice: whoever is killed in between runs the verb
again. A note in `home` says what has begun and, afterwards, what is done: until the configuration uses the new name,
nobody may write, or the old name would be filled again from nothing. Tokens are kept by client and tenant, and need none
of this; links and figures are made again by the next reconcile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import String, Table, func, select, update

from closedloop.errors import ConfigError
from closedloop.history import facts, kept
from closedloop.kit.failpoint import failpoint
from closedloop.kit.tokens import write_durably
from closedloop.store import tables
from closedloop.store.names import quote, raw_schema, relation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Column, Connection, Update

    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
#: Folders in `home` that hold one folder for each connection.
_FOLDERS = ("spool", "outcomes")
#: What a reconcile makes anew, and the landed tables, which have a schema of their own.
_MADE_ANEW = ("canonical", "link", "linkage", "marts", "checks", "param", "staging")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """What a rename changed.

    Args:
        values: Values in the operational database.
        streams: Landed tables.
    """

    values: int
    streams: int


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    old: str
    new: str
    is_done: bool


def rename(settings: Settings, operations: Operations, store: Store, old: str, new: str) -> Renamed:
    """Carry everything of the connection ``old`` to the name ``new``.

    Args:
        settings: The admin's configuration, which may use either name.
        operations: The operational database.
        store: The analytical store, opened by the only writer.
        old: The name until now.
        new: The name from now on.

    Raises:
        ConfigError: A name is no name, nothing is kept of the old one, the new one is in use, or another rename was
            begun and not finished.
    """
    if not _goes_on(settings.home, old, new):
        _refuse(settings, operations, store, old, new)
        _write(settings.home, _Note(old=old, new=new, is_done=False))
    failpoint("rename.begun")
    with operations.transaction() as connection:
        values = sum(connection.execute(one).rowcount for one in _updates(old, new))
        facts.rekey(connection, old, new)
        kept.rekey(connection, old, new)
        _forgotten(connection, old, new)
    failpoint("rename.operations")
    with store.transaction():
        streams = _landed(store, old, new)
    failpoint("rename.store")
    for folder in _FOLDERS:
        if (found := settings.home / folder / old).is_dir():
            found.rename(settings.home / folder / new)
        failpoint("rename.folder")
    _write(settings.home, _Note(old=old, new=new, is_done=True))
    failpoint("rename.done")
    return Renamed(values=values, streams=streams)


def check_finished(settings: Settings) -> None:
    """Do nothing unless a rename is unfinished, here or in the configuration.

    Raises:
        ConfigError: It is.
    """
    note = _read(settings.home)
    if note is None:
        return
    if not note.is_done:
        msg = f"the rename of {note.old} to {note.new} was begun and not finished"
        raise ConfigError(
            msg, where="connections", fix=f"run `closedloop connection rename {note.old} {note.new}` again"
        )
    if note.old in settings.connections and note.new not in settings.connections:
        msg = f"everything of {note.old} was given the name {note.new}"
        raise ConfigError(
            msg,
            where=f"connections: {note.old}",
            fix=f"call it {note.new} in the configuration, under connections and writeback",
        )


def _refuse(settings: Settings, operations: Operations, store: Store, old: str, new: str) -> None:
    for name in (old, new):
        if not _NAME.fullmatch(name):
            msg = f"{name!r} is no name of a connection"
            raise ConfigError(
                msg,
                where="rename",
                fix="use small letters, digits and _, beginning with a letter, at most 31",
            )
    if old == new:
        raise ConfigError("both names are the same", where="rename", fix="give the new name as the second")
    if new in settings.connections and old in settings.connections:
        raise _taken(new, "the configuration has a connection of each name")
    if found := _kept(settings, operations, store, new):
        raise _taken(new, f"there is already something of it: {found}")
    if not _kept(settings, operations, store, old):
        msg = f"nothing is kept of a connection {old}"
        raise ConfigError(msg, where="rename", fix="`closedloop status` lists the connections")


def _taken(new: str, why: str) -> ConfigError:
    msg = f"the name {new} is taken: {why}"
    return ConfigError(msg, where="rename", fix="choose another name")


def _kept(settings: Settings, operations: Operations, store: Store, name: str) -> str | None:
    """Return in words what is kept of a connection; none: nothing."""
    if streams := store.streams(name):
        return f"{len(streams)} landed streams"
    with operations.reading() as connection:
        for table, column, is_key in _columns():
            if _some(connection, table, column, name, is_key=is_key):
                return f"rows in {table.name}"
    return next((folder for folder in _FOLDERS if (settings.home / folder / name).is_dir()), None)


def _some(connection: Connection, table: Table, column: Column[str], name: str, *, is_key: bool) -> bool:
    found = func.substr(column, 1, len(name) + 1) == f"{name}:" if is_key else column == name
    return connection.execute(select(1).select_from(table).where(found).limit(1)).first() is not None


def _columns() -> Iterator[tuple[Table, Column[str], bool]]:
    """Yield every column that names a connection, and whether it does so at the beginning of a key."""
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            is_key = column.name in {"key", "record"} or (
                column.name.endswith("_key") and column.name != "record_key"
            )
            if isinstance(column.type, String) and (is_key or column.name == "connection"):
                yield table, column, is_key


def _updates(old: str, new: str) -> Iterator[Update]:
    for table, column, is_key in _columns():
        if is_key:
            yield (
                update(table)
                .where(func.substr(column, 1, len(old) + 1) == f"{old}:")
                .values({column: new + func.substr(column, len(old) + 1)})
            )
        else:
            yield update(table).where(column == old).values({column: new})


def _forgotten(connection: Connection, old: str, new: str) -> None:
    """Let those who were forgotten be known under the new name: as ``old`` alone, and ``old/stream``."""
    found = tables.forgotten_mark.c.scope
    for where in (found == old, func.substr(found, 1, len(old) + 1) == f"{old}/"):
        connection.execute(
            update(tables.forgotten_mark).where(where).values(scope=new + func.substr(found, len(old) + 1))
        )


def _landed(store: Store, old: str, new: str) -> int:
    """Move the landed tables, and rename in what else the store keeps; the caller owns the transaction."""
    streams = store.streams(old)
    if streams:
        store.query(f"create schema {quote(raw_schema(new))}")
    for stream in streams:
        store.query(
            f"create table {relation(raw_schema(new), stream)} as select * from {relation(raw_schema(old), stream)}"
        )
    store.query(f"drop schema if exists {quote(raw_schema(old))} cascade")
    for schema, table, column in store.query(
        "select field.schema_name, field.table_name, field.column_name from duckdb_columns() as field"
        " inner join duckdb_tables() as one on one.table_oid = field.table_oid and one.database_oid = field.database_oid"
        " where field.data_type = 'VARCHAR' and field.database_name = current_database()"
        " and not starts_with(field.schema_name, 'raw_') and field.schema_name not in"
        f" ({', '.join('?' for _ in _MADE_ANEW)})",
        list(_MADE_ANEW),
    ):
        where, name = relation(schema, table), quote(column)
        if column == "connection":
            store.query(f"update {where} set {name} = ? where {name} = ?", [new, old])
        elif column == "key" or column.endswith("_key"):
            store.query(
                f"update {where} set {name} = ? || substr({name}, ?) where starts_with({name}, ?)",
                [new, len(old) + 1, f"{old}:"],
            )
    return len(streams)


def _goes_on(home: Path, old: str, new: str) -> bool:
    """Return whether this very rename was begun before."""
    note = _read(home)
    if note is None or note.is_done:
        return False
    if (note.old, note.new) != (old, new):
        msg = f"the rename of {note.old} to {note.new} was begun and not finished"
        raise ConfigError(
            msg, where="rename", fix=f"finish it first: `closedloop connection rename {note.old} {note.new}`"
        )
    return True


def _read(home: Path) -> _Note | None:
    path = home / "rename.json"
    return msgspec.json.decode(path.read_bytes(), type=_Note) if path.is_file() else None


def _write(home: Path, note: _Note) -> None:
    write_durably(home / "rename.json", msgspec.json.encode(note))
