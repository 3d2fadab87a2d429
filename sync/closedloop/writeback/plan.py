"""The plan: what a write-back would change, field by field, stored with an id before anything is written."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import insert, select, update

from closedloop.errors import ConfigError
from closedloop.store import tables
from closedloop.store.stamps import to_text
from closedloop.writeback import guards, quarantine, sources
from closedloop.writeback.actual import actual, landed
from closedloop.writeback.desired import basis, desired
from closedloop.writeback.journal import History, Journal
from closedloop.writeback.mapping import AS_OF, section
from closedloop.writeback.tripped import Tripped
from closedloop.writeback.value import Slot, Value, from_json, is_empty, to_json
from closedloop.writeback.verdict import judge, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from closedloop.clock import Clock
    from closedloop.settings import Settings, Writeback
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations
    from closedloop.writeback.desired import Desired
    from closedloop.writeback.quarantine import RecordKey, Refused
    from closedloop.writeback.verdict import Action

#: The columns of a row, in the order in which `_row` takes them.
_READ = (
    "entity",
    "key",
    "object",
    "record_id",
    "field",
    "measure",
    "desired",
    "actual",
    "last_written",
    "action",
    "name",
    "url",
    "why",
)

PlanState = Literal["open", "applying", "applied", "partly_applied", "stale", "superseded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One field of one record.

    Args:
        entity: ``campaign`` or ``account``.
        key: The record's canonical key.
        slot: Where in the CRM.
        measure: What it is.
        desired: What it should hold.
        actual: What it holds.
        last_written: What we last wrote there; none if nothing.
        action: ``write``, or why not: see `closedloop.writeback.verdict`.
        name: The record as people know it.
        url: Its address in the CRM.
        why: Why this is to be done, one sentence.
    """

    entity: str
    key: str
    slot: Slot
    measure: str
    desired: Value
    actual: Value
    last_written: Value
    action: Action
    name: str = ""
    url: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The difference between what one CRM should hold and what it holds.

    Args:
        id: What `apply` takes; sorts by time.
        connection: The CRM.
        created_at: Text of `closedloop.store.stamps`.
        as_of: ISO day the figures are of.
        basis: Digest of the figures and landed values it rests on.
        state: Where it stands.
        rows: By record and field; what needs no change is not in it.
        guards: What would stop it.
        counts: ``fields`` that are mapped, of them ``write``, ``keep_theirs`` and ``unchanged``, and where there are any
            ``keep_old``, ``held_back`` and ``filled`` (policy if_empty); ``records`` to write.
        sources: What it remembers of the systems that the figures rest on.
    """

    id: str
    connection: str
    created_at: str
    as_of: str
    basis: str
    state: PlanState
    rows: tuple[PlanRow, ...]
    guards: tuple[Tripped, ...]
    counts: Mapping[str, int]
    sources: Mapping[str, Any]

    @property
    def writes(self) -> tuple[PlanRow, ...]:
        """The rows that would be written."""
        return tuple(row for row in self.rows if row.action == "write")


def make_plan(
    settings: Settings,
    store: Store,
    operations: Operations,
    connection: str,
    *,
    clock: Clock,
    failed_checks: Iterable[str] = (),
) -> Plan:
    """Compare, store the plan, and supersede the open ones before it.

    Args:
        settings: The whole file.
        store: Holds the figures and the landed rows.
        operations: Keeps plans and the journal.
        connection: The CRM.
        clock: Tells when.
        failed_checks: Names of the checks of the figures that failed.

    Raises:
        ConfigError: Nothing is mapped, reconciled or landed yet.
    """
    plan = build_plan(settings, store, operations, connection, clock=clock, failed_checks=failed_checks)
    journal = Journal(operations=operations, connection=connection)
    quarantine.settle_in_place(journal, _at_rest(journal, plan), clock=clock)
    with operations.transaction() as database:
        _save(database, plan)
    return plan


def build_plan(
    settings: Settings,
    store: Store,
    operations: Operations,
    connection: str,
    *,
    clock: Clock,
    failed_checks: Iterable[str] = (),
) -> Plan:
    """Compare without storing anything; arguments and errors as in `make_plan`."""
    part, now = section(settings, connection), clock.now()
    journal = Journal(operations=operations, connection=connection)
    history = journal.history()
    everything = desired(settings, store, connection)
    found = landed(store, connection, (item.slot for item in everything))
    present = actual(found, history)
    wanted = [item for item in everything if item.slot in present]  # a record that is gone cannot be written
    rows, filled = _rows(wanted, present, history, part)
    rows = _held_back(rows, wanted, journal, store, now)
    systems = sources.look(settings, store, operations)
    before = sources.written_before(operations, connection)
    tripped = [
        *sources.guards(systems, before, store, limits=part.guards, now=now),
        *guards.checks(failed_checks),
        *guards.changes(rows, wanted, history, present, part.guards),
    ]
    return Plan(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        connection=connection,
        created_at=to_text(now),
        as_of=basis(store).as_of,
        basis=_digest(wanted, found.values),
        state="open",
        rows=tuple(rows),
        guards=tuple(tripped),
        counts=_counts(rows, wanted, filled),
        sources={name: system.kept() for name, system in systems.items()},
    )


def load_plan(operations: Operations, plan_id: str) -> Plan:
    """Return a stored plan.

    Raises:
        ConfigError: There is none of that id.
    """
    with operations.reading() as database:
        head = database.execute(select(tables.plan).where(tables.plan.c.id == plan_id)).mappings().first()
        table = tables.plan_row
        columns = [table.c[name] for name in _READ]
        lines = select(*columns).where(table.c.plan_id == plan_id).order_by(table.c.n)
        rows = tuple(_row(line) for line in database.execute(lines).all())
    if head is None:
        msg = f"there is no plan {plan_id}"
        raise ConfigError(msg, where="plan", fix="`closedloop plan` makes one and prints its id")
    summary = json.loads(head["summary"])
    return Plan(
        id=head["id"],
        connection=head["connection"],
        created_at=head["created_at"],
        as_of=head["as_of"],
        basis=head["basis"],
        state=head["state"],
        rows=rows,
        guards=tuple(Tripped(**guard) for guard in summary["guards"]),
        counts=summary["counts"],
        sources=summary.get("sources", {}),
    )


def set_state(operations: Operations, plan_id: str, state: PlanState) -> None:
    """Note where a plan stands."""
    with operations.transaction() as database:
        database.execute(update(tables.plan).where(tables.plan.c.id == plan_id).values(state=state))


def _rows(
    wanted: Sequence[Desired], present: Mapping[Slot, Value], history: Mapping[Slot, History], part: Writeback
) -> tuple[list[PlanRow], int]:
    """Return what differs, and how many fields differ that may only be filled once."""
    found, filled = [], 0
    policies = {name: policy_of(part, name) for name in {item.slot.field for item in wanted}}
    for item in wanted:
        past = history.get(item.slot) or History()
        verdict = judge(item, present[item.slot], past, policies[item.slot.field])
        if verdict is not None and verdict.action is not None:
            last = past.last.after if past.last is not None else None
            found.append(_planned(item, present[item.slot], last, verdict.action, verdict.why))
        filled += verdict is not None and verdict.action is None
    busy = {row.slot[:2] for row in found if row.action == "write" and row.measure != AS_OF}
    rows = [row for row in found if row.measure != AS_OF or row.slot[:2] in busy or is_empty(row.actual)]
    return rows, filled


def _planned(item: Desired, present: Value, last: Value, action: Action, why: str) -> PlanRow:
    return PlanRow(
        entity=item.entity,
        key=item.key,
        slot=item.slot,
        measure=item.measure,
        desired=item.value,
        actual=present,
        last_written=last,
        action=action,
        name=item.name,
        url=item.url,
        why=why,
    )


def _held_back(
    rows: list[PlanRow], wanted: Sequence[Desired], journal: Journal, store: Store, now: datetime
) -> list[PlanRow]:
    """Leave records out that the CRM refused, while nothing has changed that could change its mind."""
    waiting = quarantine.waiting(journal)
    if not waiting:
        return rows
    found = quarantine.versions(store, journal.connection, waiting)
    values: dict[RecordKey, dict[str, Value]] = {}
    for item in wanted:
        if item.slot[:2] in waiting:
            values.setdefault(item.slot[:2], {})[item.slot.field] = item.value
    held = {
        record: _why_held(one)
        for record, one in waiting.items()
        if one.holds(values.get(record, {}), found.get(record), now)
    }
    return [
        replace(row, action="held_back", why=held[row.slot[:2]])
        if row.action == "write" and row.slot[:2] in held
        else row
        for row in rows
    ]


def _why_held(one: Refused) -> str:
    return f"refused on {one.last_seen[:10]}: {one.reason}; {quarantine.RULES[one.kind]}"


def _at_rest(journal: Journal, plan: Plan) -> set[RecordKey]:
    """Return the refused records that need no write any more."""
    return quarantine.waiting(journal).keys() - {row.slot[:2] for row in plan.rows}


def _counts(rows: Sequence[PlanRow], wanted: Sequence[Desired], filled: int) -> dict[str, int]:
    actions = Counter(row.action for row in rows)
    rare = {"keep_old": actions["keep_old"], "held_back": actions["held_back"], "filled": filled}
    return {
        "fields": len(wanted),
        "write": actions["write"],
        "keep_theirs": actions["keep_theirs"],
        "unchanged": len(wanted) - len(rows) - filled,
        "records": len({row.slot[:2] for row in rows if row.action == "write"}),
        **{name: count for name, count in rare.items() if count},
    }


def _digest(wanted: Sequence[Desired], values: Mapping[Slot, Value]) -> str:
    digest = hashlib.sha256()
    for item in wanted:
        digest.update(msgspec.json.encode((item.slot, item.value, values[item.slot])))
    return digest.hexdigest()


def _save(database: Connection, plan: Plan) -> None:
    table = tables.plan
    older = (table.c.connection == plan.connection) & (table.c.state == "open")
    database.execute(update(table).where(older).values(state="superseded"))
    summary = {
        "counts": dict(plan.counts),
        "guards": [asdict(guard) for guard in plan.guards],
        "sources": dict(plan.sources),
    }
    head = {
        name: getattr(plan, name) for name in ("id", "connection", "created_at", "as_of", "basis", "state")
    }
    database.execute(insert(table).values(**head, summary=json.dumps(summary)))
    lines = [
        {
            "plan_id": plan.id,
            "n": n,
            "entity": row.entity,
            "key": row.key,
            "object": row.slot.object,
            "record_id": row.slot.record_id,
            "field": row.slot.field,
            "measure": row.measure,
            "desired": to_json(row.desired),
            "actual": to_json(row.actual),
            "last_written": to_json(row.last_written),
            "action": row.action,
            "name": row.name,
            "url": row.url,
            "why": row.why,
        }
        for n, row in enumerate(plan.rows)
    ]
    if lines:
        database.execute(insert(tables.plan_row), lines)


def _row(line: Sequence[Any]) -> PlanRow:
    entity, key, *slot, measure, wanted, present, last, action, name, url, why = line
    return PlanRow(
        entity=entity,
        key=key,
        slot=Slot(*slot),
        measure=measure,
        desired=from_json(wanted),
        actual=from_json(present),
        last_written=from_json(last),
        action=action,
        name=name or "",
        url=url,
        why=why or "",
    )
