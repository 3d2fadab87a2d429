"""Fills an org from a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.mapping.deals import add_activity, add_converted_lead, add_deal
from closedloop.sandbox.salesforce.mapping.people import add_account, add_event, add_person, add_registration
from closedloop.sandbox.salesforce.mapping.rows import Rows
from closedloop.sandbox.salesforce.mapping.setup import set_up

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.database import Database
    from closedloop.sandbox.salesforce.options import Options
    from closedloop.sandbox.world import OpportunityChange, Person, World

_EVERY = 10


def fill(world: World, database: Database, options: Options) -> dict[str, dict[str, str]]:
    """Write the CRM's part of a world, and return world key → ``Object/id`` per kind of record.

    Args:
        world: The world; every registration has a person, at most one per event.
        database: An empty org.
        options: What it is like.
    """
    rows = Rows(world, database)
    set_up(rows, is_sandbox=options.is_sandbox)
    for account in sorted(world.accounts, key=lambda one: one.parent is not None):
        add_account(rows, account)
    for person in world.people:
        add_person(rows, person)
    events = {event.key: event for event in world.events}
    for event in world.events:
        add_event(rows, event)
    for registration in world.registrations:
        add_registration(rows, registration, events[registration.event])
    _deals(rows, options)
    for activity in world.activities:
        add_activity(rows, activity)
    _cases(rows)
    return rows.keys


def _deals(rows: Rows, options: Options) -> None:
    changes: dict[str, list[OpportunityChange]] = {}
    for change in rows.world.changes:
        changes.setdefault(change.opportunity, []).append(change)
    contacts: dict[str, list[Person]] = {}
    for person in rows.world.people:
        if person.kind == "contact" and person.account:
            contacts.setdefault(person.account, []).append(person)
    for deal in rows.world.opportunities:
        add_deal(rows, deal, changes.get(deal.key, []))
        if deal.from_lead and options.converted_leads:
            add_converted_lead(rows, deal, contacts)


def _cases(rows: Rows) -> None:
    """A question of every tenth account, closed since."""
    for number, account in enumerate(rows.world.accounts[::_EVERY], start=1):
        asked = rows.stamp(account.created_at)
        values = {
            "CaseNumber": f"{number:08d}",
            "AccountId": rows.ids[account.key],
            "Status": "Closed",
            "Origin": "Web",
            "Priority": "Medium",
            "Subject": "Question",
            "IsClosed": True,
            "ClosedDate": asked,
            "OwnerId": rows.user(account.owner),
        }
        rows.add("Case", values, at=account.created_at)
