"""Records that were refused on the way in: kept with their reason until they land."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, select, update

from closedloop.store.tables import quarantine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from closedloop.extract.spool import Refusal
    from closedloop.store.operations import Operations

#: Longest key the table holds.
_KEY = 128
#: Keys asked for in one statement: SQLite takes 32,766 parameters.
_CHUNK = 5_000


def keep(operations: Operations, connection: str, refusals: Iterable[Refusal], at: str) -> None:
    """Record refusals; the same call again changes nothing.

    Args:
        operations: Where they are kept.
        connection: The connection's name.
        refusals: The refused records of one segment.
        at: When the segment was sealed, as text: it tells a repeated call from a new refusal.
    """
    newest = {(refusal.stream, short(refusal.key)): refusal for refusal in refusals}
    items = list(newest.items())
    for start in range(0, len(items), _CHUNK):
        with operations.transaction() as database:
            _keep(database, connection, dict(items[start : start + _CHUNK]), at)


def open_keys(operations: Operations, connection: str, stream: str) -> dict[str, str]:
    """Return the records of a stream that are refused and have not landed since: JSON text by key."""
    statement = select(quarantine.c.record_key, quarantine.c.record).where(
        _read(connection), quarantine.c.stream == stream, quarantine.c.resolved_at.is_(None)
    )
    with operations.reading() as database:
        return {row.record_key: row.record for row in database.execute(statement)}


def resolve(operations: Operations, connection: str, stream: str, keys: Sequence[str], at: str) -> None:
    """Mark refused records as landed."""
    with operations.transaction() as database:
        for start in range(0, len(keys), _CHUNK):
            these = quarantine.c.record_key.in_(keys[start : start + _CHUNK])
            which = and_(
                _read(connection), quarantine.c.stream == stream, quarantine.c.resolved_at.is_(None), these
            )
            database.execute(update(quarantine).where(which).values(resolved_at=at))


def short(key: str) -> str:
    """Return the key as the table holds it: one that is too long becomes its digest."""
    return key if len(key) <= _KEY else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _read(connection: str) -> Any:
    return and_(quarantine.c.connection == connection, quarantine.c.direction == "read")


def _keep(database: Connection, connection: str, refusals: dict[tuple[str, str], Refusal], at: str) -> None:
    keys = {key for _, key in refusals}
    known = select(quarantine).where(_read(connection), quarantine.c.record_key.in_(keys))
    held = {(row.stream, row.record_key): row for row in database.execute(known)}
    new = []
    for (stream, key), refusal in refusals.items():
        # PostgreSQL takes no zero byte in a text, and what is no JSON may hold one.
        record = refusal.record.replace("\x00", "\ufffd")
        values: dict[str, Any] = {"reason": refusal.reason, "record": record, "last_seen": at}
        row = held.get((stream, key))
        if row is None:
            fixed = {"connection": connection, "stream": stream, "record_key": key, "direction": "read"}
            new.append({**fixed, **values, "first_seen": at, "attempts": 1})
        elif row.last_seen < at:
            values |= {"attempts": row.attempts + 1, "resolved_at": None}
            database.execute(update(quarantine).where(quarantine.c.id == row.id).values(values))
    if new:
        database.execute(insert(quarantine), new)
