"""Carries changes to the CRM, batch by batch, each journalled before and after. Apply and revert both go this way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING

from closedloop.errors import ClosedloopError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import read_lines
from closedloop.log import get_logger
from closedloop.writeback import quarantine
from closedloop.writeback.journal import NOT_WRITTEN
from closedloop.writeback.resolve import from_lines, resolve
from closedloop.writeback.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from closedloop.clock import Clock
    from closedloop.writeback.journal import Change, Entry, Journal
    from closedloop.writeback.sender import Sender, Session

log = get_logger(__name__)

#: Records between two commits: what a kill can leave unknown, and what a restart reads back. Targets cut it into their
#: vendor's own batches; it is large because one of Salesforce's bulk jobs takes as few calls for many rows as for some.
BATCH_RECORDS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of a run's changes, counted in fields.

    Args:
        written: The vendor took them.
        refused: The vendor did not; its reasons are in the quarantine.
        unknown: Nobody can tell, even after reading back.
        not_sent: Left over when the run had to stop.
        verified: Read back as written.
        differing: Read back with another value.
        stopped: What stopped the run.
    """

    written: int = 0
    refused: int = 0
    unknown: int = 0
    not_sent: int = 0
    verified: int = 0
    differing: int = 0
    stopped: ClosedloopError | None = None


def deliver(
    changes: Sequence[Change],
    *,
    journal: Journal,
    sender: Sender,
    run_id: str,
    plan_id: str | None,
    clock: Clock,
    progress: Callable[[int, int], None] | None = None,
    batch_records: int = BATCH_RECORDS,
) -> Delivered:
    """Write ``changes``, settle every outcome, and read back what was written.

    Args:
        changes: Fields to write, in order of record.
        journal: Where intents and outcomes go.
        sender: The connection's target.
        run_id: The run they belong to.
        plan_id: The plan they come from; none for a revert.
        clock: Tells when.
        progress: Called after each batch with the fields done and the fields in all.
        batch_records: Records between two commits.
    """
    stopped: ClosedloopError | None = None
    if changes:
        try:
            _send(changes, journal, sender, run_id, plan_id, clock, progress, batch_records)
        except ClosedloopError as error:
            stopped = error
            log.warning("writeback.stopped", connection=journal.connection, message=error.message)
    try:
        resolve(journal, sender)
        verified, differing = verify(journal, sender, clock=clock)
    except ClosedloopError as error:
        stopped, verified, differing = stopped or error, 0, []
    failpoint("writeback.verified")
    entries = journal.of_run(run_id)
    quarantine.note(journal, entries, clock=clock)
    return _counted(entries, len(changes), verified, len(differing), stopped)


def _send(  # noqa: PLR0917
    changes: Sequence[Change],
    journal: Journal,
    sender: Sender,
    run_id: str,
    plan_id: str | None,
    clock: Clock,
    progress: Callable[[int, int], None] | None,
    batch_records: int,
) -> None:
    fields: dict[str, dict[str, None]] = {}
    for change in changes:
        fields.setdefault(change.slot.object, {})[change.slot.field] = None
    done = 0
    with sender.session(run_id, {name: list(names) for name, names in fields.items()}) as session:
        for batch, part in enumerate(_batches(changes, batch_records), start=1):
            start = _size(sender.outcomes(run_id))
            journal.intend(part, run_id=run_id, plan_id=plan_id, batch=batch, clock=clock)
            failpoint("writeback.intended")
            try:
                _hand_over(part, session)
                journal.operations.insist_lease()
                session.commit(batch)
                failpoint("writeback.committed")
            finally:
                _settle(journal, sender, run_id, batch, start)
            failpoint("writeback.settled")
            done += len(part)
            if progress is not None:
                progress(done, len(changes))


def _hand_over(part: Sequence[Change], session: Session) -> None:
    for (name, record_id), group in groupby(part, key=lambda change: change.slot[:2]):
        session.send(name, record_id, {change.slot.field: change.after for change in group})


def _settle(journal: Journal, sender: Sender, run_id: str, batch: int, start: int) -> None:
    entries = [entry for entry in journal.of_batch(run_id, batch) if entry.state == "intent"]
    lines = (line for line in read_lines(sender.outcomes(run_id), start) if line.batch == batch)
    journal.settle(from_lines(entries, lines))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _batches(changes: Sequence[Change], size: int) -> Iterator[list[Change]]:
    records = groupby(changes, key=lambda change: change.slot[:2])
    while part := [change for _, group in islice(records, size) for change in list(group)]:
        yield part


def _counted(
    entries: Sequence[Entry], total: int, verified: int, differing: int, stopped: ClosedloopError | None
) -> Delivered:
    states = Counter(
        "not_sent"
        if entry.state == "refused" and (entry.reason or "").startswith(NOT_WRITTEN)
        else entry.state
        for entry in entries
    )
    return Delivered(
        written=states["written"],
        refused=states["refused"],
        unknown=states["unknown"] + states["intent"] + states["superseded"],
        not_sent=states["not_sent"] + total - len(entries),
        verified=verified,
        differing=differing,
        stopped=stopped,
    )
