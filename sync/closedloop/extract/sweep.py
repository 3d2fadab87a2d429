"""Finds what was deleted at the source: keys that we hold and that a full listing there no longer has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from closedloop.extract.landing import key_text
from closedloop.kit.failpoint import failpoint
from closedloop.store.bookmarks import read_stream
from closedloop.store.names import raw_schema, relation

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.extract.source import Source
    from closedloop.store.analytical import Store

_CHUNK = 20_000


class _Line(msgspec.Struct):
    """A key, or the last line, which counts."""

    stream: str = ""
    id: str | int | None = None
    sweep_count: int | None = None
    source_count: int | None = None


_decode = msgspec.json.Decoder(_Line).decode


@dataclass(slots=True, kw_only=True, frozen=True)
class Swept:
    """How a sweep went.

    Args:
        deleted: Rows marked as deleted.
        refusal: Why the listing was not believed; nothing was marked then.
    """

    deleted: int = 0
    refusal: str | None = None


def sweep(store: Store, source: Source, stream: str, at: datetime) -> Swept:
    """List the source's keys and mark the rows that it no longer has.

    Args:
        store: The open store.
        source: The connection's tap.
        stream: The stream's name; it has one key column.
        at: Becomes `_deleted_at`.
    """
    keys, _ = read_stream(store, source.connection, stream)
    if len(keys) != 1:
        return Swept(refusal="a stream without a single key cannot be swept")
    store.query("create or replace temp table swept (id varchar)")
    refusal = _list(store, source, stream)
    if refusal:
        return Swept(refusal=refusal)
    table, key = relation(raw_schema(source.connection), stream), key_text(keys)
    with store.transaction():
        gone = store.query(
            f"update {table} set _deleted_at = ? where _deleted_at is null"
            f" and {key} not in (select id from swept) returning 1",
            [at],
        )
        note_swept(store, source.connection, stream, at)
        failpoint("extract.swept")
    failpoint("extract.sweep_committed")
    return Swept(deleted=len(gone))


def note_swept(store: Store, connection: str, stream: str, at: datetime) -> None:
    """Remember that the stream's keys were compared at ``at``."""
    store.query(
        "update meta.stream set swept_at = ? where connection = ? and stream = ?", [at, connection, stream]
    )


def is_due(store: Store, connection: str, stream: str, at: datetime) -> bool:
    """Return whether a day has passed since the stream's keys were compared."""
    rows = store.query(
        "select 1 from meta.stream where connection = ? and stream = ? and swept_at + interval 1 day > ?",
        [connection, stream, at],
    )
    return not rows


def _list(store: Store, source: Source, stream: str) -> str | None:
    """Fill the temporary table; return why the listing is not to be believed."""
    ids: list[str] = []
    count, last = 0, _Line()
    with source.start(["--sweep", stream]) as tap:
        for text in tap.lines():
            try:
                line = _decode(text)
            except msgspec.DecodeError:
                return "the sweep wrote a line that is none of its own"
            if line.id is None:
                last = line
                continue
            ids.append(str(line.id))
            count += 1
            if len(ids) >= _CHUNK:
                store.query("insert into swept select unnest(?::varchar[])", [ids])
                ids.clear()
        code = tap.wait()
    store.query("insert into swept select unnest(?::varchar[])", [ids])
    if code:
        return f"the sweep ended with exit code {code}"
    if last.sweep_count is None or last.sweep_count != count:
        return "the sweep did not come whole"
    if last.sweep_count != last.source_count:
        return f"the sweep listed {count} keys, the source counts {last.source_count}"
    return None
