"""The CRM database: companies, contacts, leads, deals with their history, events, registrations, activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.domain import naive
from closedloop.sandbox.odoo.hooks import add_history
from closedloop.sandbox.odoo.mapping.activities import add_activity, add_activity_types
from closedloop.sandbox.odoo.mapping.rows import ROBOT, Rows, micros

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.world import (
        Account,
        Event,
        Opportunity,
        OpportunityChange,
        Person,
        Registration,
        World,
    )

#: Odoo has no field for these: an admin made them, and maps them in the tap's settings.
EVENT_FIELDS = (
    "x_budget | float | | Budget",
    "x_actual_cost | float | | Actual Cost",
    "x_expected_attendees | integer | | Expected Attendees",
    "x_series | char | | Series",
    "x_edition | char | | Edition",
    "x_kind | char | | Kind",
    "x_code | char | | Code",
)
LEAD_FIELDS = ("x_deal_number | char | | Deal Number", "x_po | char | | Purchase Order")
EVENT_STAGES = (("New", False), ("Booked", False), ("Announced", False), ("Ended", True), ("Cancelled", True))
STAGE_OF_EVENT = {"planned": "Announced", "done": "Ended", "cancelled": "Cancelled"}
STATE_OF_REGISTRATION = {"registered": "open", "attended": "done", "no_show": "open", "cancelled": "cancel"}
SUBTYPES = ("Discussions", "Note", "Activities", "Stage Changed", "Opportunity Created")
SALES_TEAM = "Sales"


def fill_crm(
    world: World,
    database: Database,
    keys: dict[str, dict[str, str]],
    *,
    empty: bool = False,
    no_events: bool = False,
) -> None:
    """Write the CRM's part of ``world`` into ``database`` and the ids into ``keys``.

    Args:
        world: The world.
        database: The database ``crm``, its tables empty.
        keys: World key → ``model/id``, per kind of record.
        empty: Only what an administrator sets up; nothing that anybody did.
        no_events: No event and no registration.
    """
    rows = Rows(world, database, keys)
    rows.custom("event.event", EVENT_FIELDS)
    rows.custom("utm.campaign", EVENT_FIELDS)
    rows.custom("crm.lead", LEAD_FIELDS)
    rows.describe()
    _set_up(rows)
    if empty:
        return
    for account in _parents_first(world.accounts):
        _account(rows, account)
    for person in world.people:
        (_contact if person.kind == "contact" else _lead)(rows, person)
    if not no_events and "event.event" in database.tables:
        for event in world.events:
            _event(rows, event)
        for registration in world.registrations:
            _registration(rows, registration)
    changed = _last_changes(world.changes)
    for opportunity in world.opportunities:
        _opportunity(rows, opportunity, changed)
    for change in world.changes:
        _change(rows, change)
    for activity in world.activities:
        add_activity(rows, activity)


def _set_up(rows: Rows) -> None:
    world = rows.world
    rows.currencies()
    rows.countries(account.country for account in world.accounts)
    rows.company()
    rows.ids[SALES_TEAM] = rows.add("crm.team", {"name": SALES_TEAM, "sequence": 0}, id_=1)
    for owner in world.owners:
        if owner.kind == "queue":
            rows.add("crm.team", {"name": owner.name, "sequence": 10}, kind="owner", key=owner.key)
            continue
        partner = rows.partner({"name": owner.name, "email": owner.email, "partner_share": False})
        rows.user(owner.name, owner.email, partner=partner, active=owner.is_active, key=owner.key)
    for stage in world.stages:
        values = {"name": stage.name, "sequence": stage.rank, "is_won": stage.is_won, "fold": False}
        rows.add("crm.stage", values, kind="stage", key=stage.key)
    for place, (name, end) in enumerate(EVENT_STAGES):
        values = {"name": name, "sequence": place + 1, "pipe_end": end}
        rows.ids[f"event stage:{name}"] = rows.add("event.stage", values)
    for name in SUBTYPES:
        rows.ids[f"subtype:{name}"] = rows.add(
            "mail.message.subtype", {"name": name, "internal": name == "Note"}
        )
    for name in sorted({deal.lead_source for deal in world.opportunities if deal.lead_source}):
        rows.ids[f"source:{name}"] = rows.add("utm.source", {"name": name})
    rows.ids["lost"] = rows.add("crm.lost.reason", {"name": "Too expensive"})
    add_activity_types(rows)


def _parents_first(accounts: tuple[Account, ...]) -> list[Account]:
    """A parent has to be there before its branches; ids still follow the world's order within each group."""
    return sorted(accounts, key=lambda account: account.parent is not None)


def _user(rows: Rows, owner: str | None) -> int | None:
    """Return the user who owns a record; a queue is a sales team, not a user."""
    return None if owner is None or rows.keys["owner"][owner].startswith("crm.team/") else rows.ids[owner]


def _team(rows: Rows, owner: str | None) -> int | None:
    if owner is None:
        return None
    return rows.ids[SALES_TEAM] if _user(rows, owner) else rows.ids[owner]


def _account(rows: Rows, account: Account) -> None:
    values = {
        "name": account.name,
        "is_company": True,
        "parent_id": rows.ids.get(account.parent or ""),
        "email": account.email,
        "phone": account.phone,
        "website": account.website,
        "street": account.street,
        "city": account.city,
        "zip": account.postal_code,
        "country_id": rows.ids[f"country:{account.country}"],
        "country_code": account.country,
        "vat": account.tax_id,
        "ref": account.external_id,
        "user_id": _user(rows, account.owner),
    }
    rows.partner(values, kind="account", key=account.key, at=account.created_at)


