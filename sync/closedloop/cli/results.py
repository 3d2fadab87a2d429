"""What the working verbs print when they are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.cli import plans, show
from closedloop.service.cycle import outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.extract import StreamResult
    from closedloop.models import Reconciled
    from closedloop.service.cycle import Cycle
    from closedloop.writeback.apply import Applied
    from closedloop.writeback.provision import Provisioned
    from closedloop.writeback.revert import Reverted

#: Entities whose absence makes the figures empty, and what to think of.
_EMPTY = {
    "campaign": "no events or campaigns were found: nothing can be attributed",
    "touch": "no attendees were found: no event can earn anything",
    "account": "no companies were found in the CRM",
    "document": "no invoices were found in the ledger",
}
#: Documents without a rate that are told one by one.
_LEFT_OUT = 5


def streams(found: Sequence[StreamResult]) -> None:
    """Print what each stream read, and whether it is proven complete."""
    show.table(
        "Read",
        ("connection", "stream", "verdict", "#rows", "#held", "#at source", "#deleted", "#refused", "reason"),
        [
            (
                one.connection,
                one.stream,
                one.verdict,
                one.rows,
                one.held_count,
                one.source_count if one.source_count is not None else "cannot count",
                one.deleted,
                one.quarantined,
                one.reason,
            )
            for one in found
        ],
    )


def reconciled(found: Reconciled) -> None:
    """Print how much was computed, what is empty, and the checks that failed."""
    counted = {name: found.rows.get(name, 0) for name in (*_EMPTY, "document_figure", "chain_break")}
    show.line(f"reconciled as of {found.as_of}: {show.pairs(counted)}")
    for name, message in _EMPTY.items():
        if not found.rows.get(name):
            show.line(f"warning: {message}")
    if found.left_out:
        show.line(
            f"warning: {len(found.left_out)} documents have no usable exchange rate and are in no figure:"
        )
        for document in found.left_out[:_LEFT_OUT]:
            show.line(f"  {document}")
        if len(found.left_out) > _LEFT_OUT:
            show.line(
                f"  … and {len(found.left_out) - _LEFT_OUT} more: closedloop --json reconcile lists all"
            )
    if found.unknown:
        show.line(
            f"warning: {len(found.unknown)} campaigns name one of another system that has not landed, and stand apart:"
        )
        for campaign in found.unknown[:_LEFT_OUT]:
            show.line(f"  {campaign}")
    if found.checks:
        show.table(
            "Failed checks",
            ("check", "#rows", "example"),
            [(one.name, one.rows, one.example) for one in found.checks],
        )


def cycle(done: Cycle) -> None:
    """Print a whole cycle."""
    verdicts: dict[str, int] = {}
    for one in done.streams:
        verdicts[one.verdict] = verdicts.get(one.verdict, 0) + 1
    show.line(f"run {done.run_id}: streams {show.pairs(verdicts)}")
    if done.reconciled:
        reconciled(done.reconciled)
    for made in done.plans:
        plans.head(made)
        if made.connection not in done.applied:
            show.line(f"nothing was written: mode is plan; `closedloop apply {made.id}` writes it")
    for name, written in done.applied.items():
        applied(name, written)


def applied(connection: str, done: Applied) -> None:
    """Print what became of the writes."""
    line = {name: count for name, count in outcome(done.delivered).items() if count}
    rest = {
        "would be written": len(done.would_write),
        "kept as edited": len(done.kept),
        "already right": done.unchanged,
        "record gone": done.missing,
        "held back": done.held_back,
    }
    line |= {name: count for name, count in rest.items() if count}
    undo = f"; `closedloop revert {done.run_id}` undoes it" if done.delivered.written else ""
    show.line(f"{connection}: {show.pairs(line) or 'nothing to write'} (fields{undo})")
    if done.held_back:
        show.line(
            "held back: the CRM refused these records before; `closedloop quarantine` lists them and why"
        )


def reverted(done: Reverted) -> None:
    """Print what a revert put back."""
    if done.before:
        show.line(
            f"nothing to put back: all {done.before} fields that {done.reverts} wrote were undone before"
        )
    for connection, delivered in done.delivered.items():
        counts = {name: count for name, count in outcome(delivered).items() if count}
        show.line(f"{connection}: {show.pairs(counts) or 'nothing to put back'} (fields)")
    if done.kept or done.missing:
        show.line(f"left alone: {len(done.kept)} edited since, {done.missing} of records that are gone")
    if any(delivered.written for delivered in done.delivered.values()):
        show.line(
            f"where the mode is apply the next run writes its figures again: set `mode: plan` to keep it so."
            f" `closedloop revert {done.run_id}` takes this revert back"
        )


def provisioned(connection: str, found: Sequence[Provisioned]) -> None:
    """Print the state of each field."""
    show.table(
        f"Fields of {connection}",
        ("object", "field", "holds", "state", "what to do"),
        [(one.object, one.field, one.type, one.state, one.reason) for one in found],
    )
