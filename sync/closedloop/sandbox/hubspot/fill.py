"""The world's CRM as records: companies, contacts, leads, deals with their history, activities."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.links import DECISION_MAKER
from closedloop.sandbox.hubspot.records import Value
from closedloop.sandbox.hubspot.wire import epoch, guid, money, stamp, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.hubspot.account import Account
    from closedloop.sandbox.hubspot.records import Record
    from closedloop.sandbox.world import Account as Company
    from closedloop.sandbox.world import Activity, Opportunity, OpportunityChange, Owner, Person, Stage

PIPELINE, LOST, LEAD_PIPELINE = "default", "closedlost", "lead-pipeline-id"
_COUNTRIES = {"US": "United States", "DE": "Germany", "JP": "Japan", "CN": "China", "GB": "United Kingdom"}
_FIRST_OWNER, _USER = 70_000_000, 80_000_000
_ROLLUPS = {
    ("companies", "num_associated_contacts"): "contacts",
    ("companies", "num_associated_deals"): "deals",
    ("contacts", "num_associated_deals"): "deals",
    ("deals", "num_associated_contacts"): "contacts",
}
_LEAD_STAGES = (("new-stage-id", "New", False), ("qualified-stage-id", "Qualified", True))
_TICKET_STAGES = (("1", "New", False), ("4", "Closed", True))


class Fill:
    """Writes the CRM's part of a world into an account.

    Args:
        account: An empty one.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.world = account.world
        self.digits = {one.code: one.digits for one in account.world.currencies}
        self.stages: dict[str, str] = {}
        self.now = whole(account.clock.now())

    def run(self) -> None:
        """Write everything."""
        self._set_up()
        for company in self.world.accounts:
            self._company(company)
        for company in self.world.accounts:
            if company.parent is not None:
                self._parent(company.key, company.parent)
        for person in self.world.people:
            self._person(person)
        changes: dict[str, list[OpportunityChange]] = {}
        for change in self.world.changes:
            changes.setdefault(change.opportunity, []).append(change)
        for deal in self.world.opportunities:
            self._deal(deal, sorted(changes.get(deal.key, []), key=lambda one: one.at))
        for activity in self.world.activities:
            self._activity(activity)

    def done(self) -> None:
        """Stamp nothing later than now, though the world's last day goes on until midnight."""
        for table in self.account.tables.values():
            for row in table.rows.values():
                row.created, row.updated = min(row.created, self.now), min(row.updated, self.now)

    def keep(self, kind: str, key: str, name: str, record_id: str) -> None:
        """Remember which record stands for a record of the world."""
        self.account.keys.setdefault(kind, {})[key] = f"{name}/{record_id}"

    def id_of(self, kind: str, key: str | None) -> str:
        """Return the id of the record that stands for a record of the world; empty for none."""
        return self.account.keys[kind][key].partition("/")[2] if key is not None else ""

    def home(self, minor: int) -> str:
        """Return home money as a number's text."""
        return money(minor, self.digits.get(self.world.home_currency, 2))

    def _set_up(self) -> None:
        for place, owner in enumerate(self.world.owners, start=1):
            self._owner(place, owner)
        stages = [self._stage(stage) for stage in self.world.stages]
        stages.append(
            _stage_wire(LOST, "Closed Lost", len(stages), {"isClosed": "true", "probability": "0.0"})
        )
        self.account.pipelines["deals"] = [_line(PIPELINE, "Sales Pipeline", stages)]
        self.account.pipelines["leads"] = [_plain_line(LEAD_PIPELINE, "Lead Pipeline", _LEAD_STAGES)]
        self.account.pipelines["tickets"] = [_plain_line("0", "Support Pipeline", _TICKET_STAGES)]
        for (name, property_), other in _ROLLUPS.items():
            self.account.tables[name].rollups[property_] = self._rollup(name, other)

    def _rollup(self, name: str, other: str) -> Callable[[Record], str]:
        return lambda record: str(len(self.account.links.of(name, record.id, other)))

    def _owner(self, place: int, owner: Owner) -> None:
        key = str(_FIRST_OWNER + place * 101)
        first, _, last = owner.name.partition(" ")
        made = stamp(datetime(2020, 1, place, tzinfo=UTC))
        wire: dict[str, Any] = {
            "id": key,
            "email": owner.email,
            "type": "QUEUE" if owner.kind == "queue" else "PERSON",
            "firstName": first,
            "lastName": last,
            "createdAt": made,
            "updatedAt": made,
            "archived": not owner.is_active,
        }
        if owner.kind == "user":
            wire["userIdIncludingInactive"] = _USER + place
            if owner.is_active:
                wire["userId"] = _USER + place
        self.account.owners[key] = wire
        self.keep("owner", owner.key, "owners", key)

    def _stage(self, stage: Stage) -> dict[str, Any]:
        key = "closedwon" if stage.is_won else stage.name.lower().replace(" ", "")
        self.stages[stage.key] = key
        self.keep("stage", stage.key, "stages", key)
        metadata = {"isClosed": str(stage.is_won).lower(), "probability": str(stage.probability / 100)}
        return _stage_wire(key, stage.name, len(self.stages) - 1, metadata)

    def _company(self, company: Company) -> None:
        site = (company.website or "").removeprefix("https://").removeprefix("http://").removeprefix("www.")
        values = {
            "name": company.name,
            "domain": site.partition("/")[0],
            "website": company.website or "",
            "phone": company.phone or "",
            "address": company.street or "",
            "city": company.city or "",
            "zip": company.postal_code or "",
            "country": _COUNTRIES.get(company.country, company.country),
            "hs_country_code": company.country,
            "company_email": company.email or "",
            "tax_id": company.tax_id or "",
            "external_id": company.external_id or "",
            "hubspot_owner_id": self.id_of("owner", company.owner),
            "lifecyclestage": "opportunity",
        }
        row = self.account.tables["companies"].new(values, company.created_at)
        self.keep("account", company.key, "companies", row.id)

    def _parent(self, child: str, parent: str) -> None:
        up, down = self.id_of("account", parent), self.id_of("account", child)
        self.account.tables["companies"].rows[down].values["hs_parent_company_id"] = up
        links = self.account.links
        links.add(up, down, links.type("companies", "companies", "HUBSPOT_DEFINED", 13))

    def _person(self, person: Person) -> None:
        is_lead = person.kind == "lead"
        values = {
            "email": (person.email or "").strip().lower(),
            "firstname": person.first_name,
            "lastname": person.last_name,
            "phone": person.phone or "",
            "company": person.company or "",
            "lifecyclestage": "lead" if is_lead else "salesqualifiedlead",
            "hs_lead_status": "NEW" if is_lead else "",
            "hubspot_owner_id": self.id_of("owner", person.owner),
        }
        row = self.account.tables["contacts"].new(values, person.created_at)
        self.keep("person", person.key, "contacts", row.id)
        links = self.account.links
        if person.account is not None:
            company = self.id_of("account", person.account)
            row.values["associatedcompanyid"] = company
            links.add(row.id, company, links.type("contacts", "companies", "HUBSPOT_DEFINED", 1))
        if is_lead:
            self._lead(person, row)

    def _lead(self, person: Person, contact: Record) -> None:
        values = {
            "hs_lead_name": f"{person.company or person.name}: inquiry",
            "hs_lead_type": "NEW_BUSINESS",
            "hs_pipeline": LEAD_PIPELINE,
            "hs_pipeline_stage": _LEAD_STAGES[0][0],
            "hs_lead_is_open": "true",
            "hubspot_owner_id": self.id_of("owner", person.owner),
        }
        row = self.account.tables["leads"].new(values, person.created_at)
        self.keep("lead", f"{person.key}/lead", "leads", row.id)
        self.account.links.add(row.id, contact.id, self.account.links.default("leads", "contacts"))

    def _deal(self, deal: Opportunity, changes: list[OpportunityChange]) -> None:
        lost = deal.is_closed and not deal.is_won
        values = {
            "dealname": deal.name,
            "amount": self.home(deal.amount),
            "deal_currency_code": self.world.home_currency,
            "dealstage": LOST if lost else self.stages[deal.stage],
            "pipeline": PIPELINE,
            "closedate": _close(deal),
            "dealtype": "newbusiness",
            "hs_campaign": guid(f"campaign:{deal.event}") if deal.event else "",
            "deal_number": deal.number,
            "po": deal.po or "",
            "lead_source": deal.lead_source or "",
            "hubspot_owner_id": self.id_of("owner", deal.owner),
        }
        row = self.account.tables["deals"].new(values, deal.created_at)
        self.keep("opportunity", deal.key, "deals", row.id)
        row.history["dealstage"] = self._stages(deal, changes)
        row.history["amount"] = self._amounts(deal, changes)
        row.updated = max(value.at for held in row.history.values() for value in held)
        self.account.calculate("deals", row)
        for change in changes:
            name = "dealstage" if change.field == "stage" else "amount"
            self.keep("change", change.key, "changes", f"{row.id}:{name}:{epoch(whole(change.at))}")
        links = self.account.links
        company = self.id_of("account", deal.account)
        links.add(row.id, company, links.type("deals", "companies", "HUBSPOT_DEFINED", 5))
        if deal.person is not None:
            label = next(one for one in links.between("deals", "contacts") if one.label == DECISION_MAKER)
            links.add(row.id, self.id_of("person", deal.person), label)

    def _stages(self, deal: Opportunity, changes: list[OpportunityChange]) -> list[Value]:
        moves = [one for one in changes if one.field == "stage"]
        first = moves[0].old_stage if moves else deal.stage
        found = [_value(self.stages[first or deal.stage], deal.created_at)]
        found += [_value(self.stages[one.new_stage or deal.stage], one.at) for one in moves]
        if deal.is_closed and not deal.is_won and deal.closed_at is not None:
            found.append(_value(LOST, deal.closed_at))
        return found

    def _amounts(self, deal: Opportunity, changes: list[OpportunityChange]) -> list[Value]:
        moves = [one for one in changes if one.field == "amount"]
        first = moves[0].old_amount if moves else deal.amount
        found = [_value(self.home(first or 0), deal.created_at)]
        return [*found, *(_value(self.home(one.new_amount or 0), one.at) for one in moves)]

    def _activity(self, activity: Activity) -> None:
        name = f"{activity.kind}s"
        at = stamp(whole(activity.at))
        words = {
            "calls": {
                "hs_call_title": "Call",
                "hs_call_status": "COMPLETED",
                "hs_call_direction": "OUTBOUND",
            },
            "meetings": {
                "hs_meeting_title": "Meeting",
                "hs_meeting_start_time": at,
                "hs_meeting_end_time": stamp(whole(activity.at + timedelta(minutes=30))),
                "hs_meeting_outcome": "COMPLETED",
            },
            "emails": {
                "hs_email_subject": "Following up",
                "hs_email_direction": "EMAIL",
                "hs_email_status": "SENT",
            },
            "tasks": {
                "hs_task_subject": "Follow up",
                "hs_task_status": "COMPLETED",
                "hs_task_type": "TODO",
                "hs_task_completion_date": at,
            },
        }
        values = {
            "hs_timestamp": at,
            "hubspot_owner_id": self.id_of("owner", activity.owner),
            **words[name],
        }
        row = self.account.tables[name].new(values, activity.at)
        self.keep("activity", activity.key, name, row.id)
        end = "contacts" if activity.person is not None else "deals"
        kind = "person" if activity.person is not None else "opportunity"
        target = self.id_of(kind, activity.person or activity.opportunity)
        self.account.links.add(row.id, target, self.account.links.default(name, end))


