"""What an organisation's records book on income, expense and receivable accounts, in its base currency.

Each line is converted and rounded by itself, as a ledger does it: base amounts are amounts divided by the rate. What is
settled of a document leaves receivables at the document's own rate (the rest is a realised currency gain, elsewhere).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from closedloop.sandbox.xero.books import guid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from closedloop.sandbox.xero.books import Books, Row

_CENT = Decimal("0.01")
_RECEIVABLE = guid("account:receivable")
_POSTED = {"AUTHORISED", "PAID"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of a ledger's journal, debit positive.

    Args:
        day: When it counts.
        account: Id of the account.
        amount: In base currency.
        currency: Of the document, and what it is there: what is open of it may be valued anew.
        foreign: The same amount in that currency.
    """

    day: date
    account: str
    amount: Decimal
    currency: str | None = None
    foreign: Decimal = Decimal(0)


class Ledger:
    """Books every record of an organisation.

    Args:
        books: The organisation.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._settled: dict[str, Decimal] = {}

    def postings(self) -> Iterator[Posting]:
        """Yield what every record books."""
        tables = self._books.tables
        for row in tables["Invoices"].values():
            yield from self._document(row, 1 if row["Type"] == "ACCREC" else -1, row["Type"] == "ACCREC")
        for row in tables["CreditNotes"].values():
            yield from self._document(row, -1, row["Type"] == "ACCRECCREDIT")
        yield from self._settlements()
        for row in tables["ManualJournals"].values():
            if row["Status"] == "POSTED":
                for line in row["JournalLines"]:
                    yield Posting(day=row["Date"], account=line["AccountID"], amount=line["LineAmount"])
        for row in tables["BankTransactions"].values():
            if row["Status"] in _POSTED:
                sign = -1 if row["Type"] == "RECEIVE" else 1
                yield from self._lines(row, sign)

    def _document(self, row: Row, sign: int, is_sale: bool) -> Iterator[Posting]:  # noqa: FBT001 (its callers are above)
        if row["Status"] not in _POSTED:
            return
        if is_sale:
            yield self._receivable(row, sign * _base(row, row["Total"]), sign * row["Total"], row["Date"])
        yield from self._lines(row, -sign)

    def _lines(self, row: Row, sign: int) -> Iterator[Posting]:
        for line in row["LineItems"]:
            net = line["LineAmount"] - (line["TaxAmount"] if row["LineAmountTypes"] == "Inclusive" else 0)
            yield Posting(day=row["Date"], account=line["AccountID"], amount=sign * _base(row, net))

    def _settlements(self) -> Iterator[Posting]:
        """Yield what leaves receivables, the earliest first: a whole document leaves nothing behind."""
        tables = self._books.tables
        documents = {**tables["Invoices"], **tables["CreditNotes"]}
        for row in sorted(tables["Payments"].values(), key=lambda one: one["Date"]):
            target = (row.get("CreditNote") or {}).get("CreditNoteID") or row["Invoice"]["InvoiceID"]
            if row["Status"] == "AUTHORISED":
                yield self._settled_by(documents[target], row["Amount"], row["Date"])
        for note in tables["CreditNotes"].values():
            for one in note["Allocations"]:
                yield self._settled_by(note, one["Amount"], one["Date"])
                yield self._settled_by(documents[one["Invoice"]["InvoiceID"]], one["Amount"], one["Date"])
        for row in (*tables["Prepayments"].values(), *tables["Overpayments"].values()):
            if row["Status"] == "VOIDED":
                continue
            if "OverpaymentID" in row:  # a prepayment is on the account it is coded to until it is allocated
                yield self._receivable(row, -_base(row, row["Total"]), -row["Total"], row["Date"])
            for one in row["Allocations"]:
                if "OverpaymentID" in row:
                    yield self._receivable(row, _base(row, one["Amount"]), one["Amount"], one["Date"])
                yield self._settled_by(documents[one["Invoice"]["InvoiceID"]], one["Amount"], one["Date"])

    def _settled_by(self, document: Row, amount: Decimal, day: date) -> Posting:
        key = document.get("CreditNoteID") or document["InvoiceID"]
        sign = 1 if "CreditNoteID" in document else -1
        before = self._settled.get(key, Decimal(0))
        self._settled[key] = before + amount
        base = _base(document, document["Total"])
        total = document["Total"] or 1  # a document of 0 books 0
        old, new = ((base * one / total).quantize(_CENT, ROUND_HALF_UP) for one in (before, before + amount))
        return self._receivable(document, sign * (new - old), sign * amount, day)

    @staticmethod
    def _receivable(row: Row, amount: Decimal, foreign: Decimal, day: date) -> Posting:
        return Posting(
            day=day, account=_RECEIVABLE, amount=amount, currency=row["CurrencyCode"], foreign=foreign
        )


def _base(row: Row, amount: Decimal) -> Decimal:
    return (amount / Decimal(row.get("CurrencyRate") or 1)).quantize(_CENT, ROUND_HALF_UP)
