"""Every field we ever tried to write, with what it held before and after. Kept for ever.

An intent is committed before the call, the outcome after it. What we last wrote, who edited a field since, and what
`revert` restores are all read from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import bindparam, exists, func, literal_column, select, update

from closedloop.store import tables
from closedloop.store.stamps import to_text
from closedloop.writeback.value import Slot, Value, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from closedloop.clock import Clock
    from closedloop.kit.outcome import Refusal
    from closedloop.store.operations import Operations

EntryState = Literal["intent", "written", "refused", "unknown", "superseded"]
#: Reason of a refused entry that never reached the vendor, so far as we know: a late call could still arrive.
NOT_WRITTEN = "not written"
#: Reason of a written entry whose field holds what it could of it.
CUT = "the field rounds or cuts it"

_table = tables.journal
#: As literals, not as parameters: the partial indexes are found by them.
_WRITTEN = _table.c.state == literal_column("'written'")
_OPEN = _table.c.verified_at.is_(None)
#: The columns of an entry, in the order in which `_entry` takes them.
_READ = (
    "id",
    "run_id",
    "plan_id",
    "batch",
    "object",
    "record_id",
    "field",
    "before",
    "after",
    "state",
    "reason",
    "reverts",
    "verified_at",
    "at",
    "refusal",
    "shown",
)
#: Entries of one statement that changes them.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field to write.

    Args:
        slot: Where.
        before: What it holds now.
        after: What it will hold.
        reverts: The journal entry that this undoes.
    """

    slot: Slot
    before: Value
    after: Value
    reverts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One journalled change.

    Args:
        shown: What the field made of ``after``, where it rounds or cuts; text of `to_json`; none: it holds ``after``.
    """

    id: int
    run_id: str
    plan_id: str | None
    batch: int
    slot: Slot
    before: Value
    after: Value
    state: EntryState
    reason: str | None
    reverts: int | None
    verified_at: str | None
    at: str
    refusal: str | None = None
    shown: str | None = None

    @property
    def holds(self) -> Value:
        """What the field held when it was read back, or should hold until then."""
        return self.after if self.shown is None else from_json(self.shown)


class Settled(NamedTuple):
    """What became of one entry."""

    id: int
    state: EntryState
    reason: str | None = None
    request_id: str | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The journal of one connection.

    Args:
        operations: Where it is kept.
        connection: Whose writes.
    """

    operations: Operations
    connection: str

    def intend(
        self, changes: Sequence[Change], *, run_id: str, plan_id: str | None, batch: int, clock: Clock
    ) -> None:
        """Commit the intent to make ``changes``; on disk when this returns."""
        at = to_text(clock.now())
        rows = [
            {
                "run_id": run_id,
                "plan_id": plan_id,
                "batch": batch,
                "connection": self.connection,
                "object": change.slot.object,
                "record_id": change.slot.record_id,
                "field": change.slot.field,
                "before": to_json(change.before),
                "after": to_json(change.after),
                "state": "intent",
                "reverts": change.reverts,
                "at": at,
            }
            for change in changes
        ]
        with self.operations.transaction() as connection:
            connection.execute(_table.insert(), rows)

    def settle(self, outcomes: Sequence[Settled]) -> None:
        """Note what became of entries."""
        if not outcomes:
            return
        alike: dict[Settled, list[int]] = {}
        for one in outcomes:
            alike.setdefault(one._replace(id=0), []).append(one.id)
        with self.operations.transaction() as connection:
            for one, ids in alike.items():
                _change(
                    connection,
                    ids,
                    state=one.state,
                    reason=one.reason,
                    request_id=one.request_id,
                    refusal=one.refusal,
                )

    def verify(self, ids: Iterable[int], *, clock: Clock, reason: str | None = None) -> None:
        """Note that entries were read back: as written, or with the ``reason`` why they differ."""
        chosen = list(ids)
        if not chosen:
            return
        values = {"reason": reason} if reason else {"verified_at": to_text(clock.now())}
        with self.operations.transaction() as connection:
            _change(connection, chosen, **values)

    def verify_shown(self, shown: Mapping[int, Value], *, clock: Clock) -> None:
        """Note that entries were read back as their fields rounded or cut what was written: by id what they hold."""
        if not shown:
            return
        same = {"verified_at": to_text(clock.now()), "reason": CUT}
        rows = [{"entry": number, "shown": to_json(value)} for number, value in shown.items()]
        statement = update(_table).where(_table.c.id == bindparam("entry"))
        with self.operations.transaction() as connection:
            connection.execute(statement.values(**same, shown=bindparam("shown")), rows)

    def unsettled(self) -> list[Entry]:
        """Return the entries whose outcome is not known, oldest first."""
        return self._entries(_OPEN & _table.c.state.in_(("intent", "unknown")))

    def unverified(self) -> list[Entry]:
        """Return the newest written entry of each field, where it was not read back yet."""
        later = _table.alias("later")
        place = ("connection", "object", "record_id", "field")
        newer = exists().where(
            *(later.c[name] == _table.c[name] for name in place),
            later.c.state == literal_column("'written'"),
            later.c.id > _table.c.id,
        )
        return self._entries(_OPEN & (_table.c.state == "written") & _table.c.reason.is_(None) & ~newer)

    def of_batch(self, run_id: str, batch: int) -> list[Entry]:
        """Return the entries of one batch of a run, oldest first."""
        return self._entries((_table.c.run_id == run_id) & (_table.c.batch == batch))

    def of_run(self, run_id: str) -> list[Entry]:
        """Return the entries of one run, oldest first."""
        return self._entries(_table.c.run_id == run_id)

    def history(self) -> dict[Slot, History]:
        """Return what we did to each field: its newest written entry, and the calls after it that may yet arrive."""
        newest = (
            select(func.max(_table.c.id))
            .where(_table.c.connection == self.connection, _WRITTEN)
            .group_by(_table.c.object, _table.c.record_id, _table.c.field)
        )
        names = ("object", "record_id", "field", "id", "after", "at", "reverts", "shown")
        chosen = [_table.c[name] for name in names]
        late = (
            _table.c.connection == self.connection,
            _OPEN,
            _table.c.state.in_(("intent", "unknown", "refused")),
        )
        found: dict[Slot, History] = {}
        with self.operations.reading() as connection:
            for *slot, number, after, at, reverts, shown in connection.execute(
                select(*chosen).where(_table.c.id.in_(newest))
            ):
                value = from_json(after)
                holds = value if shown is None else from_json(shown)
                last = Last(id=number, after=value, holds=holds, at=at, reverts=reverts)
                found[Slot(*slot)] = History(last=last)
            columns = [_table.c[name] for name in _READ]
            for row in connection.execute(select(*columns).where(*late).order_by(_table.c.id)):
                entry = _entry(row)
                found.setdefault(entry.slot, History()).add(entry)
        return found

    def _entries(self, where: ColumnElement[bool]) -> list[Entry]:
        columns = [_table.c[name] for name in _READ]
        statement = (
            select(*columns).where(_table.c.connection == self.connection, where).order_by(_table.c.id)
        )
        with self.operations.reading() as connection:
            return [_entry(row) for row in connection.execute(statement).all()]


