"""Figures per account, and the totals that prove that nothing is lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.money import Ledger
    from closedloop.sandbox.truth.results import DocumentFigure, Value
    from closedloop.sandbox.truth.touches import Touch

BUCKETS = ("credited", "no_deal", "no_touch", "unlinked")


def account_figures(
    facts: Facts, ledger: Ledger, touches: list[Touch], documents: dict[str, DocumentFigure]
) -> dict[str, dict[str, Value]]:
    """Return the measures of every account that is kept, also of those without any document."""
    keys = [record.key for record in facts.world.accounts if facts.account(record.key) == record.key]
    customers = Counter(facts.account_of_customer(customer.key) for customer in facts.world.customers)
    events: dict[str | None, set[str]] = {}
    for touch in touches:
        if touch.status == "attended":
            events.setdefault(touch.account, set()).add(touch.event)
    of_account: dict[str | None, list[str]] = {}
    for key, worth in ledger.worths.items():
        of_account.setdefault(worth.account, []).append(key)
    apart = _apart(facts, ledger)
    return {
        account: {
            "ultimate_parent_key": facts.ultimate_parent(account),
            "customers": customers[account],
            "events_attended": len(events.get(account, ())),
            "first_document_date": ledger.first_positive.get(account),
            **_money(of_account.get(account, []), documents, ledger),
            **apart.get(account, {"unallocated": 0, "fx_difference": 0}),
        }
        for account in keys
    }


def _money(keys: list[str], documents: dict[str, DocumentFigure], ledger: Ledger) -> dict[str, Value]:
    counted = [key for key in keys if documents[key].state == "counted"]
    days = [ledger.worths[key].document.day for key in counted]
    credited = [part.value for key in counted for part in documents[key].parts if part.bucket == "credited"]
    return {
        "invoiced": sum(documents[key].value for key in counted),
        "collected": sum(documents[key].collected for key in counted),
        "last_document_date": max(days, default=None),
        "written_off": sum(ledger.worths[key].written_off for key in counted),
        "attributed_linear": sum(credited),
        "attributed": sum(credited),
        "not_convertible": len(keys) - len(counted),
    }


def _apart(facts: Facts, ledger: Ledger) -> dict[str, dict[str, Value]]:
    """Return what accounts paid that settles nothing yet, and what rates did to their payments (measure 4).

    Both need a rate of the payment's day where money is foreign, which not every ledger keeps: an account with any foreign
    payment has neither figure here.
    """
    home = facts.world.home_currency
    found: dict[str, dict[str, Value]] = {}
    foreign: set[str] = set()
    for payment in facts.world.payments:
        account = facts.account_of_customer(payment.customer)
        if account is None or payment.status != "posted" or payment.day > facts.world.as_of:
            continue
        if payment.currency != home:
            foreign.add(account)
        left = payment.amount - ledger.used_of_payment.get(payment.key, 0)
        row = found.setdefault(account, {"unallocated": 0, "fx_difference": 0})
        held = row["unallocated"]
        row["unallocated"] = (held if isinstance(held, int) else 0) + (
            left if payment.direction == "in" else 0
        )
    return {account: {} if account in foreign else row for account, row in found.items()}


def totals(documents: dict[str, DocumentFigure]) -> dict[str, int]:
    """Return the sum of all documents and of each bucket; the buckets add up to the sum."""
    sums = dict.fromkeys(BUCKETS, 0)
    for figure in documents.values():
        for part in figure.parts:
            sums[part.bucket] += part.value
    everything = sum(figure.value for figure in documents.values())
    return {"invoiced_all": everything, **sums}
