"""Keeps what the published figures rested on, packed, in the operational database: the newest state only.

So the next change can be taken apart even if the analytical store was lost meanwhile. Its size follows the number of
records, not the number of runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from sqlalchemy import delete, select

from closedloop.history.inputs import NOW, THEN
from closedloop.store import tables
from closedloop.store.names import literal, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from closedloop.history.inputs import Ground
    from closedloop.store.analytical import Store

_PART = 4_000_000


def pack(store: Store, names: Iterable[str], folder: Path) -> dict[str, bytes]:
    """Return the tables of now, packed."""
    found = {}
    for name in names:
        file = folder / f"{name}.now"
        store.query(
            f"copy (select * from {NOW}.{name} order by all) to {literal(str(file))} (format parquet, compression zstd)"
        )
        found[name] = file.read_bytes()
        file.unlink()
    return found


def write(connection: Connection, digests: Mapping[str, str], packed: Mapping[str, bytes]) -> None:
    """Keep these tables instead of the ones of before; the caller owns the transaction."""
    table = tables.snapshot_input
    connection.execute(
        delete(table).where(table.c.name.not_in([name for name in digests if name not in packed]))
    )
    for name, content in packed.items():
        _insert(connection, name, digests[name], content)


def digests(connection: Connection) -> dict[str, str]:
    """Return the digest of each table that is kept."""
    table = tables.snapshot_input
    rows = connection.execute(select(table.c.name, table.c.digest).where(table.c.part == 0))
    return {row.name: row.digest for row in rows}


def unpack(connection: Connection, store: Store, on: Ground, folder: Path) -> None:
    """Put what was kept into a schema of its own, in the shape that the models of now read.

    Args:
        connection: The operational database.
        store: The analytical store, with the tables of now beside.
        on: What is needed.
        folder: Where to put files meanwhile.
    """
    store.query(f"create schema {THEN}")
    for name in on.inputs:
        file = folder / f"{name}.then"
        file.write_bytes(_content(connection, name))
        given = f"(select * from {NOW}.{name} limit 0)"
        if file.stat().st_size:
            given = f"read_parquet({literal(str(file))})"
        has = {row[0] for row in store.query(f"describe select * from {given}")}
        columns = ", ".join(
            f"cast({quote(column) if column in has else 'null'} as {kind}) as {quote(column)}"
            for column, kind in store.columns(NOW, name).items()
        )
        store.query(f"create table {THEN}.{name} as select {columns} from {given}")
        file.unlink()


def rekey(connection: Connection, old: str, new: str) -> None:
    """Give the keys in what is kept the new name of their connection; the caller owns the transaction."""
    table = tables.snapshot_input
    with tempfile.TemporaryDirectory(prefix="closedloop-") as folder, duckdb.connect() as own:
        for name, digest in digests(connection).items():
            file = Path(folder) / name
            file.write_bytes(_content(connection, name))
            moved = ", ".join(
                f"{_moved(column, old, new)} as {quote(column)}" if kind == "VARCHAR" else quote(column)
                for column, kind, *_ in own.execute(
                    f"describe select * from read_parquet({literal(str(file))})"
                ).fetchall()
            )
            own.execute(
                f"copy (select {moved} from read_parquet({literal(str(file))})) to {literal(f'{file}.new')}"
                " (format parquet, compression zstd)"
            )
            connection.execute(delete(table).where(table.c.name == name))
            _insert(connection, name, f"renamed {digest}", Path(f"{file}.new").read_bytes())


def _moved(column: str, old: str, new: str) -> str:
    """Return the SQL of a text with the connection's new name: a key, what is made of one, or the name alone."""
    quoted = quote(column)
    if column == "source":
        return f"if({quoted} = {literal(old)}, {literal(new)}, {quoted})"
    return f"regexp_replace({quoted}, {literal(f'^(touch:)?{old}:')}, {literal(f'{chr(92)}1{new}:')})"


def _content(connection: Connection, name: str) -> bytes:
    table = tables.snapshot_input
    statement = select(table.c.content).where(table.c.name == name).order_by(table.c.part)
    return b"".join(connection.execute(statement).scalars())


def _insert(connection: Connection, name: str, digest: str, content: bytes) -> None:
    for part, start in enumerate(range(0, len(content), _PART)):
        row = {"name": name, "part": part, "digest": digest, "content": content[start : start + _PART]}
        connection.execute(tables.snapshot_input.insert().values(row))
