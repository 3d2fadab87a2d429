"""The tables that more than one verb prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.cli import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.cli.published import Row

_BLANK = {"no_cost": "no cost", "not_yet": "not yet"}


def league(rows: Sequence[Row], run: Row, *, limit: int | None = None) -> None:
    """Print the events, best first, with what they brought and what they cost."""
    digits = run["home_digits"]
    shown = rows[:limit]
    show.table(
        f"Events by realised ROI, {run['home_currency']}, as of {run['as_of']}"
        f" (attendee value overlaps between events; attributed adds up)",
        ("#", "event", "date", "#attended", "#attendee value", "#attributed", "#cost", "#ROI", ""),
        [
            (
                n,
                row["name"],
                row["start_date"],
                row["attended"],
                show.money(row["attendee_ltv"], digits),
                show.money(row["attributed"], digits),
                show.money(row["cost"], digits),
                show.ratio(row["roi_realised"])
                or _BLANK.get(row["roi_blank_reason"], row["roi_blank_reason"]),
                "immature" if row["immature"] else "",
            )
            for n, row in enumerate(shown, start=1)
        ],
    )
    if len(shown) < len(rows):
        show.line(f"… and {len(rows) - len(shown)} more: see the report")


def breaks_by_reason(rows: Sequence[Row], run: Row) -> None:
    """Print the first breaks of the chain by reason."""
    show.table(
        f"First broken links, as of {run['as_of']} (money at stake in {run['home_currency']}, may overlap)",
        ("link", "reason", "#breaks", "#at stake"),
        [
            (row["link"], row["reason"], row["breaks"], show.money(row["at_stake"], run["home_digits"]))
            for row in rows
        ],
    )


def breaks(rows: Sequence[Row], run: Row) -> None:
    """Print single breaks with the record to open."""
    show.table(
        "Most money at stake first",
        ("who", "event", "link", "reason", "since", "#at stake", "fix", "open"),
        [
            (
                row["account"] or row["subject_key"],
                row["campaign"],
                row["link"],
                row["reason"],
                row["since"],
                show.money(row["at_stake"], run["home_digits"]),
                row["fix"],
                row["url"],
            )
            for row in rows
        ],
    )
