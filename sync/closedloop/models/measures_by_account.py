"""The figures of accounts and of the people who belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.models.measure import account, contact

if TYPE_CHECKING:
    from closedloop.models.measure import Measure

OF_ACCOUNTS: tuple[Measure, ...] = (
    account("customers", "count", "fact", "Ledger customers", "5", "Ledger customers linked to the account."),
    account(
        "invoiced", "money", "additive", "Lifetime value, invoiced", "3",
        "All that was ever invoiced to the account's ledger customers, net of tax, less credit notes and refunds.",
    ),
    account(
        "collected", "money", "additive", "Lifetime value, collected", "4",
        "The paid part of what was invoiced, net of tax.",
    ),
    account(
        "written_off", "money", "additive", "Written off", "4",
        "Receivables given up; they are in the lifetime value invoiced, and taken from the collected.",
    ),
    account(
        "unallocated", "money", "additive", "Received, not allocated", "4",
        "Receipts, prepayments and overpayments that settle no invoice yet. In no other figure.",
    ),
    account(
        "fx_difference", "money", "additive", "Exchange difference", "4",
        "What payments of invoices in foreign currencies were worth on their days, less their worth at"
        " the invoice's rate. In no other figure.",
    ),
    account(
        "first_document_date", "date", "fact", "First invoice", "13", "Date of the account's first positive document."
    ),
    account("last_document_date", "date", "fact", "Last invoice", "3", "Date of the account's last document."),
    account(
        "events_attended", "count", "fact", "Events attended", "9",
        "Distinct events that somebody from the account attended.",
    ),
    account(
        "attributed", "money", "additive", "Attributed to events", "12, 13",
        "The part of the account's documents that is credited to events. Every model credits the same.",
    ),
    account(
        "attributed_linear", "money", "additive", "Attributed to events, equal split", "12, 13",
        "The same by the equal split over events.",
    ),
    account(
        "ultimate_parent_key", "text", "fact", "Topmost parent", "5",
        "The topmost parent of the account in the CRM; the account itself when it has none.",
    ),
    account(
        "not_convertible", "count", "fact", "Documents not convertible", "1",
        "The account's documents in a currency without a usable rate: they are in no total.",
    ),
    account("as_of", "date", "fact", "As of", "notation", "The day through which documents are counted."),
)  # fmt: skip

OF_CONTACTS: tuple[Measure, ...] = (
    contact(
        "events_attended", "count", "fact", "Events attended", "9",
        "Distinct events that the person attended.",
    ),
    contact(
        "attributed", "money", "additive", "Attributed to the person", "15",
        "The account's attributed revenue at each event, in equal parts over its people there.",
    ),
    contact(
        "attributed_collected", "money", "additive", "Attributed to the person, collected", "15",
        "The paid part of the revenue attributed to the person.",
    ),
    contact(
        "as_of", "date", "fact", "As of", "notation",
        "The day through which documents are counted.",
    ),
)  # fmt: skip
