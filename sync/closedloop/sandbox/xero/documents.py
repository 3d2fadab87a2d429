"""Invoices, bills and credit notes as Xero holds them, and what settles them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.xero.books import Books, Row, guid, tax_type

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.world import Allocation, CostLine, Document, Payment

#: Every so-many-th document is printed with the tax inside its lines.
_INCLUSIVE = 7


class Documents:
    """Adds documents, then what settles them.

    Args:
        books: The organisation being filled.
        credit_under: Where a refund names its credit note.
    """

    def __init__(self, books: Books, *, credit_under: str) -> None:
        self.books = books
        self.home = books.world.home_currency
        self._credit_under = credit_under
        self._documents = {document.key: document for document in books.world.documents}
        self._changed: dict[str, date] = {key: one.day for key, one in self._documents.items()}
        for one in books.world.allocations:
            for key in filter(None, (one.document, one.credit)):
                self._changed[key] = max(one.day, self._changed[key])
        self._rows: dict[str, Row] = {}

    def fill(self) -> None:
        """Add everything."""
        for place, document in enumerate(self.books.world.documents):
            self._document(document, is_inclusive=place % _INCLUSIVE == 0)
        self._bills()
        used: dict[str, list[Allocation]] = {}
        for one in self.books.world.allocations:
            if one.payment is not None:
                used.setdefault(one.payment, []).append(one)
            else:
                self._credit(one)
        for payment in self.books.world.payments:
            self._payment(payment, used.get(payment.key, []))

    def _document(self, document: Document, *, is_inclusive: bool) -> None:
        is_credit = document.kind in {"credit_note", "refund"}
        row = {
            **self._head(document),
            **self._totals(document),
            "LineItems": self._lines(document, is_inclusive),
        }
        row["LineAmountTypes"] = "Inclusive" if is_inclusive else "Exclusive"
        if is_credit:
            row |= {
                "CreditNoteID": guid(document.key),
                "CreditNoteNumber": document.number,
                "Type": "ACCRECCREDIT",
            }
            row |= {
                "RemainingCredit": self._money(document.balance, document),
                "Allocations": [],
                "Payments": [],
            }
        else:
            row |= {"InvoiceID": guid(document.key), "InvoiceNumber": document.number, "Type": "ACCREC"}
            row |= {"DueDate": document.due, "Payments": [], "CreditNotes": [], "Prepayments": []}
            row |= {
                "Overpayments": [],
                "AmountDue": self._money(document.balance, document),
                "IsDiscounted": False,
            }
            row |= {"AmountPaid": Decimal(0), "AmountCredited": Decimal(0), "SentToContact": True}
        if document.repeating is not None:
            row["RepeatingInvoiceID"] = guid(f"repeating:{document.repeating}")
        table = "CreditNotes" if is_credit else "Invoices"
        self._rows[document.key] = self.books.add(
            table, row, day=self._changed[document.key], kind="document", key=document.key
        )

    def _head(self, document: Document) -> Row:
        credited = self._documents.get(document.credited or "")
        row: Row = {
            "Contact": self.books.party(document.customer),
            "Date": document.day,
            "Status": _status(document),
            # Xero has one free field for what a document refers to.
            "Reference": document.reference
            or document.po
            or document.opportunity_number
            or (credited.number if credited else ""),
            "CurrencyCode": document.currency,
            "HasAttachments": False,
            "HasErrors": False,
        }
        if document.currency != self.home:  # listings leave the rate out where it is 1
            row["CurrencyRate"] = document.rate
        return row

    def _totals(self, document: Document) -> Row:
        names = {"SubTotal": document.net, "TotalTax": document.tax, "Total": document.gross}
        return {name: self._money(amount, document) for name, amount in names.items()}

    def _lines(self, document: Document, is_inclusive: bool) -> list[Row]:  # noqa: FBT001 (its only caller is above)
        taxes = [(2 * line.net * document.tax_percent + 100) // 200 for line in document.lines]
        if taxes:
            taxes[-1] += document.tax - sum(taxes)
        lines: list[Row] = []
        for line, tax in zip(document.lines, taxes, strict=True):
            amount = self._money(line.net + tax if is_inclusive else line.net, document)
            made = guid(f"{document.key}/{line.position}")
            lines.append(
                {
                    "LineItemID": made,
                    "Description": line.description,
                    "Quantity": Decimal(1),
                    "UnitAmount": amount,
                    "LineAmount": amount,
                    "TaxAmount": self._money(tax, document),
                    "TaxType": tax_type(document.tax_percent),
                    "Tracking": [],
                    **self.books.account(line.line_class),
                }
            )
            self.books.keys.setdefault("line", {})[f"{document.key}/{line.position}"] = f"LineItem/{made}"
        return lines

    def _money(self, amount: int, document: Document) -> Decimal:
        return self.books.money(amount, document.currency)

    def _bills(self) -> None:
        bills: dict[str, list[CostLine]] = {}
        for cost in self.books.world.cost_lines:
            bills.setdefault(cost.bill, []).append(cost)
        for number, costs in bills.items():
            self._bill(number, costs)

    def _bill(self, number: str, costs: list[CostLine]) -> None:
        cost = costs[0]
        total = self.books.money(sum(one.net for one in costs), cost.currency)
        status = {"draft": "DRAFT", "posted": "AUTHORISED", "void": "VOIDED"}[cost.status]
        row = {
            "InvoiceID": guid(number),
            "InvoiceNumber": number,
            "Type": "ACCPAY",
            "Reference": "",
            "Contact": self.books.party("vendor"),
            "Date": cost.day,
            "DueDate": cost.day,
            "Status": status,
            "LineAmountTypes": "NoTax",
            "LineItems": [self._cost(one) for one in costs],
            "SubTotal": total,
            "TotalTax": Decimal(0),
            "Total": total,
            "AmountDue": Decimal(0) if status == "VOIDED" else total,
            "AmountPaid": Decimal(0),
            "AmountCredited": Decimal(0),
            "CurrencyCode": cost.currency,
            "HasAttachments": False,
        }
        self.books.add("Invoices", row, day=cost.day, kind="bill", key=number)

    def _cost(self, cost: CostLine) -> Row:
        made, amount = guid(cost.key), self.books.money(cost.net, cost.currency)
        self.books.keys.setdefault("cost_line", {})[cost.key] = f"LineItem/{made}"
        tracking = {"TrackingCategoryID": guid("tracking"), "Name": "Event", "Option": cost.event_code}
        return {
            "LineItemID": made,
            "Description": cost.description,
            "Quantity": Decimal(1),
            "UnitAmount": amount,
            "LineAmount": amount,
            "TaxAmount": Decimal(0),
            "TaxType": "NONE",
            "Tracking": [tracking | {"TrackingOptionID": guid(f"option:{cost.event_code}")}],
            **self.books.account("cost"),
        }

    def _credit(self, one: Allocation) -> None:
        """Let a credit note settle an invoice: the note keeps the allocation, the invoice shows it."""
        invoice, note = self._rows[one.document], self._rows[one.credit or ""]
        amount = self._money(one.amount, self._documents[one.document])
        note["Allocations"].append(self._allocation(one, amount))
        shown = {"CreditNoteID": note["CreditNoteID"], "CreditNoteNumber": note["CreditNoteNumber"]}
        invoice["CreditNotes"].append(
            {**shown, "Date": note["Date"], "AppliedAmount": amount, "Total": note["Total"]}
        )
        invoice["AmountCredited"] += amount

    def _allocation(self, one: Allocation, amount: Decimal) -> Row:
        invoice = self._rows[one.document]
        named = {name: invoice[name] for name in ("InvoiceID", "InvoiceNumber")}
        return {"AllocationID": guid(one.key), "Amount": amount, "Date": one.day, "Invoice": named}

    def _payment(self, payment: Payment, used: list[Allocation]) -> None:
        """One payment of the world is a payment for each document, and what is left over an overpayment.

        Money that came before its invoice is a prepayment.
        """
        left = payment.amount
        for one in used:
            document = self._documents[one.document]
            left -= one.amount
            if payment.day < document.day:
                self._advance(payment, "Prepayment", one.amount, one)
            else:
                self._settle(payment, one, document)
        if left:
            self._advance(payment, "Overpayment", left, None)

    def _settle(self, payment: Payment, one: Allocation, document: Document) -> None:
        target, amount = self._rows[one.document], self._money(one.amount, document)
        is_credit = "CreditNoteID" in target
        row = {
            "PaymentID": guid(one.key),
            "PaymentType": "ARCREDITPAYMENT" if is_credit else "ACCRECPAYMENT",
            "Status": "AUTHORISED",
            "Date": payment.day,
            "Amount": amount,
            "BankAmount": amount,
            "CurrencyRate": Decimal(0) if document.currency == self.home else document.rate,
            "Reference": "",
            "HasAccount": True,
            "IsReconciled": True,
            "Account": {"AccountID": guid("account:bank"), "Code": "090"},
            "HasValidationErrors": False,
        }
        stub = {name: target[name] for name in ("Type", "Contact", "CurrencyCode")}
        if is_credit and self._credit_under == "CreditNote":
            row["CreditNote"] = stub | {"CreditNoteID": target["CreditNoteID"]}
        else:
            named = {"InvoiceID": guid(document.key), "InvoiceNumber": document.number}
            row["Invoice"] = stub | named
        shown = {
            "PaymentID": row["PaymentID"],
            "Date": payment.day,
            "Amount": amount,
            "CurrencyRate": Decimal(0),
        }
        target["Payments"].append(shown)
        if not is_credit:
            target["AmountPaid"] += amount
        self.books.add("Payments", row, day=payment.day, kind="payment", key=payment.key)

    def _advance(self, payment: Payment, kind: str, amount: int, one: Allocation | None) -> None:
        whole = self.books.money(amount, payment.currency)
        row: dict[str, Any] = {
            f"{kind}ID": guid(f"{payment.key}:{kind}"),
            "Type": f"RECEIVE-{kind.upper()}",
            "Contact": self.books.party(payment.customer),
            "Date": payment.day,
            "Status": "VOIDED" if payment.status != "posted" else "PAID" if one else "AUTHORISED",
            "LineAmountTypes": "NoTax",
            "LineItems": [],
            "SubTotal": whole,
            "TotalTax": Decimal(0),
            "Total": whole,
            "CurrencyCode": payment.currency,
            "RemainingCredit": Decimal(0) if one else whole,
            "Allocations": [self._allocation(one, whole)] if one else [],
            "Payments": [],
            "HasAttachments": False,
        }
        if payment.currency != self.home:
            row["CurrencyRate"] = next(
                rate.rate
                for rate in sorted(self.books.world.rates, key=lambda rate: rate.day, reverse=True)
                if rate.currency == payment.currency and rate.day <= payment.day
            )
        if one:
            invoice = self._rows[one.document]
            invoice[f"{kind}s"].append({f"{kind}ID": row[f"{kind}ID"], "AppliedAmount": whole})
            invoice["AmountCredited"] += whole
        self.books.add(f"{kind}s", row, day=payment.day, kind="payment", key=payment.key)


def _status(document: Document) -> str:
    if document.status == "posted":
        return "PAID" if document.gross and not document.balance else "AUTHORISED"
    return "DRAFT" if document.status == "draft" else "VOIDED"
