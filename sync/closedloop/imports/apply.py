"""Carries out an import: first the people who are new, then who was at the event, then a look at what was made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.imports import plan as plans
from closedloop.imports.profile import profile_of
from closedloop.kit.failpoint import failpoint
from closedloop.writeback.create import carry, importer, settle
from closedloop.writeback.creations import Creations, Deed
from closedloop.writeback.value import Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from closedloop.clock import Clock
    from closedloop.errors import ClosedloopError
    from closedloop.imports.plan import ImportPlan, ImportRow
    from closedloop.imports.profile import Profile, Shape
    from closedloop.settings import Settings
    from closedloop.store.operations import Operations
    from closedloop.writeback.creations import Entry
    from closedloop.writeback.sender import Launch, Sender
    from closedloop.writeback.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, counted in records.

    Args:
        run_id: What `revert` takes.
        plan_id: The import.
        made: Object → records that were created.
        changed: Object → records that were changed.
        refused: Object → records that the CRM refused; with the first reasons.
        unknown: Records of which nobody can tell, even after reading back.
        there: Records that were there when they were looked for again.
        reasons: Why records were refused.
        stopped: What stopped the run.
    """

    run_id: str
    plan_id: str
    made: Mapping[str, int]
    changed: Mapping[str, int]
    refused: Mapping[str, int]
    unknown: int
    there: int
    reasons: tuple[str, ...]
    stopped: ClosedloopError | None = None


@dataclass(slots=True, kw_only=True)
class _Work:
    """One import under way."""

    plan: ImportPlan
    profile: Profile
    journal: Creations
    sender: Sender
    run_id: str
    clock: Clock
    batch_records: int
    there: int = 0
    stopped: ClosedloopError | None = None

    def carry(self, deeds: Sequence[Deed]) -> None:
        """Do deeds, unless something stopped the run before."""
        if deeds and self.stopped is None:
            self.stopped = carry(
                deeds, journal=self.journal, sender=self.sender, run_id=self.run_id, plan_id=self.plan.id,
                clock=self.clock, batch_records=self.batch_records,
            )  # fmt: skip


def apply_import(
    settings: Settings,
    operations: Operations,
    plan_id: str,
    *,
    run_id: str,
    clock: Clock,
    launch: Launch | None = None,
    batch_records: int = 2000,
) -> Imported:
    """Create what a plan says, once: what an earlier try or another import made is found and left.

    Args:
        settings: The whole file.
        operations: Keeps plans and the journal.
        plan_id: The import.
        run_id: The run this belongs to, from `Operations.begin_run`.
        clock: Tells when.
        launch: Stands in for the installed target.
        batch_records: Records between two commits.

    Raises:
        ConfigError: There is no such plan, or the target's configuration is wrong.
        UnreachableError: The CRM does not answer.
    """
    plan = plans.load(operations, plan_id)
    profile = profile_of(settings, plan.connection)
    work = _Work(
        plan=plan, profile=profile, journal=Creations(operations=operations, connection=plan.connection),
        sender=importer(settings, plan.connection, launch), run_id=run_id, clock=clock, batch_records=batch_records,
    )  # fmt: skip
    settle(work.journal, work.sender)
    if plan.state == "applied":
        return _told(work)
    plans.set_state(operations, plan.id, "applying")
    failpoint("import.applying")
    if plan.kind == "leads":
        _people(work)
        failpoint("import.people_made")
        _members(work)
    else:
        _campaigns(work)
    failpoint("import.made")
    _look(work)
    done = _told(work)
    whole = done.stopped is None and not done.refused and not done.unknown
    plans.set_state(operations, plan.id, "applied" if whole else "partly_applied")
    return done


def _people(work: _Work) -> None:
    shape = work.profile.person
    wanted = {_key(shape, row): row for row in work.plan.rows if row.action == "lead"}
    new = _new(work, shape, list(wanted))
    work.carry([_made(shape, key, _person(shape, wanted[key], work)) for key in new])
    _note_found(work, shape)


