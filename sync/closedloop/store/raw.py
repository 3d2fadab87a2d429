"""Landed tables: made from a stream's columns, widened when the stream changes, never narrowed, nothing dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from closedloop.store.names import OWN_COLUMNS, quote, raw_schema, relation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.store.analytical import Store

log = structlog.get_logger(__name__)

#: How DuckDB prints the types we declare.
_PRINTED = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
_WIDER = {frozenset(("BIGINT", "DOUBLE")): "DOUBLE", frozenset(("DATE", "TIMESTAMPTZ")): "TIMESTAMPTZ"}
_OWN = dict(zip(OWN_COLUMNS, ("TIMESTAMPTZ", "TIMESTAMPTZ", "BIGINT"), strict=True))


def ensure_table(store: Store, connection: str, stream: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Make the table of a stream fit its columns and return the types that it has.

    A column that is new is added. One whose type changed is widened (whole to decimal number, day to time, anything
    else to text); one that is gone stays, and is empty in rows that land from now on.

    Args:
        store: The open store, in a transaction, before any row of the table is touched in it.
        connection: The connection's name.
        stream: The stream's name, any text.
        columns: Declared DuckDB types by column name.
    """
    schema = raw_schema(connection)
    table = relation(schema, stream)
    held = {name: _PRINTED.get(kind, kind) for name, kind in store.columns(schema, stream).items()}
    if not held:
        store.query(f"create schema if not exists {quote(schema)}")
        spec = ", ".join(f"{quote(name)} {kind}" for name, kind in {**columns, **_OWN}.items())
        store.query(f"create table {table} ({spec})")
        return {**columns, **_OWN}
    by_folded = {name.lower(): name for name in held}
    for name, kind in columns.items():
        old = by_folded.get(name.lower())
        if old is None:
            store.query(f"alter table {table} add column {quote(name)} {kind}")
            log.info("extract.column_added", connection=connection, stream=stream, column=name, type=kind)
            held[name] = kind
        elif (wide := wider(held[old], kind)) != held[old]:
            store.query(f"alter table {table} alter column {quote(old)} type {wide}")
            log.warning("extract.column_widened", connection=connection, stream=stream, column=old, type=wide)
            held[old] = wide
    return held


def wider(held: str, declared: str) -> str:
    """Return the type that holds the values of both types."""
    if held == declared:
        return held
    return _WIDER.get(frozenset((held, declared)), "VARCHAR")
