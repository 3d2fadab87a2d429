"""Executes a plan: guards, a last look at each record, then the writes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from closedloop.errors import GuardError, PartlyFailedError
from closedloop.kit.failpoint import failpoint
from closedloop.writeback import quarantine, tripped
from closedloop.writeback.deliver import BATCH_RECORDS, Delivered, deliver
from closedloop.writeback.journal import Change, History, Journal
from closedloop.writeback.mapping import AS_OF, section
from closedloop.writeback.plan import build_plan, load_plan, set_state
from closedloop.writeback.resolve import resolve
from closedloop.writeback.sender import Launch, Sender
from closedloop.writeback.value import Slot, Value, is_empty, same, stands_for
from closedloop.writeback.verdict import is_edited, policy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from closedloop.clock import Clock
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations
    from closedloop.writeback.plan import Plan, PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an apply did, counted in fields.

    Args:
        run_id: What `revert` takes.
        plan_id: The plan.
        delivered: What became of the writes.
        kept: Fields left alone because a person edited them, before the plan or since.
        unchanged: Fields that held the right value already when they were looked at again.
        missing: Fields of records that are gone.
        held_back: Fields of records that the CRM refused, which are not tried again yet.
        would_write: Of a dry run: what it would write; nothing was.
        exit_code: 0 all done, 1 something was refused or differs, else what stopped it.
    """

    run_id: str
    plan_id: str
    delivered: Delivered
    kept: tuple[Slot, ...] = ()
    unchanged: int = 0
    missing: int = 0
    held_back: int = 0
    would_write: tuple[Change, ...] = ()

    @property
    def exit_code(self) -> int:
        """What a command that did this exits with."""
        return code_of(self.delivered)


def code_of(delivered: Delivered) -> int:
    """Return the exit code that ``delivered`` asks for."""
    if delivered.stopped is not None:
        return delivered.stopped.exit_code
    return 1 if delivered.refused or delivered.unknown or delivered.differing or delivered.not_sent else 0


def apply_plan(
    settings: Settings,
    store: Store,
    operations: Operations,
    plan_id: str,
    *,
    run_id: str,
    clock: Clock,
    allow: Collection[str] = (),
    failed_checks: Iterable[str] = (),
    launch: Launch | None = None,
    progress: Callable[[int, int], None] | None = None,
    batch_records: int = BATCH_RECORDS,
    dry_run: bool = False,
) -> Applied:
    """Make one CRM hold what the plan says.

    Args:
        settings: The whole file.
        store: Holds the figures and the landed rows.
        operations: Keeps plans and the journal.
        plan_id: The plan.
        run_id: The run this belongs to, from `Operations.begin_run`.
        clock: Tells when.
        allow: Guards to override.
        failed_checks: Names of the checks of the figures that failed.
        launch: Stands in for the installed target.
        progress: Called with the fields done and the fields in all.
        batch_records: Records between two commits.
        dry_run: Do all but the writes: guards, and a last look at each record.

    Raises:
        GuardError: A guard stops it, or the plan is stale; nothing was written.
        PartlyFailedError: The CRM shows none of the records that would change.
        ConfigError: There is no such plan, or the target's configuration is wrong.
        UnreachableError: The CRM does not answer.
    """
    tripped.insist_known(allow)
    plan = load_plan(operations, plan_id)
    if plan.state == "applied":
        return Applied(run_id=run_id, plan_id=plan_id, delivered=Delivered())
    journal = Journal(operations=operations, connection=plan.connection)
    sender = Sender.of(settings, plan.connection, launch)
    resolve(journal, sender)
    if plan.state == "open" and not plan.writes and not journal.unverified():
        return _nothing_to_write(plan, operations, run_id=run_id, allow=allow, dry_run=dry_run)
    fresh = build_plan(settings, store, operations, plan.connection, clock=clock, failed_checks=failed_checks)
    _refuse_stale(plan, fresh, operations)
    tripped.enforce(fresh.guards, allow=allow, where=f"{plan.connection}, plan {plan.id}")
    if not dry_run:
        set_state(operations, plan.id, "applying")
        failpoint("writeback.applying")
    look = _look_again(plan.writes, sender.read(row.slot for row in plan.writes), journal, settings)
    _insist_on_records(plan, look, operations)
    if dry_run:
        return _told(
            Applied(run_id=run_id, plan_id=plan.id, delivered=Delivered(), would_write=tuple(look.changes)),
            plan,
            look,
        )
    delivered = deliver(
        look.changes,
        journal=journal,
        sender=sender,
        run_id=run_id,
        plan_id=plan.id,
        clock=clock,
        progress=progress,
        batch_records=batch_records,
    )
    quarantine.stamp(journal, store)
    failpoint("writeback.stamped")
    set_state(operations, plan.id, "applied" if code_of(delivered) == 0 else "partly_applied")
    failpoint("writeback.applied")
    return _told(Applied(run_id=run_id, plan_id=plan.id, delivered=delivered), plan, look)


