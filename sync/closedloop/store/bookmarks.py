"""What lands in the same transaction as the rows: the tap's state and the segments that have been applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from closedloop.store.analytical import Store


def read_state(store: Store, connection: str) -> dict[str, Any]:
    """Return the state to start the tap with; empty before the first landing."""
    rows = store.query("select value from meta.state where connection = ?", [connection])
    return dict(msgspec.json.decode(rows[0][0])) if rows else {}


def write_state(store: Store, connection: str, state: dict[str, Any]) -> None:
    """Replace the state; the caller owns the transaction."""
    store.query("delete from meta.state where connection = ?", [connection])
    store.query("insert into meta.state values (?, ?)", [connection, msgspec.json.encode(state).decode()])


def merge_state(held: dict[str, Any], received: Any) -> dict[str, Any]:
    """Return the state to keep: what was received, except that emptiness never replaces a good bookmark.

    Args:
        held: The state in the store.
        received: The value of a STATE message, whatever it is.
    """
    if not isinstance(received, dict) or is_empty(received):
        return held
    merged = dict(received)
    old, new = held.get("bookmarks"), received.get("bookmarks")
    if isinstance(old, dict) and (isinstance(new, dict) or is_empty(new)):
        merged["bookmarks"] = {
            **(new or {}),
            **{key: old[key] for key in old if is_empty((new or {}).get(key))},
        }
    return merged


def is_empty(bookmark: Any) -> bool:
    """Return whether a bookmark says nothing: null, empty, or a cursor without a value."""
    if isinstance(bookmark, dict):
        if "replication_key" in bookmark and set(bookmark) <= {"replication_key", "replication_key_value"}:
            return bookmark.get("replication_key_value") in (None, "")
        return all(is_empty(value) for value in bookmark.values())
    return bookmark is None or bookmark in ("", [])


def covers(state: Any, stream: str) -> bool:
    """Return whether a state says how far ``stream`` was read."""
    if not isinstance(state, dict):
        return False
    bookmarks = state.get("bookmarks")
    return not is_empty(bookmarks.get(stream) if isinstance(bookmarks, dict) else state)


def is_applied(store: Store, connection: str, segment: int) -> bool:
    """Return whether the segment's rows are in the store."""
    found = store.query(
        "select 1 from meta.load_log where connection = ? and segment = ?", [connection, segment]
    )
    return bool(found)


def last_segment(store: Store, connection: str) -> int:
    """Return the highest segment that was applied, 0 if none."""
    return int(
        store.query("select coalesce(max(segment), 0) from meta.load_log where connection = ?", [connection])[
            0
        ][0]
    )


def log_segment(store: Store, connection: str, segment: int, at: datetime) -> None:
    """Record that a segment is applied; the caller owns the transaction."""
    store.query("insert into meta.load_log values (?, ?, ?)", [connection, segment, at])


def write_stream(
    store: Store, connection: str, stream: str, keys: tuple[str, ...], cursor: str | None
) -> None:
    """Remember a stream's key and cursor columns; the caller owns the transaction."""
    where = "where connection = ? and stream = ?"
    text = msgspec.json.encode(keys).decode()
    row = store.query(f"select key_properties, cursor_column from meta.stream {where}", [connection, stream])
    if not row:
        store.query(
            "insert into meta.stream values (?, ?, ?, ?, null, null)", [connection, stream, text, cursor]
        )
    elif row[0] != (text, cursor):
        values = [text, cursor, connection, stream]
        store.query(f"update meta.stream set key_properties = ?, cursor_column = ? {where}", values)


def read_stream(store: Store, connection: str, stream: str) -> tuple[tuple[str, ...], str | None]:
    """Return a stream's key columns and its cursor column; both empty before it first landed."""
    rows = store.query(
        "select key_properties, cursor_column from meta.stream where connection = ? and stream = ?",
        [connection, stream],
    )
    return (tuple(msgspec.json.decode(rows[0][0])), rows[0][1]) if rows else ((), None)


def write_shape(store: Store, connection: str, stream: str, columns: Iterable[str]) -> None:
    """Remember which columns a stream says it has by now; the caller owns the transaction."""
    text = msgspec.json.encode(sorted(columns)).decode()
    where = "where connection = ? and stream = ?"
    row = store.query(f"select columns from meta.shape {where}", [connection, stream])
    if not row:
        store.query("insert into meta.shape values (?, ?, ?)", [connection, stream, text])
    elif row[0][0] != text:
        store.query(f"update meta.shape set columns = ? {where}", [text, connection, stream])


def read_shape(store: Store, connection: str, stream: str) -> frozenset[str] | None:
    """Return the columns that a stream said it has when it was read last; none if nobody wrote that down.

    Its table has others too: one that is gone stays, and is empty in the rows that landed since.
    """
    rows = store.query(
        "select columns from meta.shape where connection = ? and stream = ?", [connection, stream]
    )
    return frozenset(msgspec.json.decode(rows[0][0])) if rows else None


def swap_version(store: Store, connection: str, stream: str, version: int) -> bool:
    """Remember the Singer version of a table's rows and return whether it is another one; the caller owns the transaction."""
    rows = store.query(
        "update meta.stream set version = ? where connection = ? and stream = ? and version is distinct from ?"
        " returning 1",
        [version, connection, stream, version],
    )
    return bool(rows)