def _members(work: _Work) -> None:
    shape = work.profile.member
    people = _records_of_people(work)
    wanted: dict[str, dict[str, Value]] = {}
    for row in work.plan.rows:
        record = people.get(row.n)
        if record is not None and row.action in {"lead", "member"}:
            fields = _member(shape, row, record, work)
            wanted[_member_key(shape, row, record, work)] = fields
    new = _new(work, shape, list(wanted), wanted)
    work.carry([_made(shape, key, wanted[key]) for key in new])
    work.carry(_raised(work, [row for row in work.plan.rows if row.action == "status"]))


def _campaigns(work: _Work) -> None:
    shape = work.profile.campaign
    if shape is None:
        return
    wanted = {str(row.content["key"]): row for row in work.plan.rows if row.action == "create"}
    new = _new(work, shape, list(wanted))
    work.carry(
        [_made(shape, key, {**shape.filler, **shape.fixed, **wanted[key].content["fields"]}) for key in new]
    )
    changes = [
        Deed(kind="change", object=row.content["object"], by="id", key=row.content["id"], fields=row.content["fields"],
             before=row.content["before"])
        for row in work.plan.rows
        if row.action == "complete" and not _is_done(work, row.content["id"], row.content["fields"])
    ]  # fmt: skip
    work.carry(sorted(changes, key=lambda deed: sorted(deed.fields)))


def _is_done(work: _Work, key: str, fields: Mapping[str, Value]) -> bool:
    return any(
        entry.state == "written" and entry.deed.key == key and dict(entry.deed.fields) == dict(fields)
        for entry in work.journal.of_plan(work.plan.id)
    )


def _new(
    work: _Work, shape: Shape, keys: list[str], wanted: Mapping[str, Mapping[str, Value]] | None = None
) -> list[str]:
    """Return the keys of which the CRM has no record: neither of ours, nor, where the key is not ours, of anybody's."""
    standing = work.journal.standing(shape.object, keys)
    left = [key for key in keys if key not in standing]
    found = (
        work.sender.find(shape.object, shape.by, left, [shape.status] if shape.status else []) if left else {}
    )
    same = {key for key, (_, values) in found.items() if wanted is None or _is_so(shape, values, wanted[key])}
    work.there += len(same)
    return [key for key in left if key not in same]


def _is_so(shape: Shape, values: Mapping[str, Value], wanted: Mapping[str, Value]) -> bool:
    """Whether the attendance that is there says what ours would: one under a key of ours was made by us."""
    return shape.campaign is not None or values.get(shape.status) in {None, wanted[shape.status]}


def _made(shape: Shape, key: str, fields: Mapping[str, Value]) -> Deed:
    return Deed(kind="create", object=shape.object, by=shape.by, key=key, fields=dict(sorted(fields.items())))


def _key(shape: Shape, row: ImportRow) -> str:
    return (
        str(row.content["told"]["email"]).strip().lower()
        if shape.by == "email"
        else str(row.content["person_key"])
    )


def _person(shape: Shape, row: ImportRow, work: _Work) -> dict[str, Value]:
    told: Mapping[str, Any] = row.content["told"]
    fields: dict[str, Value] = {field: told.get(name) for name, field in shape.fields.items()}
    if shape.title:
        who = told.get("name") or told.get("company") or told.get("email") or row.label
        fields[shape.title] = f"{who} ({work.plan.summary.get('campaign')})"
    return {
        **fields,
        **{name: fields.get(name) or text for name, text in shape.filler.items()},
        **shape.fixed,
    }


def _member_key(shape: Shape, row: ImportRow, record: tuple[str, str], work: _Work) -> str:
    if shape.campaign is None:  # the vendor knows it by the two it belongs to
        return f"{work.plan.campaign_id}/{record[1]}"
    return str(row.content["member_key"])


