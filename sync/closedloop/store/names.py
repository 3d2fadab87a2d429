"""The one place where names become SQL identifiers."""

from __future__ import annotations

#: Columns that we add to every landed table.
OWN_COLUMNS = ("_loaded_at", "_deleted_at", "_segment")


def quote(name: str) -> str:
    """Return ``name`` as a quoted identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return ``text`` as a quoted string, for the few places where a statement takes no parameter."""
    return "'" + text.replace("'", "''") + "'"


def raw_schema(connection: str) -> str:
    """Return the schema that holds the landed tables of ``connection``."""
    return f"raw_{connection}"


def relation(schema: str, table: str) -> str:
    """Return ``schema.table``, quoted."""
    return f"{quote(schema)}.{quote(table)}"
