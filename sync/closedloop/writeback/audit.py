"""What was written into the CRMs: who, what, when, before, after and the outcome, field by field, from the journal.

That a person was forgotten is told too, by whom and when; not who it was.
"""

from __future__ import annotations

import csv
import heapq
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from closedloop.store import tables
from closedloop.writeback.journal import NOT_WRITTEN
from closedloop.writeback.value import from_json, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import IO

    from sqlalchemy import Connection

    from closedloop.store.operations import Operations

#: In this order in a CSV file. `outcome` is ``written``, ``refused``, ``not_sent``, ``unknown`` (nobody can tell yet) or
#: ``superseded`` (somebody else changed the field or the record meanwhile).
COLUMNS = (
    "at",
    "run",
    "verb",
    "by",
    "connection",
    "object",
    "record",
    "name",
    "url",
    "field",
    "measure",
    "before",
    "after",
    "outcome",
    "reason",
    "request_id",
    "verified_at",
    "plan",
    "entry",
    "reverts",
)
_OUTCOMES = {"intent": "unknown"}


def entries(
    operations: Operations, *, run: str | None = None, since: str | None = None, record: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what we wrote or tried to write, oldest first.

    Args:
        operations: Keeps the journal.
        run: Only of this run.
        since: Only from this time on, as `closedloop.store.stamps` writes it.
        record: Only of this record: its id, or object and id (``event.event/12``).
    """
    journal, made = tables.journal, tables.run
    wanted = select(journal, made.c.kind, made.c.detail).join(made, made.c.id == journal.c.run_id)
    if run is not None:
        wanted = wanted.where(journal.c.run_id == run)
    if since is not None:
        wanted = wanted.where(journal.c.at >= since)
    if record is not None:
        name, _, key = record.rpartition("/")
        wanted = wanted.where(journal.c.record_id == key)
        wanted = wanted.where(journal.c.object == name) if name else wanted
    planned = _Planned()
    with operations.reading() as database:
        rows = (dict(found) for found in database.execute(wanted.order_by(journal.c.id)).mappings())
        written = (_entry(row, planned.of(database, row)) for row in rows)
        gone = [] if record else _forgotten(database, run=run, since=since or "")
        yield from heapq.merge(written, gone, key=lambda one: str(one["at"]))


def _forgotten(database: Connection, *, run: str | None, since: str) -> list[dict[str, Any]]:
    """Return that people were forgotten: by whom and when, never who."""
    table, made = tables.forgotten, tables.run
    wanted = select(table, made.c.started_at, made.c.detail).outerjoin(made, made.c.id == table.c.run_id)
    if run is not None:
        wanted = wanted.where(table.c.run_id == run)
    found = []
    for row in database.execute(wanted):
        at = row.started_at or f"{row.day}T00:00:00.000000Z"
        told = {
            "at": at,
            "run": row.run_id,
            "verb": "forget",
            "by": json.loads(row.detail or "{}").get("by"),
            "object": "person",
            "record": row.token,
            "outcome": "forgotten" if row.state == "done" else "begun",
        }
        if at >= since:
            found.append(dict.fromkeys(COLUMNS) | told)
    return sorted(found, key=lambda one: str(one["at"]))


def write_csv(rows: Iterable[Mapping[str, Any]], file: IO[str]) -> int:
    """Write rows as CSV, and return how many there were."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    return sum(writer.writerow({**row, **_safe(row)}) is not None for row in rows)


def write_lines(rows: Iterable[Mapping[str, Any]], file: IO[str]) -> int:
    """Write rows as JSON lines, and return how many there were."""
    return sum(file.write(json.dumps(row, ensure_ascii=False) + "\n") > 0 for row in rows)


class _Planned:
    """What the plans knew of the records; one plan at a time, as the journal is ordered by run."""

    def __init__(self) -> None:
        self._plan: str | None = None
        self._rows: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def of(self, database: Connection, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if row["plan_id"] is None:
            return {}
        if row["plan_id"] != self._plan:
            self._plan, table = row["plan_id"], tables.plan_row
            found = database.execute(select(table).where(table.c.plan_id == self._plan)).mappings()
            self._rows = {(one["object"], one["record_id"], one["field"]): dict(one) for one in found}
        return self._rows.get((row["object"], row["record_id"], row["field"]), {})


def _entry(row: Mapping[str, Any], planned: Mapping[str, Any]) -> dict[str, Any]:
    not_sent = row["state"] == "refused" and (row["reason"] or "").startswith(NOT_WRITTEN)
    return {
        "at": row["at"],
        "run": row["run_id"],
        "verb": row["kind"],
        "by": json.loads(row["detail"]).get("by"),
        "connection": row["connection"],
        "object": row["object"],
        "record": row["record_id"],
        "name": planned.get("name"),
        "url": planned.get("url"),
        "field": row["field"],
        "measure": planned.get("measure"),
        "before": from_json(row["before"]),
        "after": from_json(row["after"]),
        "outcome": "not_sent" if not_sent else _OUTCOMES.get(row["state"], row["state"]),
        "reason": row["reason"],
        "request_id": row["request_id"],
        "verified_at": row["verified_at"],
        "plan": row["plan_id"],
        "entry": row["id"],
        "reverts": row["reverts"],
    }


def _safe(row: Mapping[str, Any]) -> dict[str, str]:
    """Return names and reasons that a spreadsheet would run as a formula, as text."""
    texts = {name: str(row[name] or "") for name in ("name", "reason", "before", "after")}
    return {
        name: f"'{text}"
        for name, text in texts.items()
        if text.startswith(("=", "+", "-", "@", "\t")) and number(text) is None
    }
