"""The world's documents as QuickBooks' sales transactions. Drafts do not exist there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.books import voided

if TYPE_CHECKING:
    from closedloop.sandbox.quickbooks.rows import Rows
    from closedloop.sandbox.world import Document, Line

SALES = {
    "invoice": "Invoice",
    "sales_receipt": "SalesReceipt",
    "credit_note": "CreditMemo",
    "refund": "RefundReceipt",
}
#: Every so many documents one is printed with a discount, with its lines in a group, with tax inside its prices.
_DISCOUNTED, _GROUPED, _INCLUSIVE = 7, 5, 11


def fill_sales(rows: Rows) -> None:
    """Add every document that is not a draft."""
    settled = rows.last_settled()
    numbers = {document.key: document.number for document in rows.world.documents}
    for place, document in enumerate(rows.world.documents):
        if document.status == "draft":
            continue
        values = _values(rows, document, place, numbers)
        if document.status == "void":
            voided(values, rows.books.oddities.void_note)
        rows.add(
            SALES[document.kind],
            values,
            kind="document",
            key=document.key,
            at=rows.noon(document.day),
            updated=rows.noon(settled.get(document.key, document.day)),
        )


def _values(rows: Rows, document: Document, place: int, numbers: dict[str, str]) -> dict[str, Any]:
    code = document.currency
    is_open = document.kind in {"invoice", "credit_note"}
    credited = numbers.get(document.credited or "")
    values: dict[str, Any] = {
        "DocNumber": document.number,
        "TxnDate": document.day.isoformat(),
        "CustomerRef": rows.reference(document.customer),
        "CustomField": custom_fields(
            ("Opportunity", document.opportunity_number),
            ("PO Number", document.po),
            ("Credited invoice", credited),
        ),
        "Line": _lines(rows, document, place),
        "TxnTaxDetail": {"TotalTax": rows.money(document.tax, code)},
        "TotalAmt": rows.money(document.gross, code),
        "Balance": rows.money(document.balance if is_open else 0, code),
        "PrintStatus": "NotSet",
        "EmailStatus": "NotSet",
        **rows.currency(code, document.rate, home_gross=document.home_gross),
    }
    if document.tax:
        values["GlobalTaxCalculation"] = "TaxInclusive" if place % _INCLUSIVE == 0 else "TaxExcluded"
    if document.reference:
        values["CustomerMemo"] = {"value": document.reference}
    if document.kind == "invoice":
        values |= {"DueDate": document.due.isoformat(), "LinkedTxn": []}
    if document.kind == "credit_note":
        values["RemainingCredit"] = values["Balance"]
    if document.repeating is not None:
        values["RecurDataRef"] = {"value": rows.template(document.repeating)}
    return values


def custom_fields(*pairs: tuple[str, str | None]) -> list[dict[str, str]]:
    """Return custom fields as QuickBooks prints them: an empty one without its value."""
    return [
        {"DefinitionId": str(place), "Name": name, "Type": "StringType"}
        | ({"StringValue": value} if value else {})
        for place, (name, value) in enumerate(pairs, start=1)
    ]


def _lines(rows: Rows, document: Document, place: int) -> list[dict[str, Any]]:
    discount = _discount(document, place)
    lines = [
        _line(rows, document, line, extra=discount if line.position == 1 else 0, number=number)
        for number, line in enumerate(document.lines, start=1)
    ]
    if len(lines) > 1 and place % _GROUPED == 0:
        lines = [_group(lines)]
    subtotal = rows.money(document.net + discount, document.currency)
    lines.append({"Amount": subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
    if discount:
        lines.append(
            {
                "Amount": rows.money(discount, document.currency),
                "DetailType": "DiscountLineDetail",
                "DiscountLineDetail": {
                    "PercentBased": False,
                    "DiscountAccountRef": rows.reference("account:discount"),
                },
            }
        )
    return lines


def _discount(document: Document, place: int) -> int:
    """What was taken off: the first line is that much dearer, so that the document is worth what it was."""
    plain = document.kind == "invoice" and len(document.lines) == 1 and document.net > 0
    return document.net // 10 if plain and place % _DISCOUNTED == 0 else 0


def _line(rows: Rows, document: Document, line: Line, *, extra: int, number: int) -> dict[str, Any]:
    amount = rows.money(line.net + extra, document.currency)
    return {
        "Id": str(number),
        "LineNum": number,
        "Description": line.description,
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": rows.reference(rows.item(line.description, line.line_class)),
            "UnitPrice": amount,
            "Qty": Decimal(1),
            "TaxCodeRef": {"value": "TAX" if document.tax else "NON"},
        },
    }


def _group(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Id": str(len(lines) + 1),
        "LineNum": 1,
        "Amount": sum((line["Amount"] for line in lines), Decimal(0)),
        "DetailType": "GroupLineDetail",
        "GroupLineDetail": {
            "GroupItemRef": {"value": "999999", "name": "Bundle"},
            "Quantity": Decimal(1),
            "Line": lines,
        },
    }
