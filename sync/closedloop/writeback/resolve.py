"""Settles writes whose outcome we do not know, before anything else is written.

The target's outcome file knows most of them; the rest is read back. A target that outlived a killed core keeps the
connection's lock, so that we never read while it still writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import Refusal, State, read_lines
from closedloop.writeback.journal import NOT_WRITTEN, Entry, Settled
from closedloop.writeback.value import may_become, stands_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from closedloop.kit.outcome import Line
    from closedloop.writeback.journal import EntryState, Journal
    from closedloop.writeback.sender import Sender
    from closedloop.writeback.value import Slot, Value

#: (batch, object, record id) of one run.
RecordKey = tuple[int, str, str]


def resolve(journal: Journal, sender: Sender) -> int:
    """Settle every open entry of the connection, and return how many there were.

    Raises:
        ClosedloopError: The CRM cannot be read; nothing may be written until it can.
    """
    unsettled = journal.unsettled()
    if not unsettled:
        return 0
    with sender.lock:
        pass  # whoever was writing has finished
    for run_id in sorted({entry.run_id for entry in unsettled}):
        journal.settle(
            from_file([entry for entry in unsettled if entry.run_id == run_id], sender.outcomes(run_id))
        )
        failpoint("writeback.resolved_from_file")
    left = journal.unsettled()
    present = sender.read(entry.slot for entry in left)
    journal.settle(read_back(left, present))
    failpoint("writeback.resolved")
    return len(unsettled)


def from_file(entries: Sequence[Entry], path: Path) -> list[Settled]:
    """Return what a run's outcome file says about its entries.

    An entry whose record has no intent line was never sent.
    """
    return from_lines(entries, read_lines(path))


def from_lines(entries: Sequence[Entry], lines: Iterable[Line]) -> list[Settled]:
    """As `from_file`, from lines already read."""
    intents: set[RecordKey] = set()
    outcomes: dict[RecordKey, Line] = {}
    for line in lines:
        key = (line.batch, line.stream, line.id)
        if line.phase == "intent":
            intents.add(key)
        else:
            outcomes[key] = line
    found = []
    for entry in entries:
        key = (entry.batch, entry.slot.object, entry.slot.record_id)
        if key in outcomes:
            found.append(_settled(entry, outcomes[key]))
        elif key in intents:
            found.append(
                Settled(id=entry.id, state="unknown", reason="the target ended before the answer came")
            )
        else:
            found.append(Settled(id=entry.id, state="refused", reason=f"{NOT_WRITTEN}: never sent"))
    return found


def read_back(entries: Sequence[Entry], present: Mapping[Slot, Value]) -> list[Settled]:
    """Return what the present values say about entries of unknown outcome."""
    return [_judged(entry, present) for entry in entries]


def _settled(entry: Entry, line: Line) -> Settled:
    states: dict[State, EntryState] = {
        State.WRITTEN: "written",
        State.REFUSED: "refused",
        State.NOT_SENT: "refused",
        State.UNKNOWN: "unknown",
    }
    state = line.state or State.UNKNOWN
    reason = f"{NOT_WRITTEN}: {line.reason}" if state is State.NOT_SENT else line.reason
    refusal = (line.refusal or Refusal.VALIDATION) if state is State.REFUSED else None
    return Settled(
        id=entry.id, state=states[state], reason=reason, request_id=line.request_id, refusal=refusal
    )


def _judged(entry: Entry, present: Mapping[Slot, Value]) -> Settled:
    if entry.slot not in present:
        return Settled(id=entry.id, state="superseded", reason="the record is gone")
    value = present[entry.slot]
    if stands_for(entry.after, value):
        return Settled(id=entry.id, state="written")
    if stands_for(entry.before, value):
        return Settled(id=entry.id, state="refused", reason=f"{NOT_WRITTEN}: read back")
    if may_become(entry.after, value):
        return Settled(id=entry.id, state="written")
    return Settled(id=entry.id, state="superseded", reason="somebody changed the field meanwhile")