class Last(NamedTuple):
    """What was written last into one field.

    Args:
        id: The journal entry.
        after: The value.
        holds: What the field made of it.
        at: When, as text.
        reverts: The entry that it undid.
    """

    id: int
    after: Value
    holds: Value
    at: str
    reverts: int | None


class History:
    """What we did to one field.

    Attributes:
        last: The newest written entry.
        pending: Values of later calls that may yet turn out to have arrived.
    """

    __slots__ = ("last", "pending")

    def __init__(self, *, last: Last | None = None) -> None:
        self.last = last
        self.pending: list[Value] = []

    def add(self, entry: Entry) -> None:
        """Take an entry in that was not written, so far as we know."""
        is_later = self.last is None or entry.id > self.last.id
        is_late = entry.state != "refused" or (entry.reason or "").startswith(NOT_WRITTEN)
        if is_later and is_late:
            self.pending.append(entry.after)


def _entry(row: Sequence[Any]) -> Entry:
    number, run_id, plan_id, batch, *slot, before, after, state, reason, reverts, verified_at, at = row[:-2]
    return Entry(
        id=number,
        run_id=run_id,
        plan_id=plan_id,
        batch=batch,
        slot=Slot(*slot),
        before=from_json(before),
        after=from_json(after),
        state=state,
        reason=reason,
        reverts=reverts,
        verified_at=verified_at,
        at=at,
        refusal=row[-2],
        shown=row[-1],
    )


def _change(connection: Connection, ids: Sequence[int], **values: str | None) -> None:
    """Set the same values on many entries: a statement for each of them would take ten times as long."""
    for start in range(0, len(ids), _AT_ONCE):
        chosen = _table.c.id.in_(ids[start : start + _AT_ONCE])
        connection.execute(update(_table).where(chosen).values(values))
