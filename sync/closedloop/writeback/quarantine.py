"""Records that the CRM refused, with its reason; a later success resolves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from closedloop.kit.redact import vendor_text
from closedloop.store import tables
from closedloop.store.stamps import to_text
from closedloop.writeback.journal import NOT_WRITTEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from closedloop.clock import Clock
    from closedloop.writeback.journal import Entry, Journal

_table = tables.quarantine
_REASON_LENGTH = 300


def note(journal: Journal, entries: Sequence[Entry], *, clock: Clock) -> None:
    """Keep the refused records of a run, and resolve those that were written now."""
    refused: dict[tuple[str, str], list[Entry]] = {}
    written: dict[tuple[str, str], None] = {}
    for entry in entries:
        record = (entry.slot.object, entry.slot.record_id)
        if entry.state == "refused" and not (entry.reason or "").startswith(NOT_WRITTEN):
            refused.setdefault(record, []).append(entry)
        elif entry.state == "written":
            written[record] = None
    now = to_text(clock.now())
    with journal.operations.transaction() as database:
        for record, group in refused.items():
            _keep(database, journal.connection, record, group, now)
        for record in written.keys() - refused.keys():
            database.execute(
                update(_table)
                .where(_same(journal.connection, record), _table.c.resolved_at.is_(None))
                .values(resolved_at=now)
            )


def _keep(
    database: Connection, connection: str, record: tuple[str, str], group: Sequence[Entry], now: str
) -> None:
    fields = {entry.slot.field: entry.after for entry in group}
    values = {
        "reason": vendor_text(group[0].reason, limit=_REASON_LENGTH),
        "record": json.dumps(fields),
        "last_seen": now,
        "resolved_at": None,
    }
    known = database.execute(select(_table.c.id).where(_same(connection, record))).scalar()
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
    else:
        database.execute(
            update(_table).where(_table.c.id == known).values(attempts=_table.c.attempts + 1, **values)
        )


def _same(connection: str, record: tuple[str, str]) -> ColumnElement[bool]:
    name, record_id = record
    return (
        (_table.c.connection == connection)
        & (_table.c.stream == name)
        & (_table.c.record_key == record_id)
        & (_table.c.direction == "write")
    )
