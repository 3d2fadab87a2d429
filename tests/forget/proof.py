"""What must hold when a person was forgotten, looked at from outside: the bytes of every file, and every figure."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import duckdb
from sqlalchemy import create_engine, select, text

from closedloop.history.facts import unpacked
from closedloop.store import tables

if TYPE_CHECKING:
    from pathlib import Path


def figures(home: Path) -> dict[str, Counter[tuple[str, ...]]]:
    """Return every table of figures without its texts: what is counted, summed and dated."""
    store = duckdb.connect(str(home / "store.duckdb"), read_only=True)
    found = {}
    for schema, table in store.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'checks')"
        " union all select schema_name, view_name from duckdb_views() where schema_name in ('marts', 'checks')"
    ).fetchall():
        columns = store.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? and data_type <> 'VARCHAR'",
            [schema, table],
        ).fetchall()
        chosen = ", ".join(f'cast("{name}" as varchar)' for (name,) in columns) or "1"
        found[table] = Counter(store.execute(f'select {chosen} from {schema}."{table}"').fetchall())
    store.close()
    return found


def traces(home: Path, *words: str, database: str | None = None) -> list[str]:
    """Return where one of the words stands, in any letters, also as JSON escapes them.

    Args:
        home: Its files are read byte by byte, archives unpacked.
        words: What to look for.
        database: Address of the operational database, where it is none of the files.
    """
    marked = sorted({form for word in words for form in _forms(word)})
    places = {str(path.relative_to(home)): path for path in sorted(home.rglob("*")) if path.is_file()}
    held = {name: b"\n".join(_parts(path)).lower() for name, path in places.items()}
    held |= {"(facts)": "\n".join(_facts(home, database)).lower().encode()}
    held |= {f"({name})": rows for name, rows in (_rows(database) if database else {}).items()}
    return [
        f"{name}: {word.decode()}" for name, content in held.items() for word in marked if word in content
    ]


def _forms(word: str) -> set[bytes]:
    low = word.lower()
    return {low.encode(), json.dumps(low)[1:-1].encode()}


def _parts(path: Path) -> list[bytes]:
    found = [path.read_bytes()]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            found += [archive.read(name) for name in archive.namelist()]
            lines = archive.read("tables/snapshot_now.jsonl").splitlines()
        found += [unpacked(json.loads(line)["facts"]).encode() for line in lines]
    return found


def _facts(home: Path, database: str | None) -> list[str]:
    engine = _engine(database or f"sqlite:///{home / 'operations.db'}")
    with engine.connect() as connection:
        found = [unpacked(row) for (row,) in connection.execute(select(tables.snapshot_now.c.facts)) if row]
    engine.dispose()
    return found


def _rows(database: str) -> dict[str, bytes]:
    """Return what the server holds: every row, and what it remembers of columns to plan queries with."""
    engine, found = _engine(database), {}
    with engine.connect() as connection:
        names = connection.execute(
            text("select tablename from pg_tables where schemaname = 'public' union all select 'pg_stats'")
        ).scalars()
        for name in list(names):
            rows = connection.execute(text(f'select cast(one as text) from "{name}" as one')).scalars()
            found[name] = "\n".join(rows).lower().encode()
    engine.dispose()
    return found


def _engine(address: str):
    return create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