def _contact(rows: Rows, person: Person) -> None:
    values = {
        "name": person.name,
        "parent_id": rows.ids.get(person.account or ""),
        "company_name": None if person.account else person.company,
        "email": person.email,
        "phone": person.phone,
        "user_id": _user(rows, person.owner),
    }
    rows.partner(values, kind="person", key=person.key, at=person.created_at)


def _lead(rows: Rows, person: Person) -> None:
    values = {
        **_lead_defaults(rows),
        "name": f"{person.company or person.name}: inquiry",
        "type": "lead",
        "contact_name": person.name,
        "partner_name": person.company,
        "email_from": person.email,
        "phone": person.phone,
        "stage_id": rows.ids[rows.world.stages[0].key],
        "user_id": _user(rows, person.owner),
        "team_id": _team(rows, person.owner),
        "probability": float(rows.world.stages[0].probability),
    }
    rows.add("crm.lead", values, kind="person", key=person.key, at=person.created_at)


def _lead_defaults(rows: Rows) -> dict[str, Any]:
    return {
        "active": True,
        "priority": "0",
        "company_id": 1,
        "company_currency": rows.ids[rows.world.home_currency],
        "expected_revenue": 0.0,
        "won_status": "pending",
    }


def _event(rows: Rows, event: Event) -> None:
    home = rows.world.home_currency
    values = {
        "name": event.name,
        "date_begin": rows.local(event.start, 9),
        "date_end": rows.local(event.end, 17),
        "date_tz": rows.world.zone,
        "stage_id": rows.ids[f"event stage:{STAGE_OF_EVENT[event.status]}"],
        "kanban_state": "cancel" if event.status == "cancelled" else "normal",
        "user_id": _user(rows, event.owner),
        "organizer_id": 1,
        "company_id": 1,
        "seats_max": 0,
        "x_budget": rows.money(event.budget, home),
        "x_actual_cost": rows.money(event.actual_cost, home),
        "x_expected_attendees": event.expected_attendees or 0,
        "x_series": event.series,
        "x_edition": event.edition,
        "x_kind": event.kind,
        "x_code": event.code,
    }
    planned = min(rows.noon(event.start), rows.noon(rows.world.as_of))
    rows.add(
        "event.event",
        values,
        kind="campaign",
        key=event.key,
        at=planned.replace(year=planned.year - 1, day=1),
    )


def _registration(rows: Rows, registration: Registration) -> None:
    scanned = registration.scanned_at
    values = {
        "event_id": rows.ids[registration.event],
        "partner_id": rows.ids.get(registration.person or ""),
        "name": registration.name,
        "email": registration.email,
        "phone": registration.phone,
        "company_name": registration.company,
        "state": STATE_OF_REGISTRATION[registration.status],
        "date_closed": naive(scanned) if scanned else None,
        "company_id": 1,
    }
    created = registration.created_at
    rows.add("event.registration", values, kind="touch", key=registration.key, at=created, written=scanned)


def _last_changes(changes: tuple[OpportunityChange, ...]) -> dict[str, datetime]:
    last: dict[str, datetime] = {}
    for change in changes:
        last[change.opportunity] = max(change.at, last.get(change.opportunity, change.at))
    return last


def _opportunity(rows: Rows, deal: Opportunity, changed: dict[str, datetime]) -> None:
    lost = deal.is_closed and not deal.is_won
    last = max(deal.created_at, changed.get(deal.key, deal.created_at), deal.closed_at or deal.created_at)
    values = {
        **_lead_defaults(rows),
        "name": deal.name,
        "type": "opportunity",
        "active": not lost,
        "partner_id": rows.ids[deal.person or deal.account],
        "event_id": rows.ids.get(deal.event or ""),
        "x_deal_number": deal.number,
        "x_po": deal.po,
        "source_id": rows.ids.get(f"source:{deal.lead_source}"),
        "expected_revenue": rows.money(deal.amount, rows.world.home_currency),
        "probability": float(deal.probability),
        "stage_id": rows.ids[deal.stage],
        "won_status": "won" if deal.is_won else "lost" if lost else "pending",
        "lost_reason_id": rows.ids["lost"] if lost else None,
        "date_deadline": deal.expected_close,
        "date_open": naive(deal.created_at),
        "date_conversion": naive(deal.created_at) if deal.from_lead else None,
        "date_closed": naive(deal.closed_at) if deal.closed_at else None,
        "date_last_stage_update": naive(deal.closed_at if deal.is_won and deal.closed_at else last),
        "user_id": _user(rows, deal.owner),
        "team_id": _team(rows, deal.owner),
    }
    rows.add("crm.lead", values, kind="opportunity", key=deal.key, at=deal.created_at, written=last)


def _change(rows: Rows, change: OpportunityChange) -> None:
    lead = rows.database.table("crm.lead").rows[rows.ids[change.opportunity]]
    home = rows.world.home_currency
    if change.field == "stage":
        name = "stage_id"
        pair: tuple[Any, Any] = (rows.ids.get(change.old_stage or ""), rows.ids.get(change.new_stage or ""))
    else:
        name = "expected_revenue"
        pair = (rows.money(change.old_amount, home), rows.money(change.new_amount, home))
    at = rows.stamp(change.at) + micros(0, lead["id"])
    made = add_history(rows.database, lead, name, pair, at=at, user=lead["user_id"] or ROBOT)
    rows.keys.setdefault("opportunity_change", {})[change.key] = f"mail.tracking.value/{made}"
