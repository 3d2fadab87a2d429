"""The catalogue of figures: what is published per campaign, account and person, and how each is defined.

The report, the fields that `provision` makes and the write-back all read their wording here, so that a figure
says the same thing wherever it is shown. The numbers are those of the page of definitions.
"""

from __future__ import annotations

from closedloop.models.measure import Entity, Kind, Measure, Unit, campaign, company
from closedloop.models.measures_by_account import OF_ACCOUNTS, OF_CONTACTS
from closedloop.models.measures_by_model import BY_MODEL

__all__ = ["MEASURES", "Entity", "Kind", "Measure", "Unit"]

MEASURES: tuple[Measure, ...] = (
    campaign(
        "attended", "count", "overlapping", "Attended", "9",
        "Distinct people who attended, over all sources.",
    ),
    campaign(
        "leads_captured", "count", "overlapping", "Leads captured", "9",
        "Distinct people with a status that earns credit and an identity: an e-mail, or a name and a company.",
    ),
    campaign(
        "accounts_reached", "count", "overlapping", "Accounts reached", "9",
        "Distinct accounts of the people who attended.",
    ),
    campaign(
        "registered", "count", "overlapping", "Registered", "per event",
        "Distinct people registered, with those who came and those who did not.",
    ),
    campaign(
        "no_shows", "count", "overlapping", "No-shows", "6",
        "Distinct people of whom the source says that they were registered and did not come.",
    ),
    campaign(
        "show_rate", "ratio", "ratio", "Show rate", "per event",
        "Attended ÷ registered.",
    ),
    campaign(
        "attendee_ltv", "money", "overlapping", "Attendee lifetime value", "per event",
        "All that was ever invoiced, net of tax and credits, to the customers of the accounts that attended."
        " One customer counts at each event it attended: never add it up over events.",
    ),
    campaign(
        "attendee_ltv_collected", "money", "overlapping", "Attendee lifetime value, collected", "per event",
        "The paid part of the attendee lifetime value.",
    ),
    campaign(
        "ltv_after_event", "money", "overlapping", "Lifetime value since the event", "per event",
        "The attendee lifetime value, documents dated on or after the event's first day only.",
    ),
    campaign(
        "ltv_after_event_collected", "money", "overlapping", "Lifetime value since the event, collected", "per event",
        "The paid part of the lifetime value since the event.",
    ),
    campaign(
        "new_customers", "count", "overlapping", "New customers", "per event",
        "Accounts reached whose first invoice is dated on or after the event's first day.",
    ),
    campaign(
        "opportunities_created", "count", "overlapping", "Opportunities created", "per event",
        "Opportunities of reached accounts created from the account's first touch at the event to the end of the"
        " follow-up window.",
    ),
    campaign(
        "opportunities_created_role", "count", "overlapping", "Opportunities created, attendee has a role", "per event",
        "Opportunities created in the window on which a person from the event has a contact role.",
    ),
    campaign(
        "opportunities_advanced", "count", "overlapping", "Opportunities advanced", "per event",
        "Opportunities open at the touch that reached a higher stage or were won within the follow-up window."
        " Without stage history only won ones count.",
    ),
    campaign(
        "pipeline_created", "money", "overlapping", "Pipeline created", "per event",
        "First non-zero amount recorded of the opportunities created.",
    ),
    campaign(
        "pipeline_at_event", "money", "overlapping", "Pipeline at the event", "per event",
        "Amount, on the day of the touch, of the opportunities advanced.",
    ),
    campaign(
        "pipeline_open", "money", "overlapping", "Open pipeline", "per event",
        "Amount now of the opportunities created or advanced that are still open.",
    ),
    campaign(
        "pipeline_weighted", "money", "overlapping", "Weighted pipeline", "per event",
        "Open pipeline times its probability, rounded per opportunity.",
    ),
    campaign("won", "count", "overlapping", "Won", "per event", "Opportunities created that are won."),
    campaign("lost", "count", "overlapping", "Lost", "per event", "Opportunities created that are lost."),
    campaign("open_count", "count", "overlapping", "Open", "per event", "Opportunities created that are open."),
    campaign(
        "open_age_days", "count", "fact", "Age of open opportunities", "per event",
        "Median days since the open ones of the opportunities created were created.",
    ),
    campaign(
        "won_amount", "money", "overlapping", "Won amount", "per event",
        "Amount of the opportunities created that are won.",
    ),
    campaign(
        "lost_amount", "money", "overlapping", "Lost amount", "per event",
        "Amount of the opportunities created that are lost.",
    ),
    campaign(
        "win_rate", "ratio", "ratio", "Win rate", "per event",
        "Won ÷ (won + lost) of the opportunities created. Blank when none is decided.",
    ),
    campaign(
        "win_rate_low", "ratio", "ratio", "Win rate, low end", "per event",
        "Lower end of the exact (Clopper-Pearson) 95 % interval of the win rate.",
    ),
    campaign(
        "win_rate_high", "ratio", "ratio", "Win rate, high end", "per event",
        "Upper end of the exact (Clopper-Pearson) 95 % interval of the win rate.",
    ),
    campaign(
        "win_rate_by_amount", "ratio", "ratio", "Win rate by amount", "per event",
        "Won ÷ (won + lost) by amount of the opportunities created. Blank under 20 decided ones: one"
        " large deal would be the whole of it.",
    ),
    campaign(
        "win_rate_cohort", "ratio", "ratio", "Win rate of the ripe", "per event",
        "Won ÷ all opportunities created that are older than the company's usual time from touch to won,"
        " open ones among them.",
    ),
    campaign(
        "sourced", "count", "overlapping", "Opportunities sourced", "14",
        "Opportunities that the event started, by the definition chosen in the settings.",
    ),
    campaign(
        "sourced_amount", "money", "overlapping", "Amount sourced", "14",
        "Amount of the opportunities sourced.",
    ),
    campaign(
        "influenced", "count", "overlapping", "Opportunities influenced", "14",
        "Opportunities of accounts that touched the event before the close.",
    ),
    campaign(
        "influenced_amount", "money", "overlapping", "Amount influenced", "14",
        "Amount of the opportunities influenced.",
    ),
    campaign(
        "sourced_first_touch", "count", "overlapping", "Sourced by first touch", "14",
        "Accounts' first opportunities, created on or after the account's first touch of all, at the"
        " event of that touch.",
    ),
    campaign(
        "sourced_first_touch_amount", "money", "overlapping", "Amount sourced by first touch", "14",
        "Amount of the opportunities sourced by first touch.",
    ),
    campaign(
        "sourced_lead_source", "count", "overlapping", "Sourced by lead source", "14",
        "Opportunities created whose lead source in the CRM is one that means an event.",
    ),
    campaign(
        "sourced_lead_source_amount", "money", "overlapping", "Amount sourced by lead source", "14",
        "Amount of the opportunities sourced by lead source.",
    ),
    campaign(
        "sourced_before_sales", "count", "overlapping", "Sourced before sales", "14",
        "Opportunities whose account touched the event before the first sales activity and before the"
        " deal was created.",
    ),
    campaign(
        "sourced_before_sales_amount", "money", "overlapping", "Amount sourced before sales", "14",
        "Amount of the opportunities sourced before sales.",
    ),
    campaign(
        "primary_model", "text", "fact", "Primary model", "12",
        "The attribution model behind the returns.",
    ),
    campaign(
        "attributed", "money", "additive", "Attributed revenue", "12, 13",
        "Each invoice, net of tax, split by the primary model over the events that its account touched on"
        " the way to the deal; a credit note takes back where its invoice gave. Adds up over events to the"
        " last cent.",
    ),
    campaign(
        "attributed_collected", "money", "additive", "Attributed revenue, collected", "12, 13",
        "The paid part of the attributed revenue.",
    ),
    campaign(
        "attributed_new_business", "money", "additive", "Attributed new business", "13",
        "Attributed revenue of deals created, or of documents without a deal dated, at most 30 days after"
        " the account's first invoice.",
    ),
    campaign(
        "attributed_expansion", "money", "additive", "Attributed expansion", "13",
        "Attributed revenue that is not new business.",
    ),
    campaign(
        "credited_won", "money", "additive", "Won amount credited", "12",
        "Amounts of won opportunities, split by the primary model.",
    ),
    campaign(
        "credited_open", "money", "additive", "Open amount credited", "12",
        "Amounts of open opportunities, split by the primary model.",
    ),
    *BY_MODEL,
    campaign(
        "cost", "money", "additive", "Cost", "per event",
        "The actual cost entered; else the ledger's cost lines tagged with the event. Blank: no cost is known.",
    ),
    campaign(
        "cost_source", "text", "fact", "Source of the cost", "per event",
        "entered, ledger, or none.",
    ),
    campaign("budget", "money", "additive", "Budget", "per event", "The budget entered. Never used as the cost."),
    campaign(
        "budget_variance", "money", "additive", "Budget left", "per event",
        "Budget less cost. Blank when either is missing.",
    ),
    campaign(
        "cost_fully_loaded", "money", "additive", "Cost, fully loaded", "per event",
        "Cost with the share of overhead set for events. Blank when none is set. Enters no ROI.",
    ),
    campaign(
        "cost_per_attendee", "money", "ratio", "Cost per attendee", "per event",
        "Cost ÷ attended, rounded to the smallest unit. Blank when either is missing or zero.",
    ),
    campaign(
        "cost_per_lead", "money", "ratio", "Cost per lead", "per event",
        "Cost ÷ leads captured. Blank when either is missing or zero.",
    ),
    campaign(
        "cost_per_opportunity", "money", "ratio", "Cost per opportunity", "per event",
        "Cost ÷ opportunities created. Blank when either is missing or zero.",
    ),
    campaign(
        "cost_per_new_customer", "money", "ratio", "Cost per new customer", "per event",
        "Cost ÷ new customers. Blank when either is missing or zero.",
    ),
    campaign(
        "pipeline_per_cost", "ratio", "ratio", "Pipeline per unit of cost", "per event",
        "Pipeline created ÷ cost. Blank when either is missing or zero.",
    ),
    campaign(
        "roi_realised", "ratio", "ratio", "Realised ROI", "per event",
        "(Attributed revenue less cost) ÷ cost, by the primary model. Blank without a cost, and until the day after the event.",
    ),
    campaign(
        "roi_collected", "ratio", "ratio", "Collected ROI", "per event",
        "(Attributed revenue collected less cost) ÷ cost.",
    ),
    campaign(
        "roi_closed_won", "ratio", "ratio", "Closed-won ROI", "per event",
        "(Won amount credited less cost) ÷ cost: what the CRM says was won, invoiced or not.",
    ),
    campaign(
        "roi_margin", "ratio", "ratio", "Margin ROI", "per event",
        "(Attributed revenue times gross margin, less cost) ÷ cost. Blank unless a margin is set.",
    ),
    campaign(
        "roi_pipeline", "ratio", "ratio", "Pipeline ROI", "per event",
        "(Won amount credited and open amount credited times its probability, less cost) ÷ cost. A forecast:"
        " events are never ranked by it.",
    ),
    campaign(
        "roi_without_largest", "ratio", "ratio", "ROI without the largest account", "per event",
        "Realised ROI without the account that brought most: what one customer makes of the figure.",
    ),
    campaign(
        "roi_blank_reason", "text", "fact", "Why ROI is blank", "per event",
        "no_cost: nobody entered a cost; no_dates: the event has no dates; not_yet: it is not over.",
    ),
    campaign(
        "payback_date", "date", "fact", "Paid back on", "per event",
        "First day on which attributed revenue, by the days of the documents, reached the cost.",
    ),
    campaign(
        "payback_lost_date", "date", "fact", "Payback lost on", "per event",
        "First later day on which it was below the cost again, after a credit note or a refund.",
    ),
    campaign(
        "payback_regained_date", "date", "fact", "Payback regained on", "per event",
        "First day after that on which it reached the cost again.",
    ),
    campaign(
        "paid_back_now", "text", "fact", "Paid back now", "per event",
        "Whether it reaches the cost today. Blank without a cost.",
    ),
    campaign(
        "payback_date_collected", "date", "fact", "Paid back on, collected", "per event",
        "First day on which attributed revenue collected, by the days of the payments, reached the cost.",
    ),
    campaign(
        "payback_lost_date_collected", "date", "fact", "Payback lost on, collected", "per event",
        "First later day on which it was below the cost again, after a credit note or a refund.",
    ),
    campaign(
        "payback_regained_date_collected", "date", "fact", "Payback regained on, collected", "per event",
        "First day after that on which it reached the cost again.",
    ),
    campaign(
        "paid_back_now_collected", "text", "fact", "Paid back now, collected", "per event",
        "Whether it reaches the cost today. Blank without a cost.",
    ),
    campaign(
        "days_touch_to_opportunity", "count", "fact", "Days from touch to opportunity", "per event",
        "Median days from the touch to the opportunity's creation, over the opportunities created.",
    ),
    campaign(
        "days_touch_to_opportunity_p80", "count", "fact", "Days from touch to opportunity, 80 %", "per event",
        "Days from the touch to the opportunity's creation within which four of five of the opportunities"
        " created did it.",
    ),
    campaign(
        "days_opportunity_to_won", "count", "fact", "Days from opportunity to won", "per event",
        "Median days from the opportunity's creation to its close, of won ones, over the opportunities"
        " created.",
    ),
    campaign(
        "days_opportunity_to_won_p80", "count", "fact", "Days from opportunity to won, 80 %", "per event",
        "Days from the opportunity's creation to its close, of won ones within which four of five of the"
        " opportunities created did it.",
    ),
    campaign(
        "days_won_to_invoice", "count", "fact", "Days from won to invoice", "per event",
        "Median days from the close to the first invoice, of won ones, over the opportunities created.",
    ),
    campaign(
        "days_won_to_invoice_p80", "count", "fact", "Days from won to invoice, 80 %", "per event",
        "Days from the close to the first invoice, of won ones within which four of five of the"
        " opportunities created did it.",
    ),
    campaign(
        "days_invoice_to_paid", "count", "fact", "Days from invoice to paid", "per event",
        "Median days from the first invoice until nothing of it was open, of won ones, over the"
        " opportunities created.",
    ),
    campaign(
        "days_invoice_to_paid_p80", "count", "fact", "Days from invoice to paid, 80 %", "per event",
        "Days from the first invoice until nothing of it was open, of won ones within which four of five"
        " of the opportunities created did it.",
    ),
    campaign(
        "immature", "text", "fact", "Too young to judge", "at_age",
        "Whether the event is younger than the company's usual time from touch to won.",
    ),
    campaign(
        "not_convertible", "count", "fact", "Documents not convertible", "1",
        "Documents of reached accounts in a currency without a usable rate: they are in no total.",
    ),
    campaign("as_of", "date", "fact", "As of", "notation", "The day through which documents are counted."),
    *OF_ACCOUNTS,
    *OF_CONTACTS,
    company(
        "whole_chain_share", "Revenue with a whole chain",
        "Share of the value of all documents whose account has no broken link from the ledger's customer on, and an attendee"
        " with none up to the won deal.",
    ),
    company(
        "event_touched_share", "Revenue touched by an event",
        "Share of the value of all documents with a complete path: document, customer, account, person, touch.",
    ),
    company(
        "linked_share", "Revenue linked to the CRM",
        "Share of the value of all documents whose customer is linked to an account.",
    ),
    Measure(
        name="at_stake", entity="company", unit="money", kind="overlapping", label="Money at stake", number="the chain",
        definition="Of a broken chain the largest of: open opportunities, won and not invoiced, overdue, and where the next"
        " purchase is late what an average year brings. In a total each of these records counts once.",
    ),
)  # fmt: skip