def _member(shape: Shape, row: ImportRow, record: tuple[str, str], work: _Work) -> dict[str, Value]:
    told: Mapping[str, Any] = row.content["told"]
    fields: dict[str, Value] = {field: told.get(name) for name, field in shape.fields.items()}
    fields[shape.status] = row.content["status"]
    if shape.when:
        fields[shape.when] = row.content["at"] or work.clock.now().isoformat()
    if shape.campaign:
        fields[shape.campaign] = work.plan.campaign_id
        if record[0] in shape.people:
            fields[shape.people[record[0]]] = record[1]
    return {**fields, **shape.fixed}


def _records_of_people(work: _Work) -> dict[int, tuple[str, str]]:
    """Return the record of each row's person, by line: who was there, and who was made."""
    shape = work.profile.person
    keys = {row.n: _key(shape, row) for row in work.plan.rows if row.action == "lead"}
    found = work.sender.find(shape.object, shape.by, list(dict.fromkeys(keys.values())), []) if keys else {}
    known = {row.n: tuple(row.content["record"]) for row in work.plan.rows if row.action == "member"}
    made = {n: (shape.object, found[key][0]) for n, key in keys.items() if key in found}
    return {**known, **made}


def _raised(work: _Work, rows: Sequence[ImportRow]) -> list[Deed]:
    """Return the changes that give attendances a higher status; each remembers what was there."""
    shape = work.profile.member
    if shape.campaign is None:
        deeds = []
        for row in (row for row in rows if "person" in row.content):
            fields = {
                shape.status: row.content["status"],
                str(shape.when): row.content["at"] or work.clock.now().isoformat(),
            }
            deeds.append(
                Deed(
                    kind="change",
                    object=shape.object,
                    by=shape.by,
                    key=_participation(row, work),
                    fields=fields,
                )
            )
        return deeds
    ids = [row.content["member"][1] for row in rows]
    present = work.sender.read(Slot(shape.object, key, shape.status) for key in ids)
    return [
        Deed(kind="change", object=shape.object, by="id", key=key, fields={shape.status: row.content["status"]},
             before={shape.status: present[Slot(shape.object, key, shape.status)]})
        for row, key in zip(rows, ids, strict=True)
        if present.get(Slot(shape.object, key, shape.status)) not in {None, row.content["status"]}
    ]  # fmt: skip


def _participation(row: ImportRow, work: _Work) -> str:
    return f"{work.plan.campaign_id}/{row.content['person'][1]}"


def _look(work: _Work) -> None:
    """Read back what was made, so that a later touch by somebody shows."""
    for shape in work.profile.shapes.values():
        _note_found(work, shape)


def _note_found(work: _Work, shape: Shape) -> None:
    open_ = [
        entry for entry in _written(work) if entry.deed.object == shape.object and entry.deed.kind == "create"
    ]
    if not open_:
        return
    names = sorted({name for entry in open_ for name in entry.deed.fields} | set(shape.signs))
    found = work.sender.find(shape.object, shape.by, [entry.deed.key for entry in open_], names)
    work.journal.note((entry.id, *found[entry.deed.key]) for entry in open_ if entry.deed.key in found)


def _written(work: _Work) -> Iterable[Entry]:
    return [entry for entry in work.journal.of_plan(work.plan.id) if entry.state == "written"]


def _told(work: _Work) -> Imported:
    entries = work.journal.of_plan(work.plan.id)
    latest = {
        (entry.deed.object, entry.deed.key): entry for entry in entries
    }  # an earlier try of the same record is past
    ends = {name: Counter[str]() for name in ("made", "changed", "refused")}
    for entry in latest.values():
        if entry.state == "written":
            ends["made" if entry.deed.kind == "create" else "changed"][entry.deed.object] += 1
        elif entry.state == "refused":
            ends["refused"][entry.deed.object] += 1
    reasons = dict.fromkeys(entry.reason or "" for entry in latest.values() if entry.state == "refused")
    return Imported(
        run_id=work.run_id, plan_id=work.plan.id, made=dict(ends["made"]), changed=dict(ends["changed"]),
        refused=dict(ends["refused"]), unknown=sum(entry.state in {"intent", "unknown"} for entry in latest.values()),
        there=work.there, reasons=tuple(reasons)[:5], stopped=work.stopped,
    )  # fmt: skip
