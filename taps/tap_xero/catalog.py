"""Which streams there are. Each is a row here and a file of columns in `schemas/`; behaviour lives in `streams`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One stream.

    Args:
        path: Under Xero's base address.
        key: Name of the list in the answer.
        id: Column that is the key.
        scope: What the token must have, in its granular form.
        changes: Whether only what changed can be asked for, page by page.
        params: Sent with each request.
        sources: Column to the way to its value, where it is not the name of a field; ``|`` parts ways tried in turn.
        classes: Setting that gives the column `line_class` of a row by its code.
        optional: Whether the stream may be left out where the consent does not cover it.
    """

    path: str
    key: str
    id: str
    scope: str
    changes: bool = True
    params: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    classes: str | None = None
    optional: bool = False


_PARTY = {"contact_id": "Contact.ContactID", "contact_name": "Contact.Name"}
_SETTINGS = "accounting.settings.read"
_PAYMENTS = "accounting.payments.read"
#: Income and receivables by month, from Xero's own reports; each report has a scope of its own.
MONTHS = "ledger_month"
REPORTS: Mapping[str, str] = {
    "ProfitAndLoss": "accounting.reports.profitandloss.read",
    "BalanceSheet": "accounting.reports.balancesheet.read",
}

ENDPOINTS: Mapping[str, Endpoint] = {
    "organisation": Endpoint(
        path="/Organisation", key="Organisations", id="organisation_id", scope=_SETTINGS, changes=False
    ),
    "currencies": Endpoint(path="/Currencies", key="Currencies", id="code", scope=_SETTINGS, changes=False),
    "accounts": Endpoint(
        path="/Accounts",
        key="Accounts",
        id="account_id",
        scope=_SETTINGS,
        changes=False,
        classes="account_classes",
    ),
    "items": Endpoint(
        path="/Items", key="Items", id="item_id", scope=_SETTINGS, changes=False, classes="item_classes"
    ),
    "tax_rates": Endpoint(path="/TaxRates", key="TaxRates", id="tax_type", scope=_SETTINGS, changes=False),
    "tracking_categories": Endpoint(
        path="/TrackingCategories",
        key="TrackingCategories",
        id="tracking_category_id",
        scope=_SETTINGS,
        changes=False,
        params={"includeArchived": "true"},
    ),
    "contacts": Endpoint(
        path="/Contacts",
        key="Contacts",
        id="contact_id",
        scope="accounting.contacts.read",
        params={"includeArchived": "true"},
    ),
    "invoices": Endpoint(
        path="/Invoices",
        key="Invoices",
        id="invoice_id",
        scope="accounting.invoices.read",
        params={"includeArchived": "true"},
        sources=_PARTY,
    ),
    "credit_notes": Endpoint(
        path="/CreditNotes",
        key="CreditNotes",
        id="credit_note_id",
        scope="accounting.invoices.read",
        sources=_PARTY,
    ),
    "payments": Endpoint(
        path="/Payments",
        key="Payments",
        id="payment_id",
        scope=_PAYMENTS,
        sources={
            "account_id": "Account.AccountID",
            "invoice_id": "Invoice.InvoiceID",
            "invoice_type": "Invoice.Type",
            "credit_note_id": "CreditNote.CreditNoteID",
            "prepayment_id": "Prepayment.PrepaymentID",
            "overpayment_id": "Overpayment.OverpaymentID",
            "currency_code": "Invoice.CurrencyCode|CreditNote.CurrencyCode|Prepayment.CurrencyCode"
            "|Overpayment.CurrencyCode",
            "contact_id": "Invoice.Contact.ContactID|CreditNote.Contact.ContactID|Prepayment.Contact.ContactID"
            "|Overpayment.Contact.ContactID",
        },
    ),
    "prepayments": Endpoint(
        path="/Prepayments", key="Prepayments", id="prepayment_id", scope=_PAYMENTS, sources=_PARTY
    ),
    "overpayments": Endpoint(
        path="/Overpayments", key="Overpayments", id="overpayment_id", scope=_PAYMENTS, sources=_PARTY
    ),
    # What the tie-out names beside the documents.
    "manual_journals": Endpoint(
        path="/ManualJournals",
        key="ManualJournals",
        id="manual_journal_id",
        scope="accounting.manualjournals.read",
        optional=True,
    ),
    "bank_transactions": Endpoint(
        path="/BankTransactions",
        key="BankTransactions",
        id="bank_transaction_id",
        scope="accounting.banktransactions.read",
        optional=True,
    ),
}


@cache
def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema."""
    file = resources.files("tap_xero") / "schemas" / f"{stream}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def snake(name: str) -> str:
    """Return Xero's name of a field as ours: ``UpdatedDateUTC`` is ``updated_date_utc``."""
    return "_".join(_WORDS.findall(name)).lower()
