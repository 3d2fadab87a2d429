"""How a plan and the audit are printed: as a table, or as a difference record by record."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from closedloop.cli import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.writeback.plan import Plan, PlanRow
    from closedloop.writeback.value import Value

_SIGNS = {"write": "~", "keep_theirs": "=", "keep_old": "=", "held_back": "!"}


def head(one: Plan) -> None:
    """Print what a plan comes to, and the guards that would stop it."""
    show.line(f"plan {one.id} for {one.connection}, figures as of {one.as_of}: {show.pairs(one.counts)}")
    for guard in one.guards:
        show.line(f"guard {guard.name} would stop it: {guard.message}")


def table(one: Plan, *, limit: int) -> None:
    """Print the fields of a plan, a line each; ``limit`` 0 prints all."""
    if not one.rows:
        return
    chosen = one.rows[:limit] if limit else one.rows
    show.table(
        "",
        ("record", "name", "field", "#theirs", "#ours", "#last written", "do", "why"),
        [
            (
                _record(row),
                row.name,
                row.slot.field,
                row.actual,
                row.desired,
                row.last_written,
                row.action,
                row.why,
            )
            for row in chosen
        ],
    )
    _rest(one, len(chosen))


def diff(one: Plan, *, limit: int) -> None:
    """Print a plan record by record: ``~`` is written, ``=`` is left as it is, ``!`` is held back."""
    chosen = one.rows[:limit] if limit else one.rows
    for _, rows in groupby(chosen, key=lambda row: row.slot[:2]):
        record = list(rows)
        show.line(f"{record[0].name or '(no name)'}  {_record(record[0])}  {record[0].url or ''}".rstrip())
        for row in record:
            last = f"; last written {_shown(row.last_written)}" if row.action != "write" else ""
            show.line(
                f"  {_SIGNS[row.action]} {row.slot.field}: {_shown(row.actual)} → {_shown(row.desired)}  ({row.why}{last})"
            )
    _rest(one, len(chosen))


def tail(one: Plan) -> None:
    """Print what to do next."""
    if not one.writes:
        show.line("the CRM holds what it should" if not one.rows else "there is nothing to write")
    elif one.state == "open":
        show.line(f"closedloop apply {one.id}  writes it; with --dry-run it only looks")
    else:
        show.line(f"this plan is {one.state}")


def audit(rows: Sequence[Mapping[str, Any]], *, limit: int) -> None:
    """Print the newest entries of the journal."""
    chosen = rows[-limit:] if limit else rows
    show.table(
        "",
        ("at", "run", "by", "record", "field", "#before", "#after", "outcome", "reason"),
        [
            (
                row["at"][:19],
                row["run"],
                row["by"],
                f"{row['object']}/{row['record']}",
                row["field"],
                row["before"],
                row["after"],
                row["outcome"]
                if row["verified_at"] or row["outcome"] != "written"
                else "written, not read back",
                row["reason"],
            )
            for row in chosen
        ],
    )
    if len(chosen) < len(rows):
        show.line(f"… the newest {len(chosen)} of {len(rows)}: --limit 0 shows all, --csv FILE writes them")


def _record(row: PlanRow) -> str:
    return f"{row.slot.object}/{row.slot.record_id}"


def _shown(value: Value) -> str:
    return "(empty)" if value is None or value == "" else str(value)


def _rest(one: Plan, shown: int) -> None:
    if len(one.rows) > shown:
        show.line(
            f"… and {len(one.rows) - shown} more: --limit 0 shows all, `closedloop --json plan` lists them"
        )