def _close(deal: Opportunity) -> str:
    if deal.closed_at is not None:
        return stamp(whole(deal.closed_at))
    if deal.expected_close is None:
        return ""
    return stamp(datetime.combine(deal.expected_close, time(12), UTC))


def _value(text: str, at: datetime) -> Value:
    return Value(value=text, at=whole(at))


def _line(key: str, label: str, stages: list[dict[str, Any]]) -> dict[str, Any]:
    never = "1970-01-01T00:00:00Z"
    common = {"createdAt": never, "updatedAt": never, "archived": False}
    return {"label": label, "displayOrder": 0, "id": key, "stages": stages, **common}


def _stage_wire(key: str, label: str, order: int, metadata: dict[str, str]) -> dict[str, Any]:
    never = "1970-01-01T00:00:00Z"
    return {
        "label": label,
        "displayOrder": order,
        "metadata": metadata,
        "id": key,
        "createdAt": never,
        "updatedAt": never,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        "archived": False,
    }


def _state(*, closed: bool) -> dict[str, str]:
    return {"isClosed": str(closed).lower(), "ticketState": "CLOSED" if closed else "OPEN"}


def _plain_line(key: str, label: str, stages: tuple[tuple[str, str, bool], ...]) -> dict[str, Any]:
    found = [
        _stage_wire(one, word, place, _state(closed=is_closed))
        for place, (one, word, is_closed) in enumerate(stages)
    ]
    return _line(key, label, found)
