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
    return {
        account: {
            "ultimate_parent_key": facts.ultimate_parent(account),
            "customers": customers[account],
            "events_attended": len(events.get(account, ())),
            "first_document_date": ledger.first_positive.get(account),
            **_money(of_account.get(account, []), documents, ledger),
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


def totals(documents: dict[str, DocumentFigure]) -> dict[str, int]:
    """Return the sum of all documents and of each bucket; the buckets add up to the sum."""
    sums = dict.fromkeys(BUCKETS, 0)
    for figure in documents.values():
        for part in figure.parts:
            sums[part.bucket] += part.value
    everything = sum(figure.value for figure in documents.values())
    return {"invoiced_all": everything, **sums}
