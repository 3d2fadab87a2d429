"""The tables that more than one verb prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.cli import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.cli.chain import Published
    from closedloop.cli.published import Row

#: Events and owners that are shown.
_SHOWN = 10
#: Letters of a day in ISO.
_DAY = 10
_BLANK = {"no_cost": "no cost", "no_dates": "no dates", "not_yet": "not yet"}


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


def chain(found: Published, run: Row) -> None:
    """Print the breaks of the chain: how much of the revenue is whole, the sums, and single breaks with the record to open."""
    currency, digits, total = run["home_currency"], run["home_digits"], found["total"]
    if found["shares"]:
        show.line(
            "revenue: "
            + show.pairs(
                {
                    "with a whole chain": show.ratio(found["shares"]["whole_chain_share"]) or "no documents",
                    "touched by an event": show.ratio(found["shares"]["event_touched_share"])
                    or "no documents",
                    "linked to an account": show.ratio(found["shares"]["linked_share"]) or "no documents",
                }
            )
        )
    if not total["breaks"]:
        show.line(f"no broken link was found, as of {run['as_of']}")
        return
    show.line(
        f"{total['breaks']} broken chains, {currency} {show.money(total['at_stake'], digits)} at stake (each record once),"
        f" as of {run['as_of']}"
    )
    show.table(
        f"First broken links, {currency}; a deal or invoice counts once for a reason",
        ("link", "reason", "#breaks", "#at stake"),
        [
            (
                row["link"],
                f"{row['reason']} (info)" if row["severity"] == "info" else row["reason"],
                row["breaks"],
                show.money(row["at_stake"], digits),
            )
            for row in found["by_reason"]
        ],
    )
    for title, rows in (("By event", found["by_event"]), ("By owner", found["by_owner"])):
        if rows:
            _totals(title, rows, digits)
    if found["breaks"]:
        _breaks(found["breaks"], digits)


def _totals(title: str, rows: Sequence[Row], digits: int) -> None:
    show.table(
        title,
        (title.removeprefix("By "), "#chains", "#broken", "#at stake"),
        [
            (
                row["name"] or row["key"] or "nobody",
                row["subjects"],
                row["broken"],
                show.money(row["at_stake"], digits),
            )
            for row in rows[:_SHOWN]
        ],
    )
    if len(rows) > _SHOWN:
        show.line(f"… and {len(rows) - _SHOWN} more: closedloop --json breaks lists all")


def _breaks(rows: Sequence[Row], digits: int) -> None:
    show.table(
        "Most money at stake first",
        ("who", "event", "link", "reason", "since", "#at stake", "fix", "open"),
        [
            (
                _who(row),
                row["campaign"],
                row["link"],
                row["reason"],
                row["since"],
                show.money(row["at_stake"], digits),
                row["fix"],
                row["url"],
            )
            for row in rows
        ],
    )


def healed(rows: Sequence[Row]) -> None:
    """Print the breaks that healed: since when they were known, when they healed, and by what."""
    if not rows:
        show.line("no break is known to have healed")
        return
    show.table(
        "Healed, the last first",
        ("who", "event", "link", "reason", "first seen", "healed", "by"),
        [
            (
                _who(row),
                row["campaign"],
                row["link"],
                row["reason"],
                row["first_seen"][:_DAY],
                row["healed_at"][:_DAY],
                row["healed_by"],
            )
            for row in rows
        ],
    )


def _who(row: Row) -> str:
    """Return the person with the company, or the company."""
    who, account = row["who"] or row["subject_key"], row["account"]
    return f"{who}, {account}" if account and account != who else str(who)
