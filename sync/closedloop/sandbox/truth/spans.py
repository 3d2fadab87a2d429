"""How many days pass from a touch to the money: touch, opportunity, won, first invoice, paid."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import percentile
from closedloop.sandbox.truth.money import SIGN

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.deals import Deals
    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.money import Ledger
    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.world import Document, Opportunity

NAMES = (
    "days_touch_to_opportunity",
    "days_opportunity_to_won",
    "days_won_to_invoice",
    "days_invoice_to_paid",
)


class Spans:
    """The days between the steps of deals.

    Decided where the page is silent: the first invoice of a deal is its earliest counted invoice or sales receipt (ties by
    published key), also one of before the close, which gives negative days; it is paid on the day on which nothing of it
    is open any more.
    """

    def __init__(self, facts: Facts, ledger: Ledger, deals: Deals) -> None:
        self._facts = facts
        self._ledger = ledger
        self._first: dict[str, Document] = {}
        for key, worth in ledger.worths.items():
            deal = deals.of(key).key
            if deal and worth.value is not None and SIGN[worth.document.kind] > 0:
                held = self._first.setdefault(deal, worth.document)
                self._first[deal] = min(held, worth.document, key=self._order)

    def _order(self, document: Document) -> tuple[date, bytes]:
        return document.day, self._facts.order(document.key)

    def figures(self, created: list[tuple[Opportunity, date]]) -> dict[str, Value]:
        """Return the median and the 80th percentile of each span over deals with the touch that created them."""
        found: dict[str, list[int]] = {name: [] for name in NAMES}
        for deal, touch in created:
            for name, span in zip(NAMES, self._of(deal, touch), strict=False):
                found[name].append(span)
        return {
            f"{name}{suffix}": percentile(spans, percent) if spans else None
            for name, spans in found.items()
            for suffix, percent in (("", 50), ("_p80", 80))
        }

    def _of(self, deal: Opportunity, touch: date) -> list[int]:
        """Return the spans of a deal as far as it came."""
        began, closed = self._facts.day(deal.created_at), self._facts.closed(deal)
        steps: list[date | None] = [touch, began, closed if deal.is_won else None]
        invoice = self._first.get(deal.key)
        if invoice:
            steps += [invoice.day, self._ledger.paid_on(invoice)]
        spans = []
        for one, other in pairwise(steps):
            if one is None or other is None:
                break
            spans.append((other - one).days)
        return spans
