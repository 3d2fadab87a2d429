"""Records that the CRM refused, with its reason; a later success resolves them.

When one is tried again depends on why it was refused. A lock passes: the next run. A value that was not allowed: not before
the value or the record changes. A missing right: not before somebody looked (`closedloop check`), or a day went by.
`closedloop quarantine retry` tries all of them again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from closedloop.kit.outcome import Refusal
from closedloop.kit.redact import vendor_text
from closedloop.store import tables
from closedloop.store.bookmarks import read_stream
from closedloop.store.names import quote, raw_schema, relation
from closedloop.store.stamps import to_text
from closedloop.writeback.actual import stream_of
from closedloop.writeback.journal import NOT_WRITTEN
from closedloop.writeback.value import Value, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from closedloop.clock import Clock
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations
    from closedloop.writeback.journal import Entry, Journal

_table = tables.quarantine
_REASON_LENGTH = 300
#: A right may be given without anybody telling us.
_PATIENCE = timedelta(days=1)

#: (object, record id).
RecordKey = tuple[str, str]

#: When a refused record is tried again, in words.
RULES: Mapping[str, str] = {
    Refusal.LOCK: "the next run tries it again",
    Refusal.VALIDATION: "not tried again before the value or the record changes",
    Refusal.PERMISSION: "not tried again before `closedloop check` passes, or a day has gone by",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One record that waits.

    Args:
        id: Its number, as `closedloop quarantine retry` takes it.
        kind: Why it was refused, in one word.
        reason: The vendor's words.
        fields: What it should have held.
        version: The record's time of change when it was refused; none if that is not known.
        first_seen: When it was refused first, as text.
        last_seen: When last.
        released_at: When somebody wanted it tried again.
    """

    id: int
    kind: str
    reason: str
    fields: Mapping[str, Value]
    version: str | None
    first_seen: str
    last_seen: str
    released_at: str | None

    def holds(self, desired: Mapping[str, Value], version: str | None, now: datetime) -> bool:
        """Return whether it is too early to try the record again.

        Args:
            desired: What it should hold now, by field.
            version: The record's time of change now.
            now: The time.
        """
        if (self.released_at or "") >= self.last_seen or self.kind == Refusal.LOCK:
            return False
        if self.kind == Refusal.PERMISSION:
            return to_text(now - _PATIENCE) < self.last_seen
        is_same_record = self.version is not None and self.version == version
        return is_same_record and all(same(desired.get(name), value) for name, value in self.fields.items())


