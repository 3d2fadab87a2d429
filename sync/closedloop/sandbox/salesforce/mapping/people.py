"""Accounts, contacts, leads, campaigns and who was invited to them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.mapping.rows import FILLER

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.sandbox.salesforce.mapping.rows import Rows
    from closedloop.sandbox.world import Account, Event, Person, Registration

#: Statuses of every campaign: label, whether it is a response, whether new members get it.
STATUSES = (
    ("Sent", False, True),
    ("Responded", True, False),
    ("Registered", False, False),
    ("Attended", True, False),
    ("No Show", False, False),
    ("Cancelled", False, False),
)
LABELS = {"registered": "Registered", "attended": "Attended", "no_show": "No Show", "cancelled": "Cancelled"}
KINDS = {
    "trade_show": "Trade Show",
    "conference": "Conference",
    "webinar": "Webinar",
    "dinner": "Dinner",
}
STATUS_OF_EVENT = {"planned": "Planned", "done": "Completed", "cancelled": "Aborted"}
#: Who has no badge scan was put on the list this long after the event.
UPLOAD = timedelta(days=3)


def add_account(rows: Rows, account: Account) -> None:
    """Add a company."""
    values = {
        "Name": account.name,
        "ParentId": rows.ids.get(account.parent or ""),
        "Phone": account.phone,
        "Website": account.website,
        "BillingStreet": account.street,
        "BillingCity": account.city,
        "BillingPostalCode": account.postal_code,
        "BillingCountry": account.country,
        "OwnerId": rows.user(account.owner),
        "Tax_Id__c": account.tax_id,
        "External_Id__c": account.external_id,
        "Email__c": account.email,
    }
    rows.add("Account", values, kind="account", key=account.key, at=account.created_at)


def add_person(rows: Rows, person: Person) -> None:
    """Add a contact or a lead; where Salesforce insists on a name or a company, the usual filler stands in."""
    common = {
        "FirstName": person.first_name or None,
        "LastName": person.last_name or FILLER,
        "Name": person.name.strip() or FILLER,
        "Email": person.email,
        "Phone": person.phone,
    }
    if person.kind == "contact":
        own = {"AccountId": rows.ids.get(person.account or ""), "OwnerId": rows.user(person.owner)}
        rows.add("Contact", common | own, kind="person", key=person.key, at=person.created_at)
        return
    lead = {
        "Company": person.company or FILLER,
        "Status": "Open - Not Contacted",
        "OwnerId": rows.owner(person.owner),
        "IsUnreadByOwner": True,
    }
    rows.add("Lead", common | lead, kind="person", key=person.key, at=person.created_at)


def add_event(rows: Rows, event: Event) -> None:
    """Add a campaign with its statuses."""
    values = {
        "Name": event.name,
        "Type": KINDS[event.kind],
        "Status": STATUS_OF_EVENT[event.status],
        "StartDate": event.start,
        "EndDate": event.end,
        "BudgetedCost": rows.money(event.budget),
        "ActualCost": rows.money(event.actual_cost),
        "IsActive": event.status == "planned",
        "OwnerId": rows.user(event.owner),
        "Code__c": event.code,
        "Series__c": event.series,
        "Edition__c": event.edition,
        "Expected_Attendees__c": _number(event.expected_attendees),
    }
    planned = min(rows.noon(event.start), rows.noon(rows.world.as_of))
    made = planned.replace(year=planned.year - 1, day=1)
    campaign = rows.add("Campaign", values, kind="campaign", key=event.key, at=made)
    for place, (label, responded, default) in enumerate(STATUSES, start=1):
        status = {"CampaignId": campaign, "Label": label, "SortOrder": place, "IsDefault": default}
        rows.add("CampaignMemberStatus", {**status, "HasResponded": responded}, at=made)


def _number(count: int | None) -> Decimal | None:
    return None if count is None else Decimal(count)


def add_registration(rows: Rows, registration: Registration, event: Event) -> None:
    """Add a campaign member; the whole list of who has no scan was uploaded in the same second.

    Who is not known at all gets a lead with nothing in it: a campaign member always is one or a contact.
    """
    if registration.person is None:
        person = f"Lead/{_stranger(rows, registration)}"
    else:
        person = rows.keys["person"][registration.person]
    name, _, key = person.partition("/")
    values: dict[str, object] = {
        "CampaignId": rows.ids[registration.event],
        f"{name}Id": key,
        "Status": LABELS[registration.status],
        "Scanned_At__c": registration.scanned_at,
    }
    changed: datetime | None = registration.scanned_at
    if registration.status == "attended":
        changed = changed or rows.noon(event.end) + UPLOAD
        values["FirstRespondedDate"] = rows.day(min(changed, rows.database.now()))
    rows.add(
        "CampaignMember",
        values,
        kind="touch",
        key=registration.key,
        at=registration.created_at,
        changed=changed,
    )


def _stranger(rows: Rows, registration: Registration) -> str:
    first, _, last = registration.name.rpartition(" ")
    lead = {
        "FirstName": first or None,
        "LastName": last or FILLER,
        "Name": registration.name or FILLER,
        "Company": registration.company or FILLER,
        "Email": registration.email,
        "Phone": registration.phone,
        "Status": "Open - Not Contacted",
        "OwnerId": rows.database.user,
        "IsUnreadByOwner": True,
    }
    return rows.add("Lead", lead, at=registration.created_at)
