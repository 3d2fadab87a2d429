"""Undoes an import: removes what it made, except what a person has touched since, and puts back what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from closedloop.errors import ConfigError
from closedloop.imports.profile import profile_of
from closedloop.kit.failpoint import failpoint
from closedloop.store import tables
from closedloop.writeback.create import carry, importer, settle
from closedloop.writeback.creations import Creations, Deed
from closedloop.writeback.value import Slot, stands_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.clock import Clock
    from closedloop.errors import ClosedloopError
    from closedloop.imports.profile import Profile, Shape
    from closedloop.settings import Settings
    from closedloop.store.operations import Operations
    from closedloop.writeback.creations import Entry
    from closedloop.writeback.sender import Launch, Sender
    from closedloop.writeback.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What undoing an import did, counted in records.

    Args:
        run_id: The revert's own run.
        reverts: The run it undid.
        removed: Records that were removed.
        restored: Records that hold again what they held.
        left: Records that stay, each with the reason.
        missing: Records that were gone already.
        stopped: What stopped the run.
    """

    run_id: str
    reverts: str
    removed: int
    restored: int
    left: tuple[str, ...]
    missing: int
    stopped: ClosedloopError | None = None


@dataclass(slots=True, kw_only=True)
class _Judged:
    """What can be undone of one object, and what stays."""

    deeds: list[Deed]
    left: list[str]
    missing: int = 0


def is_import(operations: Operations, run_id: str) -> bool:
    """Whether a run imported something."""
    table = tables.creation
    with operations.reading() as database:
        return (
            database.execute(select(table.c.id).where(table.c.run_id == run_id).limit(1)).first() is not None
        )


def undo_import(
    settings: Settings,
    operations: Operations,
    reverts: str,
    *,
    run_id: str,
    clock: Clock,
    launch: Launch | None = None,
) -> Undone:
    """Undo what a run imported.

    Args:
        settings: The whole file.
        operations: Keeps the journal.
        reverts: The run to undo.
        run_id: The run this belongs to, from `Operations.begin_run`.
        clock: Tells when.
        launch: Stands in for the installed target.

    Raises:
        ConfigError: The run imported nothing, or into a connection that is gone.
        UnreachableError: The CRM does not answer.
    """
    connection = _connection(settings, operations, reverts)
    profile = profile_of(settings, connection)
    journal = Creations(operations=operations, connection=connection)
    sender = importer(settings, connection, launch)
    settle(journal, sender)
    entries = [entry for entry in journal.of_run(reverts) if entry.state == "written"]
    gone = journal.undone([entry.id for entry in entries])
    entries = [entry for entry in entries if entry.id not in gone]
    failpoint("import.undoing")
    left: list[str] = []
    missing = 0
    kept: set[str] = set()
    stopped: ClosedloopError | None = None
    for shape in (profile.member, profile.person, *([profile.campaign] if profile.campaign else [])):
        mine = [entry for entry in entries if entry.deed.object == shape.object]
        judged = _judge(mine, shape, sender, kept, clock)
        left, missing = left + judged.left, missing + judged.missing
        if judged.deeds and stopped is None:
            stopped = carry(
                judged.deeds, journal=journal, sender=sender, run_id=run_id, plan_id=None, clock=clock
            )
        failpoint("import.undone")
        kept |= _people_of_kept(mine, judged, profile)
    done = [entry for entry in journal.of_run(run_id) if entry.state == "written"]
    refused = [
        f"{entry.deed.object}/{entry.deed.key}: {entry.reason}"
        for entry in journal.of_run(run_id)
        if entry.state != "written"
    ]
    return Undone(
        run_id=run_id,
        reverts=reverts,
        removed=sum(entry.deed.kind == "remove" for entry in done),
        restored=sum(entry.deed.kind == "change" for entry in done),
        left=tuple(left + refused),
        missing=missing,
        stopped=stopped,
    )


def _connection(settings: Settings, operations: Operations, run_id: str) -> str:
    table = tables.creation
    with operations.reading() as database:
        found = database.execute(select(table.c.connection).where(table.c.run_id == run_id).limit(1)).scalar()
    if found is None:
        msg = f"run {run_id} imported nothing"
        raise ConfigError(msg, where="revert", fix="`closedloop status` lists the runs")
    if found not in settings.connections:
        msg = f"there is no connection {found} any more"
        raise ConfigError(
            msg, where="revert", fix="put it back into the file, or `closedloop connection rename`"
        )
    return str(found)


