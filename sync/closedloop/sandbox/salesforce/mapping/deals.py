"""Deals with their history, the leads they came from, and what our people did."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.mapping.setup import LOST

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.sandbox.salesforce.mapping.rows import Rows
    from closedloop.sandbox.world import Activity, Opportunity, OpportunityChange, Person

#: Salesforce insists on a day: what people type who do not know it.
GUESS = timedelta(days=90)
#: A lead is at most so much older than the deal made of it.
LEAD_AGE = timedelta(days=12)
_SUBTYPES = {"call": "Call", "email": "Email", "task": "Task"}
_HOUR = 60
_CENT = Decimal("0.01")


def add_deal(rows: Rows, deal: Opportunity, changes: list[OpportunityChange]) -> None:
    """Add a deal, its contact's role and its history."""
    lost = deal.is_closed and not deal.is_won
    stages = {stage.key: stage.name for stage in rows.world.stages}
    last = max([deal.created_at, *(one.at for one in changes), *([deal.closed_at] if deal.closed_at else [])])
    moved = deal.closed_at or max((one.at for one in changes if one.field == "stage"), default=None)
    close = rows.day(deal.closed_at) if deal.closed_at else deal.expected_close
    values: dict[str, Any] = {
        "AccountId": rows.ids.get(deal.account),
        "Name": deal.name,
        "StageName": LOST if lost else stages[deal.stage],
        "Amount": rows.money(deal.amount),
        "Probability": Decimal(deal.probability),
        "CloseDate": close or rows.day(deal.created_at + GUESS),
        "LeadSource": deal.lead_source,
        "CampaignId": rows.ids.get(deal.event or ""),
        "OwnerId": rows.user(deal.owner),
        "LastStageChangeDate": rows.stamp(moved) if moved else None,
        "Deal_Number__c": deal.number,
        "PO__c": deal.po,
    }
    made = rows.add("Opportunity", values, kind="opportunity", key=deal.key, at=deal.created_at, changed=last)
    contact = rows.keys["person"].get(deal.person or "", "")
    if contact.startswith("Contact/"):
        role = {"OpportunityId": made, "ContactId": rows.ids[deal.person or ""], "IsPrimary": True}
        rows.add("OpportunityContactRole", {**role, "Role": "Decision Maker"}, at=deal.created_at)
    _write_history(rows, deal, made, changes, values)


class _History:
    """Writes the history of one deal: a row for how it began and one for each change.

    Args:
        rows: The org being filled.
        made: The deal's id.
        values: The deal as it is now.
        stage: The stage it began in.
        amount: The amount it began with.
    """

    def __init__(
        self, rows: Rows, made: str, values: dict[str, Any], *, stage: str, amount: Decimal | None
    ) -> None:
        self._rows = rows
        self._made = made
        self._values = values
        self._stages = {row["ApiName"]: row for row in rows.database.tables["OpportunityStage"].values()}
        self.stage = stage
        self.amount = amount

    def moved(self, at: datetime, stage: str, *, key: str | None = None) -> None:
        """Write a change of the stage."""
        before, self.stage = self.stage, stage
        self._field(at, "StageName", "Text", before, stage, key=key)
        self.shot(at, key=key)

    def valued(self, at: datetime, amount: Decimal | None, *, key: str | None = None) -> None:
        """Write a change of the amount."""
        before, self.amount = self.amount, amount
        self._field(at, "Amount", "Currency", before, amount, key=key)
        self.shot(at, key=key)

    def shot(self, at: datetime, *, key: str | None = None) -> None:
        """Write how the deal is."""
        stage, amount = self._stages[self.stage], self.amount
        chance = stage["DefaultProbability"]
        row = {
            "OpportunityId": self._made,
            "StageName": self.stage,
            "Amount": amount,
            "ExpectedRevenue": None if amount is None else (amount * chance / 100).quantize(_CENT),
            "CloseDate": self._values["CloseDate"],
            "Probability": chance,
            "ForecastCategory": stage["ForecastCategory"],
        }
        user = self._values["OwnerId"]
        self._rows.add("OpportunityHistory", row, at=at, kind="opportunity_change", key=key, user=user)

    def _field(
        self, at: datetime, name: str, kind: str, *change: str | Decimal | None, key: str | None
    ) -> None:
        old, new = change
        row = {"OpportunityId": self._made, "Field": name, "DataType": kind, "OldValue": old, "NewValue": new}
        user = self._values["OwnerId"]
        made = self._rows.add("OpportunityFieldHistory", row, at=at, user=user)
        if key is not None:
            held = self._rows.keys.setdefault("opportunity_field_change", {})
            held[f"{key}-field"] = f"OpportunityFieldHistory/{made}"


