"""Which streams there are. Each is a row here and a file of columns in `schemas/`; behaviour lives in `streams`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Columns that the admin maps to custom fields, with the names we look for unless told otherwise.
DEFAULT_MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "document_fields": {
        "opportunity": "Opportunity",
        "po": "PO Number",
        "reference": "CustomerMemo",
        "credited": "Credited invoice",
    },
    "customer_fields": {"external_id": "AcctNum"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One stream.

    Args:
        name: QuickBooks' name of the entity.
        is_list: A name list: its inactive rows are hidden unless they are asked for.
        mapping: Setting that maps columns of ours to the admin's custom fields.
        optional: Whether the stream may be left out where the company's edition does not have it.
    """

    name: str
    is_list: bool = False
    mapping: str | None = None
    optional: bool = False

    @property
    def every(self) -> str:
        """The condition that shows inactive rows too; nothing for transactions, which have no such flag."""
        return "Active IN (true, false)" if self.is_list else ""


#: Read by change: full once, then what changed.
ENTITIES: Mapping[str, Entity] = {
    "customer": Entity(name="Customer", is_list=True, mapping="customer_fields"),
    "item": Entity(name="Item", is_list=True),
    "account": Entity(name="Account", is_list=True),
    "class": Entity(name="Class", is_list=True, optional=True),
    "invoice": Entity(name="Invoice", mapping="document_fields"),
    "sales_receipt": Entity(name="SalesReceipt", mapping="document_fields"),
    "credit_memo": Entity(name="CreditMemo", mapping="document_fields"),
    "refund_receipt": Entity(name="RefundReceipt", mapping="document_fields"),
    "payment": Entity(name="Payment"),
    "bill": Entity(name="Bill"),
    "vendor_credit": Entity(name="VendorCredit"),
    "purchase": Entity(name="Purchase"),
    # What the tie-out names beside the documents.
    "journal_entry": Entity(name="JournalEntry", optional=True),
    "deposit": Entity(name="Deposit", optional=True),
}
#: One row each, read whole.
SINGLES: Mapping[str, str] = {"company_info": "CompanyInfo", "preferences": "Preferences"}
RATES = "exchange_rate"
#: Income and receivables by month, from QuickBooks' own reports.
MONTHS = "ledger_month"
#: Not QuickBooks' own: the admin's settings about lines, as rows that the staging SQL can join.
RULES = "line_rule"


@cache
def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema."""
    file = resources.files("tap_quickbooks") / "schemas" / f"{stream}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
