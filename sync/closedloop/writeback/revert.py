"""Undoes a run: puts back what each field held before, except where somebody edited it since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.writeback.apply import code_of
from closedloop.writeback.deliver import BATCH_RECORDS, Delivered, deliver
from closedloop.writeback.journal import Change, Journal
from closedloop.writeback.mapping import objects
from closedloop.writeback.resolve import resolve
from closedloop.writeback.sender import Launch, Sender
from closedloop.writeback.value import Slot, stands_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from closedloop.clock import Clock
    from closedloop.settings import Settings
    from closedloop.store.operations import Operations
    from closedloop.writeback.journal import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """What a revert did, counted in fields.

    Args:
        run_id: The revert's own run.
        reverts: The run it undid.
        delivered: What became of the writes, by connection.
        kept: Fields left alone because they were edited, or written by a later run, since.
        missing: Fields of records that are gone.
        before: Fields that had been undone before, where nothing else was left to do: a revert killed at its end.
        exit_code: 0 all done, 1 something was refused or differs, else what stopped it.
    """

    run_id: str
    reverts: str
    delivered: Mapping[str, Delivered]
    kept: tuple[Slot, ...] = ()
    missing: int = 0
    before: int = 0

    @property
    def exit_code(self) -> int:
        """What a command that did this exits with."""
        return max((code_of(one) for one in self.delivered.values()), default=0)


def revert_run(
    settings: Settings,
    operations: Operations,
    reverts: str,
    *,
    run_id: str,
    clock: Clock,
    only: Sequence[str] = (),
    launch: Launch | None = None,
    progress: Callable[[int, int], None] | None = None,
    batch_records: int = BATCH_RECORDS,
) -> Reverted:
    """Restore what the fields held before a run.

    Args:
        settings: The whole file.
        operations: Keeps the journal.
        reverts: The run to undo.
        run_id: The run this belongs to, from `Operations.begin_run`.
        clock: Tells when.
        only: Restrict to these: an entity (``campaign``), an object (``event.event``), a field (``x_cl_attended``),
            a record (``event.event/12``) or a connection; none: everything.
        launch: Stands in for the installed target.
        progress: Called with the fields done and the fields in all.
        batch_records: Records between two commits.

    Raises:
        ConfigError: The run wrote nothing, or nothing that ``only`` names.
        UnreachableError: The CRM does not answer.
    """
    delivered: dict[str, Delivered] = {}
    kept: list[Slot] = []
    missing = 0
    found = False
    for connection in settings.writeback:
        journal = Journal(operations=operations, connection=connection)
        sender = Sender.of(settings, connection, launch)
        resolve(journal, sender)
        entries = _undoable(journal, reverts, _chooser(settings, connection, only))
        if not entries and not _is_cut_short(journal, reverts):
            continue
        found = True
        present = sender.read(entry.slot for entry in entries)
        changes = [
            Change(slot=entry.slot, before=present[entry.slot], after=entry.before, reverts=entry.id)
            for entry in entries
            if entry.slot in present and stands_for(entry.holds, present[entry.slot])
        ]
        failpoint("writeback.reverting")
        chosen = {change.slot for change in changes}
        kept += [entry.slot for entry in entries if entry.slot in present and entry.slot not in chosen]
        missing += sum(entry.slot not in present for entry in entries)
        delivered[connection] = deliver(
            changes,
            journal=journal,
            sender=sender,
            run_id=run_id,
            plan_id=None,
            clock=clock,
            progress=progress,
            batch_records=batch_records,
        )
        failpoint("writeback.reverted")
    return Reverted(
        run_id=run_id,
        reverts=reverts,
        delivered=delivered,
        kept=tuple(kept),
        missing=missing,
        before=0 if found else _undone_before(settings, operations, reverts, only),
    )


def _undone_before(settings: Settings, operations: Operations, reverts: str, only: Sequence[str]) -> int:
    """Return how many fields a run wrote that were all undone before; at night nobody wants to guess.

    Raises:
        ConfigError: That is not why there is nothing to undo.
    """
    journals = [Journal(operations=operations, connection=name) for name in settings.writeback]
    written = [entry for journal in journals for entry in journal.of_run(reverts) if entry.state == "written"]
    if not written:
        msg = f"run {reverts} wrote nothing that could be undone"
        raise ConfigError(
            msg,
            where="revert",
            fix="`closedloop audit --since DAY` lists what was written, by run",
        )
    if only and any(_undoable(journal, reverts, lambda _slot: True) for journal in journals):
        examples = sorted({entry.slot.object for entry in written} | {entry.slot.field for entry in written})
        msg = f"run {reverts} wrote {len(written)} fields, and nothing that could be undone is {', '.join(only)}"
        raise ConfigError(
            msg,
            where="revert --only",
            fix=f"use campaign, account, OBJECT/ID, or one of: {', '.join(examples)}",
        )
    return len(written)


def _is_cut_short(journal: Journal, run_id: str) -> bool:
    """Whether a killed revert of the run wrote fields that nobody has read back yet."""
    undone = {entry.reverts for entry in journal.unverified() if entry.reverts is not None}
    return bool(undone) and not undone.isdisjoint(entry.id for entry in journal.of_run(run_id))


def _undoable(journal: Journal, run_id: str, chosen: Callable[[Slot], bool]) -> list[Entry]:
    """Return the run's written entries, ordered by record, less those undone before."""
    history = journal.history()
    undone = {
        past.last.reverts
        for past in history.values()
        if past.last is not None and past.last.reverts is not None
    }
    entries = [
        entry
        for entry in journal.of_run(run_id)
        if entry.state == "written" and entry.id not in undone and chosen(entry.slot)
    ]
    return sorted(entries, key=lambda entry: entry.slot)


def _chooser(settings: Settings, connection: str, only: Sequence[str]) -> Callable[[Slot], bool]:
    if not only or connection in only:
        return lambda _slot: True
    part: Mapping[str, dict[str, str]] = {
        "campaign": settings.writeback[connection].campaign,
        "account": settings.writeback[connection].account,
    }
    of = {name: entity for entity, names in objects(settings, connection).items() for name in names}

    def chosen(slot: Slot) -> bool:
        entity = of.get(slot.object) or next((e for e in part if slot.field in part[e].values()), "")
        names = {entity, slot.object, slot.field, f"{slot.object}/{slot.record_id}"}
        return not names.isdisjoint(only)

    return chosen
