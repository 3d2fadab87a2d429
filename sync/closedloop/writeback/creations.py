"""Every record that an import tried to make, change or remove: intent on disk before the call, outcome after it. Kept for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, insert, select, update

from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations
    from closedloop.writeback.value import Value

Kind = Literal["create", "change", "remove"]
DeedState = Literal["intent", "written", "refused", "unknown"]
_table = tables.creation
_CHUNK = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One record to make, change or remove.

    Args:
        kind: What is done to it.
        object: The vendor's object.
        by: What it is found by: the field of a key, several with slashes between, or ``id``.
        key: Its value.
        fields: What it will hold; empty for a removal.
        before: What a changed record holds now.
        undoes: The entry that this one undoes.
    """

    kind: Kind
    object: str
    by: str
    key: str
    fields: Mapping[str, Value]
    before: Mapping[str, Value] | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One journalled deed."""

    id: int
    run_id: str
    plan_id: str | None
    batch: int
    deed: Deed
    state: DeedState
    reason: str | None
    record_id: str | None
    seen: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Creations:
    """The journal of one connection's imports.

    Args:
        operations: Where it is kept.
        connection: Whose records.
    """

    operations: Operations
    connection: str

    def intend(
        self, deeds: Sequence[Deed], *, run_id: str, plan_id: str | None, batch: int, clock: Clock
    ) -> None:
        """Note what is about to be sent."""
        at = to_text(clock.now())
        rows = [
            {
                "run_id": run_id, "plan_id": plan_id, "batch": batch, "connection": self.connection, "kind": deed.kind,
                "object": deed.object, "found_by": deed.by, "key": deed.key, "fields": json.dumps(dict(deed.fields)),
                "before": None if deed.before is None else json.dumps(dict(deed.before)), "state": "intent",
                "undoes": deed.undoes, "at": at,
            }
            for deed in deeds
        ]  # fmt: skip
        with self.operations.transaction() as database:
            database.execute(insert(_table), rows)

    def settle(self, outcomes: Iterable[tuple[int, DeedState, str | None, str | None]]) -> None:
        """Note what became of entries: (id, state, reason, the vendor's request id)."""
        with self.operations.transaction() as database:
            for key, state, reason, request in outcomes:
                values = {"state": state, "reason": reason, "request_id": request}
                database.execute(update(_table).where(_table.c.id == key).values(values))

    def note(self, found: Iterable[tuple[int, str, Mapping[str, Value]]]) -> None:
        """Note what was read back: (id, record id, values)."""
        with self.operations.transaction() as database:
            for key, record, seen in found:
                values = {"record_id": record, "seen": json.dumps(dict(seen))}
                database.execute(update(_table).where(_table.c.id == key).values(values))

    def unsettled(self) -> list[Entry]:
        """Return the entries whose outcome is not known, oldest first."""
        return self._entries(_table.c.state.in_(("intent", "unknown")))

    def of_run(self, run_id: str) -> list[Entry]:
        """Return the entries of one run, oldest first."""
        return self._entries(_table.c.run_id == run_id)

    def of_plan(self, plan_id: str) -> list[Entry]:
        """Return the entries of one plan, oldest first: a killed import has several runs."""
        return self._entries(_table.c.plan_id == plan_id)

    def standing(self, name: str, keys: Sequence[str]) -> dict[str, Entry]:
        """Return the records of an object that we made under these keys and have not removed since, by key."""
        found: dict[str, Entry] = {}
        for start in range(0, len(keys), _CHUNK):
            part = _table.c.key.in_(list(keys[start : start + _CHUNK]))
            for entry in self._entries((_table.c.object == name) & part & (_table.c.state == "written")):
                if entry.deed.kind == "create":
                    found[entry.deed.key] = entry
        gone = self.undone([entry.id for entry in found.values()])
        return {key: entry for key, entry in found.items() if entry.id not in gone}

    def undone(self, ids: Sequence[int]) -> set[int]:
        """Return those of the entries that a later one undid."""
        found: set[int] = set()
        for start in range(0, len(ids), _CHUNK):
            part = list(ids[start : start + _CHUNK])
            chosen = _table.c.undoes.in_(part) & (_table.c.state == "written")
            with self.operations.reading() as database:
                found |= set(database.execute(select(_table.c.undoes).where(chosen)).scalars())
        return found

    def next_batch(self, run_id: str) -> int:
        """Return a number that no batch of the run has."""
        with self.operations.reading() as database:
            last = database.execute(
                select(func.max(_table.c.batch)).where(_table.c.run_id == run_id)
            ).scalar()
        return int(last or 0) + 1

    def _entries(self, where: ColumnElement[bool]) -> list[Entry]:
        statement = select(_table).where(_table.c.connection == self.connection, where).order_by(_table.c.id)
        with self.operations.reading() as database:
            return [_entry(row) for row in database.execute(statement)]


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    found = row._mapping  # noqa: SLF001 (SQLAlchemy's documented name)
    deed = Deed(
        kind=found["kind"],
        object=found["object"],
        by=found["found_by"],
        key=found["key"],
        fields=json.loads(found["fields"]),
        before=None if found["before"] is None else json.loads(found["before"]),
        undoes=found["undoes"],
    )
    names = ("id", "run_id", "plan_id", "batch", "state", "reason", "record_id")
    seen = None if found["seen"] is None else json.loads(found["seen"])
    return Entry(**{name: found[name] for name in names}, deed=deed, seen=seen)
