"""Payments and what they settle, refunds of credit memos, and what vendors are paid for events."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.books import voided
from closedloop.sandbox.quickbooks.sales import SALES

if TYPE_CHECKING:
    from closedloop.sandbox.quickbooks.rows import Rows
    from closedloop.sandbox.world import Allocation, CostLine, Document, Payment

_LINKED_BY_ITSELF = "Created by QB Online to link credits to charges."
_NAMESPACE = "{http://schema.intuit.com/finance/v3}NameValue"
_VALUE_TYPE = "com.intuit.schema.finance.v3.NameValue"
#: Every so many bills one was paid at once: an expense.
_EXPENSE = 4
#: These settle themselves: QuickBooks keeps no payment beside them.
_OWN_CASH = {"sales_receipt", "refund"}


class Cash:
    """Adds payments, links and expenses.

    Args:
        rows: The company being filled; its sales are there.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._documents = {document.key: document for document in rows.world.documents}
        self._parts: dict[str, list[Allocation]] = {}
        for allocation in rows.world.allocations:
            if allocation.payment is not None:
                self._parts.setdefault(allocation.payment, []).append(allocation)

    def payments(self) -> None:
        """Add every payment that is booked, and what it settles."""
        for payment in self.rows.world.payments:
            parts = self._parts.get(payment.key, [])
            kinds = {self._documents[part.document].kind for part in parts}
            if payment.status != "posted" or kinds & _OWN_CASH:
                continue
            if payment.direction == "in":
                self._received(payment, parts)
            else:
                self._returned(payment, parts)
        for allocation in self.rows.world.allocations:
            if allocation.credit is not None:
                self._credited(allocation)

    def _received(self, payment: Payment, parts: list[Allocation]) -> None:
        lines = [self._link(part.amount, self._documents[part.document]) for part in parts]
        used = sum(part.amount for part in parts)
        values = {
            **self._head(payment.customer, payment.currency, payment.day.isoformat()),
            "TotalAmt": self.rows.money(payment.amount, payment.currency),
            "UnappliedAmt": self.rows.money(payment.amount - used, payment.currency),
            "ProcessPayment": False,
            "Line": lines,
        }
        at = self.rows.noon(payment.day)
        self.rows.add("Payment", values, kind="payment", key=payment.key, at=at)

    def _returned(self, payment: Payment, parts: list[Allocation]) -> None:
        """A cheque to the customer against receivables, and the payment of nothing that joins it to the credit memo."""
        rows = self.rows
        amount = rows.money(payment.amount, payment.currency)
        line = {
            "Id": "1",
            "Amount": amount,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {
                "CustomerRef": rows.reference(payment.customer),
                "AccountRef": rows.reference(rows.account("receivable")),
            },
        }
        values = {
            "PaymentType": "Check",
            "AccountRef": rows.reference(rows.account("bank")),
            "EntityRef": {**rows.reference(payment.customer), "type": "Customer"},
            "TxnDate": payment.day.isoformat(),
            "TotalAmt": amount,
            "Line": [line],
            **rows.currency(payment.currency, self._rate(payment)),
        }
        made = rows.add("Purchase", values, kind="payment", key=payment.key, at=rows.noon(payment.day))
        for part in parts:
            links = [
                self._link(part.amount, self._documents[part.document]),
                _line(rows.money(part.amount, payment.currency), made, "Check", None),
            ]
            self._join(payment.customer, payment.currency, part.day.isoformat(), links, rows.noon(part.day))

    def _rate(self, payment: Payment) -> Decimal:
        home = self.rows.world.home_currency
        known = [
            rate.rate
            for rate in self.rows.world.rates
            if rate.currency == payment.currency and rate.day <= payment.day
        ]
        return known[-1] if known and payment.currency != home else Decimal(1)

    def _credited(self, allocation: Allocation) -> None:
        invoice = self._documents[allocation.document]
        note = self._documents[allocation.credit or ""]
        links = [self._link(allocation.amount, invoice), self._link(allocation.amount, note)]
        at = self.rows.noon(allocation.day)
        self._join(invoice.customer, invoice.currency, allocation.day.isoformat(), links, at)

    def _join(self, customer: str, currency: str, day: str, links: list[dict[str, Any]], at: Any) -> None:
        zero = self.rows.money(0, currency)
        values = {
            **self._head(customer, currency, day),
            "TotalAmt": zero,
            "UnappliedAmt": zero,
            "PrivateNote": _LINKED_BY_ITSELF,
            "Line": links,
        }
        self.rows.add("Payment", values, at=at)

    def _head(self, customer: str, currency: str, day: str) -> dict[str, Any]:
        return {
            "CustomerRef": self.rows.reference(customer),
            "TxnDate": day,
            "CurrencyRef": {"value": currency, "name": currency},
            "ARAccountRef": self.rows.reference(self.rows.account("receivable")),
        }

    def _link(self, amount: int, document: Document) -> dict[str, Any]:
        code = document.currency
        return _line(
            self.rows.money(amount, code),
            self.rows.ids[document.key],
            SALES[document.kind],
            document.number,
            balance=self.rows.money(document.balance, code),
        )

    def costs(self) -> None:
        """Add the vendors' bills and expenses, their lines tagged with the event's class. A draft is no document."""
        bills: dict[str, list[CostLine]] = {}
        for cost in self.rows.world.cost_lines:
            bills.setdefault(cost.bill, []).append(cost)
        self.rows.add("Vendor", {"DisplayName": "Expo Partners"}, key="vendor", name="Expo Partners")
        for place, (number, costs) in enumerate(bills.items()):
            if costs[0].status != "draft":
                self._bill(number, costs, is_expense=place % _EXPENSE == 0 or costs[0].status == "void")

    def _bill(self, number: str, costs: list[CostLine], *, is_expense: bool) -> None:
        rows, cost = self.rows, costs[0]
        total = sum(one.net for one in costs)
        values: dict[str, Any] = {
            "DocNumber": number,
            "TxnDate": cost.day.isoformat(),
            "TotalAmt": rows.money(total, cost.currency),
            "Line": [self._cost(one, place) for place, one in enumerate(costs, start=1)],
            **rows.currency(cost.currency, Decimal(1)),
        }
        vendor = rows.reference("vendor")
        if is_expense:
            bank = rows.reference(rows.account("bank"))
            values |= {
                "PaymentType": "CreditCard",
                "AccountRef": bank,
                "EntityRef": {**vendor, "type": "Vendor"},
            }
        else:
            values |= {"VendorRef": vendor, "DueDate": cost.day.isoformat(), "Balance": values["TotalAmt"]}
        if cost.status == "void":
            voided(values, rows.books.oddities.void_note)
        entity = "Purchase" if is_expense else "Bill"
        made = rows.add(entity, values, kind="bill", key=number, at=rows.noon(cost.day))
        for place, one in enumerate(costs, start=1):
            rows.keys.setdefault("cost_line", {})[one.key] = f"{entity}/{made}/{place}"

    def _cost(self, cost: CostLine, place: int) -> dict[str, Any]:
        rows = self.rows
        return {
            "Id": str(place),
            "LineNum": place,
            "Description": cost.description,
            "Amount": rows.money(cost.net, cost.currency),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {
                "AccountRef": rows.reference(rows.account("cost")),
                "ClassRef": rows.reference(f"class:{cost.event_code}"),
                "BillableStatus": "NotBillable",
                "TaxCodeRef": {"value": "NON"},
            },
        }


def _line(
    amount: Decimal, key: str, kind: str, number: str | None, *, balance: Decimal | None = None
) -> dict[str, Any]:
    named = {"txnId": key, "txnOpenBalance": balance, "txnReferenceNumber": number}
    any_ = [
        {
            "name": _NAMESPACE,
            "declaredType": _VALUE_TYPE,
            "scope": "javax.xml.bind.JAXBElement$GlobalScope",
            "value": {"Name": name, "Value": str(value)},
            "nil": False,
            "globalScope": True,
            "typeSubstituted": False,
        }
        for name, value in named.items()
        if value is not None
    ]
    return {"Amount": amount, "LinkedTxn": [{"TxnId": key, "TxnType": kind}], "LineEx": {"any": any_}}
