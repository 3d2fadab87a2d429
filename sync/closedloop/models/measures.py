"""The catalogue of figures: what is published per campaign and per account, and how each is defined.

The report, the fields that `provision` makes and the write-back all read their wording here, so that a figure
says the same thing wherever it is shown. The numbers are those of the page of definitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Entity = Literal["campaign", "account", "company"]
Unit = Literal["money", "count", "ratio", "date", "text"]
Kind = Literal["additive", "overlapping", "ratio", "fact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure.

    Args:
        name: The column of ``campaign_measures``, ``account_measures`` or, of the company, ``chain_share`` or ``chain_total``.
        entity: What it is a figure of.
        unit: ``money`` is an integer in the home currency's minor unit, ``ratio`` a decimal (0.25 is 25 %).
        kind: ``additive`` sums over events to the whole; ``overlapping`` must never be summed over events.
        label: What a column or a field is called.
        definition: One or two sentences, printed beside the number.
        number: Where the page of definitions has it.
    """

    name: str
    entity: Entity
    unit: Unit
    kind: Kind
    label: str
    definition: str
    number: str


def _campaign(  # noqa: PLR0917 (a table reads best row by row)
    name: str, unit: Unit, kind: Kind, label: str, number: str, definition: str
) -> Measure:
    return Measure(
        name=name, entity="campaign", unit=unit, kind=kind, label=label, number=number, definition=definition
    )


def _account(  # noqa: PLR0917 (a table reads best row by row)
    name: str, unit: Unit, kind: Kind, label: str, number: str, definition: str
) -> Measure:
    return Measure(
        name=name, entity="account", unit=unit, kind=kind, label=label, number=number, definition=definition
    )


def _company(name: str, label: str, definition: str) -> Measure:
    return Measure(
        name=name,
        entity="company",
        unit="ratio",
        kind="ratio",
        label=label,
        number="the chain",
        definition=definition,
    )


