"""The published figures a report shows, read from the marts in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.report import judged

if TYPE_CHECKING:
    from closedloop.report.judged import Judged
    from closedloop.store.analytical import Store

Row = dict[str, Any]

#: Documents shown below one event; the CSV and `explain` have them all.
EVIDENCE_LIMIT = 50
#: Months of each ledger that the tie-out shows; the mart has them all.
TIE_OUT_MONTHS = 12
#: Part of a difference in the tie-out → what it is called.
TIE_OUT_PARTS = {
    "documents": "documents booked elsewhere",
    "payments": "payments that settle none",
    "exchange": "exchange",
    "bank": "bank sales",
    "journals": "journals",
    "other": "other entries",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything on the page.

    Args:
        run: The one row of ``param.run``: as-of day, home currency and its digits, windows.
        campaigns: ``campaign_measures``, best realised ROI first, events without a figure last.
        accounts: Reached accounts by campaign key, largest first.
        credits: Credited documents by campaign key, largest first, at most ``EVIDENCE_LIMIT`` each.
        totals: Name → amount: what all documents sum to, and where each part went.
        breaks: First chain breaks by reason: people or accounts, money at stake, each record counted once.
        shares: The one row of ``chain_share``: how much of the revenue is evidenced.
        tie_out: The documents of each ledger and month beside the ledger's own accounts, the newest months first.
        judged: Same age, what an event would return again, comparisons, scorecards.
    """

    run: Row
    campaigns: list[Row]
    accounts: dict[str, list[Row]]
    credits: dict[str, list[Row]]
    totals: dict[str, int]
    breaks: list[Row]
    shares: Row
    tie_out: list[Row]
    judged: Judged


def read(store: Store) -> Figures:
    """Read the figures of the last reconcile."""
    return Figures(
        run=rows(store, "select * from param.run")[0],
        campaigns=rows(store, CAMPAIGNS),
        accounts=grouped(rows(store, ACCOUNTS)),
        credits=grouped(rows(store, CREDITS, [EVIDENCE_LIMIT])),
        totals={row["name"]: row["value"] for row in rows(store, "select name, value from marts.totals")},
        breaks=rows(store, BREAKS),
        shares=rows(store, SHARES)[0],
        tie_out=rows(store, TIE_OUT, [TIE_OUT_MONTHS]),
        judged=judged.read(lambda sql: rows(store, sql)),
    )


def rows(store: Store, sql: str, parameters: list[object] | None = None) -> list[Row]:
    """Return a query's rows as dictionaries."""
    cursor = store.connection.execute(sql, parameters or [])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def grouped(found: list[Row]) -> dict[str, list[Row]]:
    """Return rows by their campaign key, in the order they came."""
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault(row["campaign_key"], []).append(row)
    return groups


CAMPAIGNS = """
select * from marts.campaign_measures
order by roi_realised desc nulls last, attributed desc, start_date desc, campaign_key
"""

#: Takes how many months of each ledger; 0: all.
TIE_OUT = """
select * from marts.tie_out
qualify $1 = 0 or row_number() over (partition by source order by month desc) <= $1
order by source, month desc
"""

ACCOUNTS = """
select reached.*, account.name, account.url
from marts.campaign_account as reached
join canonical.account as account on account.key = reached.account_key
order by reached.campaign_key, reached.invoiced desc, reached.account_key
"""

CREDITS = """
select credit.campaign_key, credit.value, credit.collected, document.number, document.kind, document.date,
    document.url, document.deal_rule, account.name as account
from marts.attribution_credit as credit
join marts.document_value as document on document.document_key = credit.document_key
left join canonical.account as account on account.key = credit.account_key
where credit.model = (select primary_model from param.run) and credit.value <> 0
qualify row_number() over (
    partition by credit.campaign_key order by abs(credit.value) desc, credit.document_key
) <= ?
order by credit.campaign_key, abs(credit.value) desc, credit.document_key
"""

BREAKS = """
select broken.link, broken.reason, total.subjects, total.at_stake, broken.fix
from (select link, reason, min(fix) as fix from marts.chain_break group by all) as broken
join marts.chain_total as total on total.by = 'reason' and total.key = broken.reason
order by total.at_stake desc, total.subjects desc, broken.reason
"""

SHARES = "select * from marts.chain_share"
