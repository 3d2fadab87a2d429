"""What documents are worth and what of it was paid (measures 1 to 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import rounded

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.world import Allocation, Document

SIGN = {"invoice": 1, "sales_receipt": 1, "credit_note": -1, "refund": -1}


@dataclass(slots=True, kw_only=True, frozen=True)
class Worth:
    """A counted document: signed home money, none where it cannot be converted."""

    document: Document
    value: int | None
    collected: int
    account: str | None


class Ledger:
    """The posted documents dated on or before the world's last day, and what settles them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._as_of = facts.world.as_of
        self._documents = {document.key: document for document in facts.world.documents}
        self._settled_by: dict[str, list[tuple[int, date]]] = {}
        self.used: dict[str, list[Allocation]] = {}
        for allocation in facts.world.allocations:
            self._note(allocation)
        self.worths = {
            document.key: self._worth(document)
            for document in facts.world.documents
            if document.status == "posted" and document.day <= self._as_of
        }
        self.first_positive = self._first_positive()

    def effective(self, allocation: Allocation) -> date:
        """Return the latest of the settlement's own day and the days of the documents it joins."""
        joined = [key for key in (allocation.document, allocation.credit) if key]
        return max(allocation.day, *(self._documents[key].day for key in joined))

    def _note(self, allocation: Allocation) -> None:
        when = self.effective(allocation)
        self._settled_by.setdefault(allocation.document, []).append((allocation.amount, when))
        if allocation.credit:
            self._settled_by.setdefault(allocation.credit, []).append((allocation.amount, when))
            self.used.setdefault(allocation.credit, []).append(allocation)

    def _worth(self, document: Document) -> Worth:
        account = self._facts.account_of_customer(document.customer)
        if document.home_net is None:
            return Worth(document=document, value=None, collected=0, account=account)
        sign = SIGN[document.kind]
        revenue = sum(line.home_net for line in document.lines if line.line_class == "revenue")
        written_off = sum(line.home_net for line in document.lines if line.line_class == "write_off")
        collected = (
            rounded(abs(revenue) * self._settled(document), document.gross) if document.gross else revenue
        )
        return Worth(
            document=document,
            value=sign * revenue,
            collected=sign * (collected + written_off),
            account=account,
        )

    def _settled(self, document: Document) -> int:
        if document.kind in {"sales_receipt", "refund"}:
            return document.gross
        settlements = self._settled_by.get(document.key, [])
        return sum(amount for amount, when in settlements if when <= self._as_of)

    def _first_positive(self) -> dict[str, date]:
        first: dict[str, date] = {}
        for worth in self.worths.values():
            if worth.account and worth.value is not None and worth.value > 0:
                day = worth.document.day
                first[worth.account] = min(first.get(worth.account, day), day)
        return first