MEASURES: tuple[Measure, ...] = (
    _campaign(
        "attended", "count", "overlapping", "Attended", "9",
        "Distinct people who attended, over all sources.",
    ),
    _campaign(
        "leads_captured", "count", "overlapping", "Leads captured", "9",
        "Distinct people with a status that earns credit and an identity: an e-mail, or a name and a company.",
    ),
    _campaign(
        "accounts_reached", "count", "overlapping", "Accounts reached", "9",
        "Distinct accounts of the people who attended.",
    ),
    _campaign(
        "attendee_ltv", "money", "overlapping", "Attendee lifetime value", "per event",
        "All that was ever invoiced, net of tax and credits, to the customers of the accounts that attended."
        " One customer counts at each event it attended: never add it up over events.",
    ),
    _campaign(
        "attendee_ltv_collected", "money", "overlapping", "Attendee lifetime value, collected", "per event",
        "The paid part of the attendee lifetime value.",
    ),
    _campaign(
        "ltv_after_event", "money", "overlapping", "Lifetime value since the event", "per event",
        "The attendee lifetime value, documents dated on or after the event's first day only.",
    ),
    _campaign(
        "ltv_after_event_collected", "money", "overlapping", "Lifetime value since the event, collected", "per event",
        "The paid part of the lifetime value since the event.",
    ),
    _campaign(
        "new_customers", "count", "overlapping", "New customers", "per event",
        "Accounts reached whose first invoice is dated on or after the event's first day.",
    ),
    _campaign(
        "opportunities_created", "count", "overlapping", "Opportunities created", "per event",
        "Opportunities of reached accounts created from the account's first touch at the event to the end of the"
        " follow-up window.",
    ),
    _campaign(
        "opportunities_created_role", "count", "overlapping", "Opportunities created, attendee has a role", "per event",
        "Opportunities created in the window on which a person from the event has a contact role.",
    ),
    _campaign(
        "opportunities_advanced", "count", "overlapping", "Opportunities advanced", "per event",
        "Opportunities open at the touch that reached a higher stage or were won within the follow-up window."
        " Without stage history only won ones count.",
    ),
    _campaign(
        "pipeline_created", "money", "overlapping", "Pipeline created", "per event",
        "First non-zero amount recorded of the opportunities created.",
    ),
    _campaign(
        "pipeline_at_event", "money", "overlapping", "Pipeline at the event", "per event",
        "Amount, on the day of the touch, of the opportunities advanced.",
    ),
    _campaign(
        "pipeline_open", "money", "overlapping", "Open pipeline", "per event",
        "Amount now of the opportunities created or advanced that are still open.",
    ),
    _campaign(
        "pipeline_weighted", "money", "overlapping", "Weighted pipeline", "per event",
        "Open pipeline times its probability, rounded per opportunity.",
    ),
    _campaign("won", "count", "overlapping", "Won", "per event", "Opportunities created that are won."),
    _campaign("lost", "count", "overlapping", "Lost", "per event", "Opportunities created that are lost."),
    _campaign("open_count", "count", "overlapping", "Open", "per event", "Opportunities created that are open."),
    _campaign(
        "win_rate", "ratio", "ratio", "Win rate", "per event",
        "Won ÷ (won + lost) of the opportunities created. Blank when none is decided.",
    ),
    _campaign(
        "win_rate_low", "ratio", "ratio", "Win rate, low end", "per event",
        "Lower end of the exact (Clopper-Pearson) 95 % interval of the win rate.",
    ),
    _campaign(
        "win_rate_high", "ratio", "ratio", "Win rate, high end", "per event",
        "Upper end of the exact (Clopper-Pearson) 95 % interval of the win rate.",
    ),
    _campaign(
        "credited_won_linear", "money", "additive", "Won amount credited", "12",
        "Amounts of won opportunities, split equally over the events that the account touched on the way.",
    ),
    _campaign(
        "credited_open_linear", "money", "additive", "Open amount credited", "12",
        "Amounts of open opportunities, split equally over the events that the account touched on the way.",
    ),
    _campaign(
        "attributed_linear", "money", "additive", "Attributed revenue", "12, 13",
        "Each invoice, net of tax, split equally over the events that its account touched on the way to the deal;"
        " a credit note takes back where its invoice gave. Adds up over events to the last cent.",
    ),
    _campaign(
        "attributed_linear_collected", "money", "additive", "Attributed revenue, collected", "12, 13",
        "The paid part of the attributed revenue.",
    ),
    _campaign(
        "attributed_linear_no_deal", "money", "additive", "Revenue without a deal", "13",
        "The split of documents that belong to no deal and are not new business. Enters no ROI.",
    ),
    _campaign(
        "cost", "money", "additive", "Cost", "per event",
        "The actual cost entered; else the ledger's cost lines tagged with the event. Blank: no cost is known.",
    ),
    _campaign(
        "cost_source", "text", "fact", "Source of the cost", "per event",
        "entered, ledger, or none.",
    ),
    _campaign("budget", "money", "additive", "Budget", "per event", "The budget entered. Never used as the cost."),
    _campaign(
        "cost_per_attendee", "money", "ratio", "Cost per attendee", "per event",
        "Cost ÷ attended, rounded to the smallest unit. Blank when either is missing or zero.",
    ),
    _campaign(
        "cost_per_lead", "money", "ratio", "Cost per lead", "per event",
        "Cost ÷ leads captured. Blank when either is missing or zero.",
    ),
    _campaign(
        "cost_per_opportunity", "money", "ratio", "Cost per opportunity", "per event",
        "Cost ÷ opportunities created. Blank when either is missing or zero.",
    ),
    _campaign(
        "cost_per_new_customer", "money", "ratio", "Cost per new customer", "per event",
        "Cost ÷ new customers. Blank when either is missing or zero.",
    ),
    _campaign(
        "roi_realised", "ratio", "ratio", "Realised ROI", "per event",
        "(Attributed revenue less cost) ÷ cost. Blank without a cost, and until the day after the event.",
    ),
    _campaign(
        "roi_collected", "ratio", "ratio", "Collected ROI", "per event",
        "(Attributed revenue collected less cost) ÷ cost.",
    ),
    _campaign(
        "roi_closed_won", "ratio", "ratio", "Closed-won ROI", "per event",
        "(Won amount credited less cost) ÷ cost: what the CRM says was won, invoiced or not.",
    ),
    _campaign(
        "roi_blank_reason", "text", "fact", "Why ROI is blank", "per event",
        "no_cost: nobody entered a cost; not_yet: the event is not over.",
    ),
    _campaign(
        "not_convertible", "count", "fact", "Documents not convertible", "1",
        "Documents of reached accounts in a currency without a usable rate: they are in no total.",
    ),
    _campaign("as_of", "date", "fact", "As of", "notation", "The day through which documents are counted."),
    _account("customers", "count", "fact", "Ledger customers", "5", "Ledger customers linked to the account."),
    _account(
        "invoiced", "money", "additive", "Lifetime value, invoiced", "3",
        "All that was ever invoiced to the account's ledger customers, net of tax, less credit notes and refunds.",
    ),
    _account(
        "collected", "money", "additive", "Lifetime value, collected", "4",
        "The paid part of what was invoiced, net of tax.",
    ),
    _account(
        "first_document_date", "date", "fact", "First invoice", "13", "Date of the account's first positive document."
    ),
    _account("last_document_date", "date", "fact", "Last invoice", "3", "Date of the account's last document."),
    _account(
        "events_attended", "count", "fact", "Events attended", "9",
        "Distinct events that somebody from the account attended.",
    ),
    _account(
        "attributed_linear", "money", "additive", "Attributed to events", "12, 13",
        "The part of the account's documents that is credited to events.",
    ),
    _account(
        "not_convertible", "count", "fact", "Documents not convertible", "1",
        "The account's documents in a currency without a usable rate: they are in no total.",
    ),
    _account("as_of", "date", "fact", "As of", "notation", "The day through which documents are counted."),
    Measure(
        name="at_stake", entity="company", unit="money", kind="overlapping", label="Money at stake", number="the chain",
        definition="Of a broken chain the largest of: open opportunities, won and not invoiced, overdue, and where the next"
        " purchase is late what an average year brings. In a total each of these records counts once.",
    ),
    _company(
        "whole_chain_share", "Revenue with a whole chain",
        "Share of the value of all documents whose account has no broken link from the ledger's customer on, and an attendee"
        " with none up to the won deal.",
    ),
    _company(
        "event_touched_share", "Revenue touched by an event",
        "Share of the value of all documents with a complete path: document, customer, account, person, touch.",
    ),
    _company(
        "linked_share", "Revenue linked to the CRM",
        "Share of the value of all documents whose customer is linked to an account.",
    ),
)  # fmt: skip