def _write_history(
    rows: Rows, deal: Opportunity, made: str, changes: list[OpportunityChange], values: dict[str, Any]
) -> None:
    """Write a deal's history in the order of time; nobody kept that of one without changes."""
    stages = {stage.key: stage.name for stage in rows.world.stages}
    moves = [one for one in changes if one.field == "stage"]
    amounts = [one for one in changes if one.field == "amount"]
    begun = stages[moves[0].old_stage or ""] if moves else stages[deal.stage]
    history = _History(
        rows,
        made,
        values,
        stage=begun if changes else values["StageName"],
        amount=rows.money(amounts[0].old_amount) if amounts else values["Amount"],
    )
    history.shot(deal.created_at)
    for one in sorted(changes, key=lambda change: change.at):
        if one.field == "stage":
            history.moved(one.at, stages[one.new_stage or ""], key=one.key)
        else:
            history.valued(one.at, rows.money(one.new_amount), key=one.key)
    if changes and deal.closed_at and values["StageName"] == LOST:
        history.moved(deal.closed_at, LOST)


def add_converted_lead(rows: Rows, deal: Opportunity, contacts: dict[str, list[Person]]) -> None:
    """Add the lead that became a deal; without a contact of that time at the account there is none to have become.

    The world knows nothing of it, so it is not older than its contact: whom an account knew first is the world's to say.
    """
    known = [one for one in contacts.get(deal.account, []) if one.created_at <= deal.created_at]
    known.sort(key=lambda one: one.key != deal.person)
    found = next((one for one in known if rows.keys["person"][one.key].startswith("Contact/")), None)
    if found is None:
        return
    contact = rows.database.tables["Contact"][rows.ids[found.key]]
    account = rows.database.tables["Account"][rows.ids[deal.account]]
    born = max(deal.created_at - LEAD_AGE, found.created_at)
    lead = {
        **{name: contact.get(name) for name in ("FirstName", "LastName", "Name", "Email", "Phone")},
        "Company": account["Name"],
        "Status": "Closed - Converted",
        "LeadSource": deal.lead_source,
        "OwnerId": rows.user(deal.owner),
        "IsConverted": True,
        "ConvertedDate": rows.day(deal.created_at),
        "ConvertedAccountId": account["Id"],
        "ConvertedContactId": contact["Id"],
        # The world gives a deal one contact: another's lead was converted without naming the deal.
        "ConvertedOpportunityId": rows.ids[deal.key] if found.key == deal.person else None,
    }
    made = rows.add("Lead", lead, at=born, changed=deal.created_at)
    rows.keys.setdefault("converted_lead", {})[f"{deal.key}-lead"] = f"Lead/{made}"


def add_activity(rows: Rows, activity: Activity) -> None:
    """Add something done: a meeting is an event, the rest are tasks."""
    owner = rows.owner(activity.owner)
    towards = {
        "WhoId": rows.ids[activity.person] if activity.person else None,
        "WhatId": rows.ids[activity.opportunity] if activity.opportunity else None,
        "OwnerId": owner,
        "ActivityDate": rows.day(activity.at),
    }
    stamps: dict[str, Any] = {"kind": "activity", "key": activity.key, "at": activity.at}
    if activity.kind == "meeting":
        begin = rows.stamp(activity.at)
        event = {
            "Subject": "Meeting",
            "Type": "Meeting",
            "StartDateTime": begin,
            "ActivityDateTime": begin,
            "EndDateTime": begin + timedelta(minutes=_HOUR),
            "DurationInMinutes": _HOUR,
            "ShowAs": "Busy",
            "EventSubtype": "Event",
        }
        rows.add("Event", towards | event, user=owner, **stamps)
        return
    subtype = _SUBTYPES[activity.kind]
    task = {
        "Subject": subtype,
        "Type": subtype if subtype != "Task" else "Other",
        "TaskSubtype": subtype,
        "Status": "Completed",
        "Priority": "Normal",
        "CompletedDateTime": rows.stamp(activity.at),
    }
    rows.add("Task", towards | task, user=owner, **stamps)
