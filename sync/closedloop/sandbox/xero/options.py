"""What the simulated Xero is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The granular scopes of apps made since March 2026.
SCOPES = frozenset(
    {
        "offline_access",
        "accounting.settings.read",
        "accounting.contacts.read",
        "accounting.invoices.read",
        "accounting.payments.read",
        "accounting.manualjournals.read",
        "accounting.banktransactions.read",
        "accounting.reports.profitandloss.read",
        "accounting.reports.balancesheet.read",
    }
)
#: The broad scope that older apps have instead.
BROAD = {
    "accounting.invoices.read": "accounting.transactions.read",
    "accounting.payments.read": "accounting.transactions.read",
    "accounting.manualjournals.read": "accounting.transactions.read",
    "accounting.banktransactions.read": "accounting.transactions.read",
    "accounting.reports.profitandloss.read": "accounting.reports.read",
    "accounting.reports.balancesheet.read": "accounting.reports.read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        minute_limit: Calls a minute to the organisation.
        day_limit: Calls a day.
        concurrent_limit: Calls at once.
        scopes: What tokens may do.
        is_inclusive: Whether If-Modified-Since includes its own second.
        has_pagination: Whether paged answers say how many rows there are.
        lists_deleted: Whether deleted drafts come in listings.
        credit_payment_under: Where a refund names its credit note.
        answers_xml: Whether who does not ask for JSON gets XML.
        revalues: Whether the balance sheet shows open foreign documents at the rate of its day.
        month_titles: How a report's columns are named.
        tenants: How many organisations the consent covers; the first has the books.
    """

    minute_limit: int = 60
    day_limit: int = 5000
    concurrent_limit: int = 5
    scopes: frozenset[str] = SCOPES
    is_inclusive: bool = True
    has_pagination: bool = True
    lists_deleted: bool = True
    credit_payment_under: Literal["Invoice", "CreditNote"] = "Invoice"
    answers_xml: bool = True
    revalues: bool = True
    month_titles: Literal["day", "month"] = "day"
    tenants: int = 1
