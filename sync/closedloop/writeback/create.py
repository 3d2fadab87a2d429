"""Carries deeds to the CRM, batch by batch, each journalled before and after; and settles those whose outcome got lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from closedloop.errors import ClosedloopError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import State, read_lines
from closedloop.kit.redact import without_person
from closedloop.kit.sink import REMOVED
from closedloop.log import get_logger
from closedloop.store.stamps import to_text
from closedloop.writeback.sender import Launch, Sender
from closedloop.writeback.value import Slot, stands_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from closedloop.clock import Clock
    from closedloop.kit.outcome import Line
    from closedloop.settings import Settings
    from closedloop.writeback.creations import Creations, Deed, DeedState, Entry
    from closedloop.writeback.sender import Session
    from closedloop.writeback.value import Value

log = get_logger(__name__)

#: Records between two commits.
BATCH_RECORDS = 2000
_SEPARATOR = "/"
_NOT_WRITTEN = "not written"
_STATES: Mapping[State, DeedState] = {
    State.WRITTEN: "written",
    State.REFUSED: "refused",
    State.NOT_SENT: "refused",
    State.UNKNOWN: "unknown",
}
_Outcome = tuple[int, "DeedState", str | None, str | None]


def importer(settings: Settings, connection: str, launch: Launch | None = None) -> Sender:
    """Return the sender of a connection, allowed to write what imports write."""
    sender = Sender.of(settings, connection, launch)
    return replace(sender, config={**sender.config, "closedloop_import": True})


def carry(
    deeds: Sequence[Deed],
    *,
    journal: Creations,
    sender: Sender,
    run_id: str,
    plan_id: str | None,
    clock: Clock,
    batch_records: int = BATCH_RECORDS,
) -> ClosedloopError | None:
    """Do deeds, and settle what became of each. Return what stopped it, if something did.

    Args:
        deeds: What to do; those of one object and kind go together, in the order given.
        journal: Where intents and outcomes go.
        sender: From `importer`.
        run_id: The run they belong to.
        plan_id: The plan they come from; none for a revert.
        clock: Tells when.
        batch_records: Records between two commits.
    """
    stopped: ClosedloopError | None = None
    try:
        for _, group in groupby(deeds, key=_form):
            _carry(
                list(group), journal, sender, run_id=run_id, plan_id=plan_id, clock=clock, size=batch_records
            )
    except ClosedloopError as error:
        stopped = error
        log.warning("import.stopped", connection=journal.connection, message=error.message)
    try:
        settle(journal, sender)
    except ClosedloopError as error:
        stopped = stopped or error
    return stopped


def _form(deed: Deed) -> tuple[str, str, bool, tuple[str, ...]]:
    return deed.object, deed.by, deed.kind == "remove", tuple(sorted(deed.fields))


def _carry(
    deeds: list[Deed],
    journal: Creations,
    sender: Sender,
    *,
    run_id: str,
    plan_id: str | None,
    clock: Clock,
    size: int,
) -> None:
    name, by, is_removal, fields = _form(deeds[0])
    stamp = to_text(clock.now())
    with sender.session(run_id, {}) as session:
        session.announce(name, by.split(_SEPARATOR), [REMOVED] if is_removal else list(fields))
        for begin in range(0, len(deeds), size):
            part = deeds[begin : begin + size]
            batch = journal.next_batch(run_id)
            journal.intend(part, run_id=run_id, plan_id=plan_id, batch=batch, clock=clock)
            failpoint("create.intended")
            try:
                for deed in part:
                    _hand_over(session, deed, stamp)
                journal.operations.insist_lease()
                session.commit(batch)
                failpoint("create.committed")
            finally:
                _settle_batch(journal, sender, run_id, batch)
            failpoint("create.settled")


def _hand_over(session: Session, deed: Deed, stamp: str) -> None:
    names = deed.by.split(_SEPARATOR)
    key: dict[str, Value] = dict(zip(names, deed.key.split(_SEPARATOR, len(names) - 1), strict=True))
    more: Mapping[str, Value] = {REMOVED: stamp} if deed.kind == "remove" else deed.fields
    session.hand_over(deed.object, {**key, **more})


def settle(journal: Creations, sender: Sender) -> int:
    """Settle every open entry of the connection, and return how many there were.

    The target's outcome file knows most; the rest is read back. A target that outlived a killed core keeps the
    connection's lock, so that nothing is read while it still writes.

    Raises:
        ClosedloopError: The CRM cannot be read; nothing may be written until it can.
    """
    open_ = journal.unsettled()
    if not open_:
        return 0
    with sender.lock:
        pass  # whoever was writing has finished
    for run_id in sorted({entry.run_id for entry in open_}):
        mine = [entry for entry in open_ if entry.run_id == run_id]
        journal.settle(_from_lines(mine, read_lines(sender.outcomes(run_id))))
    failpoint("create.resolved_from_file")
    left = journal.unsettled()
    for _, group in groupby(left, key=lambda entry: (entry.deed.object, entry.deed.by, entry.deed.kind)):
        journal.settle(_read_back(list(group), sender))
    failpoint("create.resolved")
    return len(open_)


def _settle_batch(journal: Creations, sender: Sender, run_id: str, batch: int) -> None:
    entries = [entry for entry in journal.of_run(run_id) if entry.batch == batch and entry.state == "intent"]
    lines = (line for line in read_lines(sender.outcomes(run_id)) if line.batch == batch)
    journal.settle(_from_lines(entries, lines))


def _from_lines(entries: Sequence[Entry], lines: Iterable[Line]) -> list[_Outcome]:
    intents: set[tuple[int, str, str]] = set()
    outcomes: dict[tuple[int, str, str], Line] = {}
    for line in lines:
        place = (line.batch, line.stream, line.id)
        if line.phase == "intent":
            intents.add(place)
        else:
            outcomes[place] = line
    found: list[_Outcome] = []
    for entry in entries:
        place = (entry.batch, entry.deed.object, entry.deed.key)
        told = outcomes.get(place)
        if told is not None:
            state = told.state or State.UNKNOWN
            said = told.reason and without_person(told.reason, entry.deed.fields)
            reason = f"{_NOT_WRITTEN}: {said}" if state is State.NOT_SENT else said
            found.append((entry.id, _STATES[state], reason, told.request_id))
        elif place in intents:
            found.append((entry.id, "unknown", "the target ended before the answer came", None))
        else:
            found.append((entry.id, "refused", f"{_NOT_WRITTEN}: never sent", None))
    return found


def _read_back(entries: Sequence[Entry], sender: Sender) -> list[_Outcome]:
    deed = entries[0].deed
    keys = [entry.deed.key for entry in entries]
    if deed.kind != "remove" and deed.by != "id":
        made = sender.find(deed.object, deed.by, keys, sorted(deed.fields))
        return [_judged(entry, is_so=_holds(entry.deed, made.get(entry.deed.key))) for entry in entries]
    fields = sorted(deed.fields or deed.before or {})
    present = sender.read(Slot(deed.object, key, name) for key in keys for name in fields)
    if deed.kind == "remove":
        there = {slot.record_id for slot in present}
        return [_judged(entry, is_so=entry.deed.key not in there) for entry in entries]
    return [
        _judged(
            entry,
            is_so=all(
                stands_for(value, present.get(Slot(deed.object, entry.deed.key, name)))
                for name, value in entry.deed.fields.items()
            ),
        )
        for entry in entries
    ]


def _holds(deed: Deed, found: tuple[str, Mapping[str, Value]] | None) -> bool:
    """Whether the record that a key names is the one that we made: where the key is not ours, its status is too."""
    if found is None:
        return False
    if _SEPARATOR not in deed.by:
        return True
    return all(
        stands_for(deed.fields[name], value) for name, value in found[1].items() if name in deed.fields
    )


def _judged(entry: Entry, *, is_so: bool) -> _Outcome:
    if is_so:
        return entry.id, "written", None, None
    return entry.id, "refused", f"{_NOT_WRITTEN}: read back", None
