"""The world's events as programs, its people as leads, and who took part as members."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from closedloop.sandbox.marketo.account import FORM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.marketo.account import Account, Row
    from closedloop.sandbox.world import Event, Registration

_UPLOAD = timedelta(days=3)
#: Kind of event → channel; registration → status of its member there.
CHANNELS = {
    "trade_show": "Tradeshow",
    "conference": "Conference",
    "webinar": "Webinar",
    "dinner": "Dinner",
}
STATUS = {"registered": "Registered", "no_show": "No Show", "cancelled": "Cancelled"}
CAME = {"Tradeshow": "Visited Booth"}
_STEPS = (("Invited", 10), ("Registered", 20), ("Cancelled", 25), ("No Show", 30))
#: So many of the latest events took registrations by the form.
_FORM_EVENTS = 5
NEWSLETTER = 900


def fill(account: Account, *, synced: Mapping[str, str]) -> None:
    """Write a world into an empty account.

    Args:
        account: The account.
        synced: World key of an event or a person → its id in the Salesforce that Marketo keeps in step with.
    """
    _channels(account)
    for person in account.world.people:
        contact = synced.get(person.key)
        values: dict[str, Any] = {
            "firstName": person.first_name or None,
            "lastName": person.last_name or None,
            "email": person.email,
            "phone": person.phone,
            "company": person.company,
            f"sfdc{person.kind.capitalize()}Id": contact,
            "sfdcType": person.kind.capitalize() if contact else None,
        }
        lead = account.new_lead(values, person.created_at.replace(microsecond=0))
        account.keep("person", person.key, "leads", lead)
    for place, event in enumerate(account.world.events, start=1):
        _program(account, 1000 + place, event, synced.get(event.key))
    _newsletter(account)
    latest = {one.key for one in sorted(account.world.events, key=lambda one: one.start)[-_FORM_EVENTS:]}
    events = {event.key: event for event in account.world.events}
    for registration in account.world.registrations:
        _member(account, events[registration.event], registration, is_by_form=registration.event in latest)


def _channels(account: Account) -> None:
    made = datetime(2020, 1, 1, tzinfo=UTC)
    for place, (kind, name) in enumerate(CHANNELS.items(), start=1):
        steps = [_step(one, step) for one, step in _STEPS]
        steps.append(_step(CAME.get(name, "Attended"), 40, success=True))
        if kind == "webinar":
            steps.append(_step("Attended On-demand", 50, success=True))
        account.channels.append(
            {
                "id": place,
                "name": name,
                "applicableProgramType": "webinar" if kind == "webinar" else "event",
                "createdAt": made,
                "updatedAt": made,
                "progressionStatuses": steps,
            }
        )
    steps = [_step("Sent", 10), _step("Opened", 20), _step("Clicked", 30, success=True)]
    account.channels.append(
        {
            "id": 9,
            "name": "Email Send",
            "applicableProgramType": "email",
            "createdAt": made,
            "updatedAt": made,
            "progressionStatuses": steps,
        }
    )


def _step(name: str, step: int, *, success: bool = False) -> Row:
    return {
        "name": name,
        "description": None,
        "hidden": False,
        "type": None,
        "step": step,
        "success": success,
    }


def _program(account: Account, key: int, event: Event, salesforce: str | None) -> None:
    world, zone = account.world, ZoneInfo(account.world.zone)
    digits = next(one.digits for one in world.currencies if one.code == world.home_currency)
    made = datetime.combine(_planned(event, world.as_of), time(12), UTC)
    tags = {
        "Event Code": event.code,
        "Event Kind": event.kind,
        "Event Series": event.series,
        "Event Edition": event.edition,
        "Event Budget": None if event.budget is None else str(Decimal(event.budget).scaleb(-digits)),
        "Expected Attendees": None if event.expected_attendees is None else str(event.expected_attendees),
    }
    account.programs[key] = {
        "id": key,
        "name": event.name,
        "description": "",
        "createdAt": made,
        "updatedAt": made,
        "url": f"https://app-sj01.marketo.com/#ME{key}A1",
        "type": "Event with Webinar" if event.kind == "webinar" else "Event",
        "channel": CHANNELS[event.kind],
        "folder": {"type": "Folder", "value": 12, "folderName": "Events"},
        "status": "",
        "workspace": "Default",
        "headStart": False,
        "startDate": datetime.combine(event.start, time(9), zone).astimezone(UTC),
        "endDate": datetime.combine(event.end, time(17), zone).astimezone(UTC),
        **({"sfdcId": salesforce, "sfdcName": event.name} if salesforce else {}),
        "tags": [{"tagType": name, "tagValue": value} for name, value in tags.items() if value],
        "costs": _costs(account, event, digits),
    }
    account.keep("event", event.key, "programs", key)


def _costs(account: Account, event: Event, digits: int) -> list[Row] | None:
    """Two periods: what was paid ahead, and the rest in the event's own month."""
    if event.actual_cost is None:
        return None
    total = Decimal(event.actual_cost).scaleb(-digits)
    ahead = Decimal(int(total / 3))
    month = event.start.replace(day=1)
    rest = total - ahead
    if account.options.whole_costs:
        rest = rest.to_integral_value()
    return [
        {"startDate": (month - timedelta(days=1)).replace(day=1), "cost": ahead, "note": "Deposit"},
        {"startDate": month, "cost": rest, "note": ""},
    ]


def _planned(event: Event, as_of: date) -> date:
    day = min(event.start, as_of)
    return date(day.year - 1, day.month, 1)


def _newsletter(account: Account) -> None:
    """A program that is no event, with members of its own."""
    made = datetime(2024, 1, 10, 12, tzinfo=UTC)
    account.programs[NEWSLETTER] = {
        "id": NEWSLETTER,
        "name": "Newsletter",
        "description": "",
        "createdAt": made,
        "updatedAt": made,
        "url": f"https://app-sj01.marketo.com/#EBP{NEWSLETTER}A1",
        "type": "Email",
        "channel": "Email Send",
        "folder": {"type": "Folder", "value": 13, "folderName": "Mail"},
        "status": "unlocked",
        "workspace": "Default",
        "headStart": False,
        "tags": [],
        "costs": None,
    }
    for lead in list(account.leads)[:5]:
        account.join(NEWSLETTER, lead, "Sent", made)


def _member(account: Account, event: Event, one: Registration, *, is_by_form: bool) -> None:
    """Registered first; what became of it was entered at the event, or uploaded days later."""
    program, came = account.id_of("event", event.key), CAME.get(CHANNELS[event.kind], "Attended")
    registered = min(one.created_at.replace(microsecond=0), account.now())
    lead = account.id_of("person", one.person) if one.person else account.new_lead({}, registered)
    status = came if one.status == "attended" else STATUS[one.status]
    uploaded = datetime.combine(event.end + _UPLOAD, time(12), UTC)
    at = (one.scanned_at or uploaded).replace(microsecond=0) if one.status == "attended" else registered
    if one.status == "no_show":
        at = uploaded
    if status != "Registered":
        account.join(program, lead, "Registered", registered)
    account.join(program, lead, status, min(at, account.now()), since=registered)
    if is_by_form:
        account.log(FORM, lead, registered, primary=(31, "Registration"), attributes={"Webpage ID": 7})
    account.keep("registration", one.key, "program_members", f"{program}/{lead}")
