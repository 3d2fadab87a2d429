"""The tables in which a linker keeps what it found, and the temporary ones that it works in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "linkage"

#: Lists that are made once for a connection and that every run uses.
_LASTING = (
    "cl_prepared", "cl_free_mail", "cl_role_mailbox", "cl_nickname", "cl_form_stem", "cl_country", "cl_domain",
)  # fmt: skip


def exists(connection: DuckDBPyConnection, name: str) -> bool:
    """Say whether there is a table or view ``schema.table``."""
    return bool(_kind(connection, name))


def drop(connection: DuckDBPyConnection, name: str) -> None:
    """Drop the table or view ``schema.table`` if it is there."""
    for (kind,) in _kind(connection, name):
        connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {name}")


def drop_temporary(connection: DuckDBPyConnection) -> None:
    """Drop what one run worked in."""
    found = connection.execute(
        "select table_type, table_name from information_schema.tables where table_catalog = 'temp' and table_name like 'cl!_%' escape '!'"
    ).fetchall()
    for kind, name in found:
        if name not in _LASTING:
            connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} if exists temp.{name}")


def number(connection: DuckDBPyConnection, query: str) -> int:
    """Return the one number that a query gives."""
    return int(connection.execute(query).fetchall()[0][0])


def _kind(connection: DuckDBPyConnection, name: str) -> list[tuple[str]]:
    schema, table = name.split(".")
    return connection.execute(
        "select table_type from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, table],
    ).fetchall()