def _nothing_to_write(
    plan: Plan, operations: Operations, *, run_id: str, allow: Collection[str], dry_run: bool
) -> Applied:
    """End a plan without comparing everything once more; its guards are asked all the same."""
    tripped.enforce(plan.guards, allow=allow, where=f"{plan.connection}, plan {plan.id}")
    if not dry_run:
        set_state(operations, plan.id, "applied")
    return _told(Applied(run_id=run_id, plan_id=plan.id, delivered=Delivered()), plan, _Look())


def _told(done: Applied, plan: Plan, look: _Look) -> Applied:
    """Add what was not written, and why not."""
    kept = [row.slot for row in plan.rows if row.action == "keep_theirs"]
    return replace(
        done,
        kept=(*kept, *look.edited),
        unchanged=look.unchanged,
        missing=look.missing,
        held_back=sum(row.action == "held_back" for row in plan.rows),
    )


@dataclass(slots=True, kw_only=True)
class _Look:
    changes: list[Change] = field(default_factory=list)
    edited: list[Slot] = field(default_factory=list)
    unchanged: int = 0
    missing: int = 0


def _refuse_stale(plan: Plan, fresh: Plan, operations: Operations) -> None:
    if plan.state in {"open", "applying", "partly_applied"} and plan.basis == fresh.basis:
        return
    why = (
        "a newer plan replaced it"
        if plan.state == "superseded"
        else "the figures or the CRM have changed since"
    )
    if plan.state != "superseded":
        set_state(operations, plan.id, "stale")
    msg = f"nothing was written. the plan is stale: {why}"
    raise GuardError(msg, where=f"plan {plan.id}", fix="run `closedloop plan` and apply the new one")


def _insist_on_records(plan: Plan, look: _Look, operations: Operations) -> None:
    """Some records may be gone since the plan; all of them at once is a blind reader, not a tidy CRM."""
    if not plan.writes or look.missing < len(plan.writes):
        return
    set_state(operations, plan.id, "stale")
    msg = f"nothing was written. none of the {look.missing} fields to write was found in the CRM"
    raise PartlyFailedError(
        msg,
        where=f"{plan.connection}, plan {plan.id}",
        fix="check that the API user may see these records, then run `closedloop sync` and plan again",
    )


def _look_again(
    rows: Sequence[PlanRow], present: Mapping[Slot, Value], journal: Journal, settings: Settings
) -> _Look:
    """Compare each row with what the CRM holds this moment."""
    part = section(settings, journal.connection)
    history = journal.history()
    look = _Look()
    for row in rows:
        if row.slot not in present:
            look.missing += 1
        elif same(row.desired, present[row.slot]):
            look.unchanged += 1
        elif (
            _edited_since(row, present[row.slot], history)
            and policy_of(part, row.slot.field).edited != "overwrite"
        ):
            look.edited.append(row.slot)
        else:
            look.changes.append(Change(slot=row.slot, before=present[row.slot], after=row.desired))
    look.changes = _without_lone_dates(look.changes, rows)
    return look


def _edited_since(row: PlanRow, present: Value, history: Mapping[Slot, History]) -> bool:
    if stands_for(row.actual, present):
        return False
    return is_edited(present, history.get(row.slot) or History())


def _without_lone_dates(changes: Sequence[Change], rows: Sequence[PlanRow]) -> list[Change]:
    """Drop the as-of date of a record whose figures all turned out to stay."""
    dates = {row.slot for row in rows if row.measure == AS_OF}
    busy = {change.slot[:2] for change in changes if change.slot not in dates}
    return [
        change
        for change in changes
        if change.slot not in dates or change.slot[:2] in busy or is_empty(change.before)
    ]