def _judge(entries: Sequence[Entry], shape: Shape, sender: Sender, kept: set[str], clock: Clock) -> _Judged:
    made = [entry for entry in entries if entry.deed.kind == "create"]
    changed = [entry for entry in entries if entry.deed.kind == "change"]
    judged = _Judged(deeds=[], left=[])
    names = sorted({name for entry in made for name in entry.seen or {}})
    found = sender.find(shape.object, shape.by, [entry.deed.key for entry in made], names) if made else {}
    for entry in made:
        why, deed = _made(entry, found.get(entry.deed.key), shape, kept=kept, clock=clock)
        judged.missing += entry.deed.key not in found
        judged.left += [f"{_name(entry)}: {why}"] * bool(why)
        judged.deeds += [deed] if deed else []
    _changed([entry for entry in changed if entry.deed.by == "id"], sender, judged)
    judged.left += [
        f"{_name(entry)}: the CRM does not let a status be lowered again"
        for entry in changed
        if entry.deed.by != "id"
    ]
    return judged


def _made(
    entry: Entry,
    present: tuple[str, Mapping[str, Value]] | None,
    shape: Shape,
    *,
    kept: set[str],
    clock: Clock,
) -> tuple[str, Deed | None]:
    """Return why a record that we made stays, or what removes it; neither where it is gone."""
    if present is None:
        return "", None
    record, values = present
    if entry.seen is None:
        return "it was never read back", None
    touched = sorted(name for name, value in entry.seen.items() if not _equal(value, values.get(name)))
    if touched:
        return f"somebody has touched it since ({', '.join(touched)})", None
    if record in kept:
        return "an attendance of it stays", None
    if shape.undone_by:
        return "", _taken_back(entry, shape, clock)
    name, key = shape.object, entry.id
    return "", Deed(
        kind="remove", object=name, by="id", key=record, fields={}, before=_probe(entry), undoes=key
    )


def _taken_back(entry: Entry, shape: Shape, clock: Clock) -> Deed:
    """Return the attendance that undoes one which the vendor cannot remove."""
    fields: dict[str, Value] = {shape.status: shape.undone_by}
    if shape.when:
        fields[shape.when] = clock.now().isoformat()
    return Deed(
        kind="change", object=shape.object, by=shape.by, key=entry.deed.key, fields=fields,
        before={shape.status: entry.deed.fields.get(shape.status)}, undoes=entry.id,
    )  # fmt: skip


def _changed(entries: Sequence[Entry], sender: Sender, judged: _Judged) -> None:
    present = sender.read(
        Slot(entry.deed.object, entry.deed.key, name) for entry in entries for name in entry.deed.fields
    )
    for entry in entries:
        now = {name: present.get(Slot(entry.deed.object, entry.deed.key, name)) for name in entry.deed.fields}
        if not all(stands_for(value, now[name]) for name, value in entry.deed.fields.items()):
            judged.left.append(f"{_name(entry)}: somebody has changed it since")
            continue
        before = entry.deed.before or {}
        fields = {name: before.get(name) for name in entry.deed.fields}
        judged.deeds.append(
            Deed(kind="change", object=entry.deed.object, by="id", key=entry.deed.key, fields=fields, before=entry.deed.fields,
                 undoes=entry.id)
        )  # fmt: skip


def _people_of_kept(entries: Sequence[Entry], judged: _Judged, profile: Profile) -> set[str]:
    """Return the ids of people whose attendance stays: their records stay with it."""
    undone = {deed.undoes for deed in judged.deeds}
    fields = set(profile.member.people.values())
    return {
        str(value)
        for entry in entries
        if entry.id not in undone
        for name, value in entry.deed.fields.items()
        if name in fields and value
    }


def _probe(entry: Entry) -> dict[str, Value]:
    """Return one field by which a look tells whether the record is there."""
    return dict([next(iter(entry.deed.fields.items()))])


def _equal(one: Value, other: Value) -> bool:
    return one == other or stands_for(one, other)


def _name(entry: Entry) -> str:
    return f"{entry.deed.object}/{entry.record_id or entry.deed.key}"