def waiting(journal: Journal) -> dict[RecordKey, Refused]:
    """Return the records of a connection that wait to be written."""
    wanted = select(_table).where(_of(journal.connection), _table.c.resolved_at.is_(None))
    with journal.operations.reading() as database:
        rows = database.execute(wanted).mappings().all()
    return {
        (row["stream"], row["record_key"]): Refused(
            id=row["id"],
            kind=row["kind"] or Refusal.VALIDATION,
            reason=row["reason"],
            fields=json.loads(row["record"]),
            version=row["version"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            released_at=row["released_at"],
        )
        for row in rows
    }


def versions(store: Store, connection: str, records: Iterable[RecordKey]) -> dict[RecordKey, str]:
    """Return the landed time of change of records, where their stream has one."""
    found: dict[RecordKey, str] = {}
    by_object: dict[str, list[str]] = {}
    for name, record_id in records:
        by_object.setdefault(name, []).append(record_id)
    for name, ids in by_object.items():
        stream = stream_of(name)
        keys, cursor = read_stream(store, connection, stream)
        if not keys or cursor is None:
            continue
        key = f"cast({quote(keys[0])} as varchar)"
        rows = store.query(
            f"select {key}, cast({quote(cursor)} as varchar) from {relation(raw_schema(connection), stream)}"
            f" where {key} in (select unnest(?::varchar[]))",
            [ids],
        )
        found |= {(name, str(record_id)): str(version) for record_id, version in rows if version is not None}
    return found


def note(journal: Journal, entries: Sequence[Entry], *, clock: Clock) -> None:
    """Keep the refused records of a run, and resolve those that were written now."""
    refused: dict[RecordKey, list[Entry]] = {}
    written: set[RecordKey] = set()
    for entry in entries:
        record = (entry.slot.object, entry.slot.record_id)
        if entry.state == "refused" and not (entry.reason or "").startswith(NOT_WRITTEN):
            refused.setdefault(record, []).append(entry)
        elif entry.state == "written":
            written.add(record)
    solved = [one.id for record, one in waiting(journal).items() if record in written - refused.keys()]
    if not refused and not solved:
        return
    now = to_text(clock.now())
    with journal.operations.transaction() as database:
        for record, group in refused.items():
            _keep(database, journal.connection, record, group, now)
        database.execute(update(_table).where(_table.c.id.in_(solved)).values(resolved_at=now))


def stamp(journal: Journal, store: Store) -> None:
    """Note which version of each refused record it was that was refused: without it, the next run tries it again."""
    new = {record: one for record, one in waiting(journal).items() if one.version is None}
    if not new:
        return
    found = versions(store, journal.connection, new)
    with journal.operations.transaction() as database:
        for record, version in found.items():
            database.execute(update(_table).where(_table.c.id == new[record].id).values(version=version[:64]))


def settle_in_place(journal: Journal, right: Iterable[RecordKey], *, clock: Clock) -> None:
    """Resolve records that hold what they should without us: somebody wrote it, or the figure went back."""
    solved = [one.id for record, one in waiting(journal).items() if record in set(right)]
    if solved:
        with journal.operations.transaction() as database:
            database.execute(
                update(_table).where(_table.c.id.in_(solved)).values(resolved_at=to_text(clock.now()))
            )


def release(
    operations: Operations,
    *,
    clock: Clock,
    connection: str | None = None,
    kind: str | None = None,
    ids: Sequence[int] = (),
) -> int:
    """Let refused records be tried again by the next run, and return how many.

    Args:
        operations: Keeps them.
        clock: Tells when.
        connection: Only of this CRM.
        kind: Only those refused for this.
        ids: Only these; none: all.
    """
    chosen = (_table.c.direction == "write") & _table.c.resolved_at.is_(None)
    for column, value in (("connection", connection), ("kind", kind)):
        chosen = chosen & (_table.c[column] == value) if value is not None else chosen
    if ids:
        chosen &= _table.c.id.in_(ids)
    with operations.transaction() as database:
        done = database.execute(update(_table).where(chosen).values(released_at=to_text(clock.now())))
    return done.rowcount


def listed(operations: Operations) -> list[dict[str, Any]]:
    """Return every record that waits, in either direction, oldest first."""
    wanted = select(_table).where(_table.c.resolved_at.is_(None)).order_by(_table.c.first_seen, _table.c.id)
    with operations.reading() as database:
        return [dict(row) for row in database.execute(wanted).mappings()]


def _keep(database: Connection, connection: str, record: RecordKey, group: Sequence[Entry], now: str) -> None:
    fields = {entry.slot.field: entry.after for entry in group}
    values = {
        "reason": vendor_text(group[0].reason, limit=_REASON_LENGTH),
        "record": json.dumps(fields),
        "kind": group[0].refusal or Refusal.VALIDATION,
        "version": None,
        "last_seen": now,
        "resolved_at": None,
        "released_at": None,
    }
    known = database.execute(
        select(_table.c.id, _table.c.resolved_at).where(_same(connection, record))
    ).first()
    if known is None:
        name, record_id = record
        database.execute(
            insert(_table).values(
                connection=connection,
                stream=name,
                record_key=record_id,
                direction="write",
                first_seen=now,
                attempts=1,
                **values,
            )
        )
        return
    again: dict[str, Any] = {"attempts": _table.c.attempts + 1}
    if known.resolved_at is not None:  # another trouble than the one that passed: its age begins now
        again = {"attempts": 1, "first_seen": now}
    database.execute(update(_table).where(_table.c.id == known.id).values(**again, **values))


def _of(connection: str) -> ColumnElement[bool]:
    return (_table.c.connection == connection) & (_table.c.direction == "write")


def _same(connection: str, record: RecordKey) -> ColumnElement[bool]:
    name, record_id = record
    return _of(connection) & (_table.c.stream == name) & (_table.c.record_key == record_id)
