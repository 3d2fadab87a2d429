"""Takes forgotten people out of what has landed already: rows are looked at one by one, and only those that change are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from closedloop.forget import columns
from closedloop.forget.rows import Cleaner, Stream
from closedloop.store.bookmarks import read_stream
from closedloop.store.names import OWN_COLUMNS, quote, raw_schema, relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from closedloop.forget.marks import Marks
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store

_BATCH = 5_000
_TEXTS = frozenset({"VARCHAR", "JSON"})


def clean(store: Store, settings: Settings, marks: Marks) -> dict[str, int]:
    """Take forgotten people out of every landed row; the caller owns the transaction.

    Returns:
        ``connection/stream`` → rows that changed.
    """
    done = {}
    for stream, changes in _found(store, settings, marks):
        if changes:
            _write(store, stream, changes)
            done[stream.scope] = len(changes)
    return done


def count(store: Store, settings: Settings, marks: Marks) -> dict[str, int]:
    """Return how many rows `clean` would change, by ``connection/stream``."""
    return {stream.scope: len(changes) for stream, changes in _found(store, settings, marks) if changes}


def _found(
    store: Store, settings: Settings, marks: Marks
) -> Iterator[tuple[Stream, list[tuple[int, dict[str, Any]]]]]:
    for connection in settings.connections:
        shapes = columns.shapes(settings, connection)
        cleaner = Cleaner(marks=marks, connection=connection, shapes=lambda known=shapes: known)  # type: ignore[misc]
        for name in store.streams(connection):
            kinds = store.columns(raw_schema(connection), name)
            types = {column: kind for column, kind in kinds.items() if column not in OWN_COLUMNS}
            keys, _ = read_stream(store, connection, name)
            stream = Stream(
                connection=connection, name=name, keys=keys, types=types, shape=cleaner.shape(name)
            )
            if any(kind in _TEXTS for kind in types.values()):
                yield stream, list(_changed(store, stream, cleaner))


def _changed(store: Store, stream: Stream, cleaner: Cleaner) -> Iterator[tuple[int, dict[str, Any]]]:
    names = list(stream.types)
    texts = ", ".join(f"cast({quote(name)} as varchar)" for name in names)
    found = store.connection.execute(
        f"select rowid, {texts} from {relation(raw_schema(stream.connection), stream.name)}"
    )
    while rows := found.fetchmany(_BATCH):
        for rowid, *values in rows:
            record = {
                name: _read(value, stream.types[name]) for name, value in zip(names, values, strict=True)
            }
            if changes := cleaner.changes(stream, record):
                yield int(rowid), changes


def _read(value: Any, kind: str) -> Any:
    if kind != "JSON" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _write(store: Store, stream: Stream, changes: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    table = relation(raw_schema(stream.connection), stream.name)
    for column in {name for _, values in changes for name in values}:
        rows = [(rowid, _text(values[column])) for rowid, values in changes if column in values]
        given = pa.table(
            {"at": [rowid for rowid, _ in rows], "text": pa.array([text for _, text in rows], pa.string())}
        )
        store.connection.register("cl_forgotten", given)
        store.query(
            f"update {table} as held set {quote(column)} = cast(given.text as {stream.types[column]})"
            " from cl_forgotten as given where held.rowid = given.at"
        )
        store.connection.unregister("cl_forgotten")


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
