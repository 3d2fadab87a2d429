"""The plan: what a write-back would change, field by field, stored with an id before anything is written."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import insert, select, update

from closedloop.errors import ConfigError
from closedloop.store import tables
from closedloop.store.stamps import to_text
from closedloop.writeback import guards
from closedloop.writeback.actual import actual, landed
from closedloop.writeback.desired import basis, desired
from closedloop.writeback.guards import Tripped
from closedloop.writeback.journal import History, Journal
from closedloop.writeback.mapping import AS_OF, section
from closedloop.writeback.value import Slot, Value, from_json, is_empty, same, stands_for, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from closedloop.clock import Clock
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations
    from closedloop.writeback.desired import Desired

Action = Literal["write", "keep_theirs"]
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
        action: ``write``, or ``keep_theirs`` where a person edited it.
    """

    entity: str
    key: str
    slot: Slot
    measure: str
    desired: Value
    actual: Value
    last_written: Value
    action: Action


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
        counts: ``fields`` that are mapped, of them ``write``, ``keep_theirs`` and ``unchanged``; ``records`` to write.
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
    part = section(settings, connection)
    history = Journal(operations=operations, connection=connection).history()
    everything = desired(settings, store, connection)
    found = landed(store, connection, (item.slot for item in everything))
    present = actual(found, history)
    wanted = [item for item in everything if item.slot in present]  # a record that is gone cannot be written
    rows = _rows(wanted, present, history, part.policy)
    tripped = [
        *guards.sources(settings, operations),
        *guards.checks(failed_checks),
        *guards.changes(rows, wanted, history, present, part.guards),
    ]
    now = clock.now()
    return Plan(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        connection=connection,
        created_at=to_text(now),
        as_of=basis(store).as_of,
        basis=_digest(wanted, found.values),
        state="open",
        rows=tuple(rows),
        guards=tuple(tripped),
        counts=_counts(rows, wanted),
    )


def load_plan(operations: Operations, plan_id: str) -> Plan:
    """Return a stored plan.

    Raises:
        ConfigError: There is none of that id.
    """
    with operations.reading() as database:
        head = database.execute(select(tables.plan).where(tables.plan.c.id == plan_id)).mappings().first()
        lines = (
            select(tables.plan_row).where(tables.plan_row.c.plan_id == plan_id).order_by(tables.plan_row.c.n)
        )
        rows = tuple(_row(dict(line)) for line in database.execute(lines).mappings())
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
    )


def set_state(operations: Operations, plan_id: str, state: PlanState) -> None:
    """Note where a plan stands."""
    with operations.transaction() as database:
        database.execute(update(tables.plan).where(tables.plan.c.id == plan_id).values(state=state))


def _rows(
    wanted: Sequence[Desired],
    present: Mapping[Slot, Value],
    history: Mapping[Slot, History],
    policy: Mapping[str, str],
) -> list[PlanRow]:
    rows = [
        _compare(item, present[item.slot], history.get(item.slot) or History(), policy) for item in wanted
    ]
    found = [row for row in rows if row is not None]
    busy = {row.slot[:2] for row in found if row.action == "write" and row.measure != AS_OF}
    return [row for row in found if row.measure != AS_OF or row.slot[:2] in busy or is_empty(row.actual)]


def _compare(item: Desired, present: Value, past: History, policy: Mapping[str, str]) -> PlanRow | None:
    last = past.last.after if past.last is not None else None
    if same(item.value, present) or (is_empty(last) and stands_for(item.value, present)):
        return None
    theirs = is_edited(present, past) and policy.get(item.slot.field, "keep") == "keep"
    return PlanRow(
        entity=item.entity,
        key=item.key,
        slot=item.slot,
        measure=item.measure,
        desired=item.value,
        actual=present,
        last_written=last,
        action="keep_theirs" if theirs else "write",
    )


def is_edited(present: Value, past: History) -> bool:
    """Whether somebody else put ``present`` there: it is neither what we last wrote nor a late call of ours."""
    last = past.last.after if past.last is not None else None
    return not stands_for(last, present) and not any(stands_for(value, present) for value in past.pending)


def _counts(rows: Sequence[PlanRow], wanted: Sequence[Desired]) -> dict[str, int]:
    actions = Counter(row.action for row in rows)
    return {
        "fields": len(wanted),
        "write": actions["write"],
        "keep_theirs": actions["keep_theirs"],
        "unchanged": len(wanted) - len(rows),
        "records": len({row.slot[:2] for row in rows if row.action == "write"}),
    }


def _digest(wanted: Sequence[Desired], values: Mapping[Slot, Value]) -> str:
    digest = hashlib.sha256()
    for item in wanted:
        digest.update(json.dumps([item.slot, item.value, values[item.slot]]).encode())
    return digest.hexdigest()


def _save(database: Connection, plan: Plan) -> None:
    table = tables.plan
    older = (table.c.connection == plan.connection) & (table.c.state == "open")
    database.execute(update(table).where(older).values(state="superseded"))
    summary = {"counts": dict(plan.counts), "guards": [asdict(guard) for guard in plan.guards]}
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
        }
        for n, row in enumerate(plan.rows)
    ]
    if lines:
        database.execute(insert(tables.plan_row), lines)


def _row(line: Mapping[str, object]) -> PlanRow:
    texts = {name: str(line[name]) for name in ("entity", "key", "object", "record_id", "field", "measure")}
    values = {name: line[name] for name in ("desired", "actual", "last_written")}
    return PlanRow(
        entity=texts["entity"],
        key=texts["key"],
        slot=Slot(texts["object"], texts["record_id"], texts["field"]),
        measure=texts["measure"],
        desired=from_json(_text(values["desired"])),
        actual=from_json(_text(values["actual"])),
        last_written=from_json(_text(values["last_written"])),
        action="write" if line["action"] == "write" else "keep_theirs",
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
