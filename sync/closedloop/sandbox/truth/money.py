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
    """A counted document: signed home money, none where it cannot be converted.

    ``receipts`` says what was collected of it in all at the end of each day on which that may have changed.
    """

    document: Document
    value: int | None
    account: str | None
    written_off: int = 0
    receipts: tuple[tuple[date, int], ...] = ()

    @property
    def collected(self) -> int:
        """What was collected up to the last day."""
        return self.receipts[-1][1] if self.receipts else 0


class Ledger:
    """The posted documents dated on or before the world's last day, and what settles them.

    Decided where the page is silent: what is written off on a credit note is collected as far as the note has settled
    something, rounded together with its revenue; a note that nobody used has taken nothing back yet.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._as_of = facts.world.as_of
        self._documents = {document.key: document for document in facts.world.documents}
        self._settled_by: dict[str, list[tuple[int, date]]] = {}
        self.used: dict[str, list[Allocation]] = {}
        self.used_of_payment: dict[str, int] = {}
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
        if allocation.payment and when <= self._as_of:
            before = self.used_of_payment.get(allocation.payment, 0)
            self.used_of_payment[allocation.payment] = before + allocation.amount
        if allocation.credit:
            self._settled_by.setdefault(allocation.credit, []).append((allocation.amount, when))
            self.used.setdefault(allocation.credit, []).append(allocation)

    def _worth(self, document: Document) -> Worth:
        account = self._facts.account_of_customer(document.customer)
        if document.home_net is None:
            return Worth(document=document, value=None, account=account)
        sign = SIGN[document.kind]
        revenue = sum(line.home_net for line in document.lines if line.line_class == "revenue")
        written_off = sum(line.home_net for line in document.lines if line.line_class == "write_off")
        whole = revenue + written_off
        return Worth(
            document=document,
            value=sign * revenue,
            account=account,
            written_off=sign * written_off,
            receipts=tuple(
                (day, sign * (rounded(abs(whole) * settled, document.gross) if document.gross else whole))
                for day, settled in self._settled(document)
            ),
        )

    def _settled(self, document: Document) -> list[tuple[date, int]]:
        """Return how much was settled in all, in the document's currency, by the end of each day of its life."""
        if document.kind in {"sales_receipt", "refund"}:
            return [(document.day, document.gross)]
        settlements = self._settled_by.get(document.key, [])
        days = sorted({document.day, *(when for _, when in settlements if when <= self._as_of)})
        return [(day, sum(amount for amount, when in settlements if when <= day)) for day in days]

    def open_at(self, document: Document, day: date) -> int:
        """Return what was open of a document at the end of a day, in its own currency."""
        if document.day > day:
            return 0
        settled = [amount for when, amount in self._settled(document) if when <= day]
        return document.gross - (settled[-1] if settled else 0)

    def paid_on(self, document: Document) -> date | None:
        """Return the first day on which nothing of a document was open any more."""
        return next((day for day, settled in self._settled(document) if settled >= document.gross), None)

    def _first_positive(self) -> dict[str, date]:
        first: dict[str, date] = {}
        for worth in self.worths.values():
            if worth.account and worth.value is not None and worth.value > 0:
                day = worth.document.day
                first[worth.account] = min(first.get(worth.account, day), day)
        return first
