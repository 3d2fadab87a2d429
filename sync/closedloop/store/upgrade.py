"""Numbered steps that bring the tables of an older analytical store to the present shape.

Only what the store keeps of its own has steps: landed tables grow with their streams, and models are made anew when their
SQL is another. A file of the time before versions were recorded counts as the first, so the first steps may find their
work done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

#: What the first version made.
FIRST = (
    "create schema if not exists meta",
    "create table if not exists meta.store (id varchar not null)",
    "create table if not exists meta.state (connection varchar not null, value json not null)",
    (
        "create table if not exists meta.load_log (connection varchar not null, segment bigint not null,"
        " loaded_at timestamptz)"
    ),
    (
        "create table if not exists meta.stream (connection varchar not null, stream varchar not null,"
        " key_properties json, cursor_column varchar, version bigint)"
    ),
)
#: ``STEPS[n]`` leads from version ``n + 1`` to ``n + 2``.
STEPS: Sequence[Sequence[str]] = (
    ("alter table meta.stream add column if not exists swept_at timestamptz",),
    ("create table if not exists meta.made (fingerprint varchar not null, basis varchar not null)",),
    (
        (
            "create table if not exists meta.shape (connection varchar not null, stream varchar not null,"
            " columns json not null)"
        ),
    ),
)


def upgrade(
    connection: duckdb.DuckDBPyConnection, path: Path, steps: Sequence[Sequence[str]] = STEPS
) -> None:
    """Bring an open store to the newest version, all or nothing.

    Args:
        connection: The open store, in no transaction.
        path: Its file, for the error.
        steps: The statements of each version step.

    Raises:
        ConfigError: A newer closedloop wrote this store.
    """
    newest = len(steps) + 1
    found = _version(connection)
    if found == newest:
        return
    if found is not None and found > newest:
        msg = f"the analytical store has version {found}, this closedloop knows {newest}"
        raise ConfigError(
            msg,
            where=str(path),
            fix="use the newer closedloop; or move the file away: it is a cache, and the next sync reads everything again",
        )
    connection.execute("begin transaction")
    try:
        for statement in FIRST if found is None else ():
            connection.execute(statement)
        for step in steps[(found or 1) - 1 :]:
            for statement in step:
                connection.execute(statement)
            failpoint("upgrade.step")
        connection.execute("create table if not exists meta.version (number integer not null)")
        connection.execute("delete from meta.version")
        connection.execute("insert into meta.version values ($1)", [newest])
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the version that a store says it has; none: it is new, or of the time before."""
    there = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() and schema_name = 'meta'"
        " and table_name = 'version'"
    ).fetchone()
    if there is None:
        return None
    row = connection.execute("select number from meta.version").fetchone()
    return int(row[0]) if row else None
